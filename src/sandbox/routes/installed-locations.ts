import { badRequest, forbidden, unprocessable } from '../errors.ts';
import { foundLocationRecord } from '../location-record.ts';
import { page, search } from '../paging.ts';
import type { BearerRoute, World } from '../route.ts';
import type { Location } from '../seed.ts';
import { hashOf, hexOf } from '../chance.ts';

/** A location is `_id` here and `id` everywhere else. */
const row = (location: Location, installedAt: string | null, appId: string) => ({
  _id: location.id,
  name: location.plan.name,
  address: foundLocationRecord(location).address,
  isInstalled: installedAt !== null,
  ...(installedAt === null ? {} : { versionId: hexOf(24, hashOf(appId)), installedAt }),
});

const checkQuery = (query: Readonly<Record<string, string>>, companyId: string, { client }: World): void => {
  const missing = ['companyId', 'appId'].filter((name) => (query[name] ?? '') === '');
  if (missing.length > 0) throw unprocessable(missing.map((name) => `${name} should not be empty`));
  if (query['companyId'] !== companyId) throw forbidden('The token does not have access to this company');
  if (query['appId'] !== appIdOf(client.id)) throw badRequest('Invalid parameter: appId');
};

const appIdOf = (clientId: string): string => clientId.split('-')[0] ?? clientId;

/** `count` is the number of all locations of the company, whatever the filter, as the vendor describes it. */
export const installedLocations: BearerRoute = {
  name: 'installedLocations',
  kind: 'bearer',
  method: 'GET',
  path: '/oauth/installedLocations',
  scope: 'oauth.readonly',
  classes: ['Company'],
  isOAuthOnly: true,
  isVersionOptional: false,
  answer: ({ query }, world, { holder: { companyId } }) => {
    const { installedAt } = world.installations;
    checkQuery(query, companyId, world);
    const { locationId, isInstalled } = query;
    const ofCompany = world.state.locations.filter((location) => location.companyId === companyId);
    const found = search(ofCompany, query['query'], ({ plan }) => plan.name)
      .filter(({ id }) => locationId === undefined || locationId === id)
      .filter(({ id }) => isInstalled === undefined || String(installedAt(id) !== null) === isInstalled);
    const locations = page(found, query, 20).map((location) =>
      row(location, installedAt(location.id), query['appId'] ?? ''),
    );
    return { status: 200, body: { locations, count: ofCompany.length, installToFutureLocations: true } };
  },
};
