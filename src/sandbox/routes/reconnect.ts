import { badRequest, forbidden } from '../errors.ts';
import { textField } from '../route.ts';
import type { OpenRoute, World } from '../route.ts';
import type { Holder } from '../tokens.ts';
import { checkClient } from './token.ts';

const holderOf = (body: unknown, { installations, state }: World): Holder => {
  const locationId = textField(body, 'locationId');
  if (locationId !== null) return installations.installedHolder(locationId);
  const companyId = textField(body, 'companyId');
  if (companyId === null) throw badRequest('Missing parameter: locationId or companyId');
  if (companyId !== state.companyId) throw badRequest('Invalid parameter: companyId');
  return { kind: 'Company', companyId };
};

const NO_TERMS = { redirectUri: null, codeChallenge: null }; // no authorization request came before it

/** For lost tokens: a code for the authorization_code grant, without a browser (help centre; not in the specification). */
export const reconnect: OpenRoute = {
  name: 'reconnect',
  kind: 'open',
  method: 'POST',
  path: '/oauth/reconnect',
  answer: ({ body }, world) => {
    checkClient(world, textField(body, 'clientKey') ?? '', textField(body, 'clientSecret') ?? '');
    // The vendor documents no refusal; this one is what its other refusals look like.
    if (!world.grants.isReconnectAllowed()) throw forbidden('Reconnect is not enabled for this app');
    const { code, expiresAt } = world.grants.tokens.issueCode(
      { holder: holderOf(body, world), scopes: null },
      NO_TERMS,
    );
    return { status: 200, body: { authorizationCode: code, expiresAt: new Date(expiresAt).toISOString() } };
  },
};
