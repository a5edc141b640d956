import type { StoredGrant } from '../tokens/stored-grant.ts';
import { askGateway, remedyOf, type GraphProblem } from './ask-gateway.ts';
import type { OpenGateway } from './command.ts';
import type { LiveGrants } from './connect-wait.ts';

/** Says who is connected, with which scopes and how long, and asks a first question. Whether that was answered. */
export const showConnection = async (
  opened: OpenGateway,
  grants: LiveGrants,
  wanted: readonly string[],
): Promise<boolean> => {
  const ids: string[] = [];
  for (const grant of grants.values()) ids.push(...(await showGrant(opened, grant, wanted)));
  const query = firstQuery(ids.slice(0, 3));
  const { data, errors } = await askGateway(opened.gateway, query);
  row('First query', query);
  row('Answer', JSON.stringify(data));
  for (const { code, message } of errors) row('Problem', `${code}: ${message} ${remedyOf(code)}`);
  if (errors.length > 0) console.log('"npm run verify" says more.');
  return errors.length === 0;
};

// By their ids: an agency has locations without the app, too, which cannot be read.
const firstQuery = (ids: readonly string[]): string => {
  const filter = ids.length === 0 ? '' : `, filter: { ids: ${JSON.stringify(ids)} }`;
  return `{ locations(first: 3${filter}) { nodes { name tags(first: 3) { nodes { name } } } } }`;
};

/** Gives the ids of its locations, as far as they are known. */
const showGrant = async (opened: OpenGateway, grant: StoredGrant, wanted: readonly string[]): Promise<string[]> => {
  const { access, companyId, locationId, scopes } = grant;
  if (locationId !== null) row('Connected', `location ${await nameOf(opened, locationId)}`);
  const ids = grant.key === 'company' ? await showAgency(opened, companyId ?? '') : [locationId ?? []].flat();
  showScopes(scopes, wanted);
  if (access) row('Token', `runs out ${momentOf(access.expiresAt)} and is renewed before`);
  return ids;
};

const mostShown = 10;

const showAgency = async ({ gateway }: OpenGateway, companyId: string): Promise<string[]> => {
  try {
    const locations = (await gateway.installedLocations?.(companyId)) ?? [];
    row('Connected', `agency ${companyId}; the app is installed in ${locations.length} of its locations`);
    for (const { id, name } of locations.slice(0, mostShown)) row('', `${name ?? 'without a name'} (${id})`);
    if (locations.length > mostShown) row('', `and ${locations.length - mostShown} more`);
    if (locations.length === 0)
      row('', "Install the app in a location in the vendor's marketplace: there is nothing to read yet.");
    return locations.map(({ id }) => id);
  } catch (error) {
    const { code, message } = problemOf(error);
    row('Connected', `agency ${companyId}; its locations cannot be listed: ${message} ${remedyOf(code)}`);
    return [];
  }
};

const problemOf = (error: unknown): GraphProblem => {
  if (error instanceof Error && 'code' in error) return { code: String(error.code), message: error.message };
  throw error;
};

const nameOf = async ({ gateway }: OpenGateway, id: string): Promise<string> => {
  const { data } = await askGateway(gateway, 'query ($id: ID!) { location(id: $id) { name } }', { id });
  const { location } = (data ?? {}) as { location?: { name: string | null } | null }; // as the query asks
  return location?.name ? `${location.name} (${id})` : id;
};

const showScopes = (granted: readonly string[] | null, wanted: readonly string[]): void => {
  if (granted === null) {
    row('Scopes', 'upstream did not say which it granted');
    return;
  }
  const missing = wanted.filter((scope) => !granted.includes(scope));
  row('Scopes', `${wanted.length - missing.length} of ${wanted.length} granted`);
  for (const scope of missing) row('', `missing: ${scope}`);
  if (missing.length > 0)
    row('', 'Add them to the app in the vendor\'s form, then "npm run connect -- --again" and leave them ticked.');
};

const momentOf = (moment: number): string => `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const row = (label: string, text: string): void => console.log(`${label.padEnd(14)}${text}`);
