import { answerAddress, AuthorizationError, readAuthorization } from '../authorization.ts';
import type { Authorization } from '../authorization.ts';
import { consentPage, problemPage, redirectPage } from '../consent-page.ts';
import type { Choice } from '../consent-page.ts';
import { isRecord, textField } from '../route.ts';
import type { Page, PageRoute, World } from '../route.ts';
import type { Location } from '../seed.ts';
import type { Holder } from '../tokens.ts';

const PATH = '/v2/oauth/chooselocation'; // the vendor's, since 2026-05-27
const REQUEST_FIELDS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
];

const ofCompany = ({ state }: World): readonly Location[] =>
  state.locations.filter(({ companyId }) => companyId === state.companyId);

const choiceOf = ({ id, plan }: Location, { installations }: World): Choice => {
  const isNew = installations.installedAt(id) === null;
  return {
    id,
    name: plan.name,
    note: `Location token · ${plan.city}${isNew ? ' · the app is not installed yet' : ''}`,
  };
};

const chosenHolder = (fields: unknown, world: World): Holder => {
  const { companyId } = world.state;
  const value = textField(fields, 'holder');
  if (value === 'company') return { kind: 'Company', companyId };
  const location = ofCompany(world).find(({ id }) => value === `location:${id}`);
  if (location === undefined) throw new AuthorizationError('holder is neither "company" nor "location:" and an id.');
  return { kind: 'Location', companyId, locationId: location.id };
};

const chosenScopes = (fields: unknown, { scopes }: Authorization): readonly string[] => {
  const value: unknown = isRecord(fields) ? fields['scopes'] : undefined;
  const ticked: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (value === undefined) throw new AuthorizationError('scopes is missing: allow at least one, or refuse.');
  if (!ticked.every((scope) => scopes.some((asked) => asked === scope)))
    throw new AuthorizationError('scopes has what scope did not ask for.');
  return scopes.filter((scope) => ticked.includes(scope));
};

const decided = (fields: unknown, world: World): Page => {
  const authorization = readAuthorization(fields, world);
  const answer = (values: Readonly<Record<string, string>>) => redirectPage(answerAddress(authorization, values));
  switch (textField(fields, 'decision')) {
    case 'refuse':
      return answer({ error: 'access_denied', error_description: 'The request was refused' });
    case 'allow': {
      const issue = { holder: chosenHolder(fields, world), scopes: chosenScopes(fields, authorization) };
      if (issue.holder.kind === 'Location') world.installations.install(issue.holder.locationId);
      return answer({ code: world.grants.tokens.issueCode(issue, authorization).code });
    }
    default:
      throw new AuthorizationError('decision is neither "allow" nor "refuse".');
  }
};

const asked = (query: Readonly<Record<string, string>>, world: World): Page =>
  consentPage({
    clientId: world.client.id,
    authorization: readAuthorization(query, world),
    fields: Object.fromEntries(Object.entries(query).filter(([name]) => REQUEST_FIELDS.includes(name))),
    choices: ofCompany(world).map((location) => choiceOf(location, world)),
  });

/** Errors become a page and never a redirect. */
const orProblem = (work: () => Page): Page => {
  try {
    return work();
  } catch (error) {
    if (error instanceof AuthorizationError) return problemPage(error.message);
    throw error;
  }
};

/**
 * The vendor's consent page. The query is that of RFC 6749 §4.1.1, PKCE (S256) on top, which the vendor does not
 * document; loginWindowOpenMode, user_type and whatever else is ignored.
 */
export const chooseLocation: PageRoute = {
  name: 'chooseLocation',
  kind: 'page',
  method: 'GET',
  path: PATH,
  answer: ({ query }, world) => orProblem(() => asked(query, world)),
};

/**
 * What the page's form sends, and what a machine may send without the page: the fields of the query, `decision`
 * (allow or refuse), and to allow `holder` (company, or location: and an id) and `scopes`, repeated, of those asked for.
 * Answers 302 to redirect_uri with code, or error=access_denied, and the state. A chosen location is installed with it;
 * "company" installs nowhere, so that the location without the app stays one.
 */
export const decideLocation: PageRoute = {
  name: 'chooseLocation',
  kind: 'page',
  method: 'POST',
  path: PATH,
  answer: ({ body }, world) => orProblem(() => decided(body, world)),
};
