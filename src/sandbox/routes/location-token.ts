import { badRequest, forbidden } from '../errors.ts';
import { textField } from '../route.ts';
import type { BearerRoute, World } from '../route.ts';
import type { Grant, Holder } from '../tokens.ts';

/** What the location grants and the agency's own grant carries too; null, to go on following the location, when that is all. */
const sharedScopes = (holder: Holder, agency: Grant, { grants }: World): readonly string[] | null => {
  const own = grants.scopesOf(holder);
  const carried = agency.scopes ?? grants.scopesOf(agency.holder);
  return own.every((scope) => carried.includes(scope)) ? null : own.filter((scope) => carried.includes(scope));
};

/** An agency token becomes a token of one of its locations, with a refresh token of its own. */
export const locationToken: BearerRoute = {
  name: 'locationToken',
  kind: 'bearer',
  method: 'POST',
  path: '/oauth/locationToken',
  scope: 'oauth.write',
  classes: ['Company'],
  isOAuthOnly: true,
  isVersionOptional: false,
  answer: ({ body }, world, agency) => {
    const companyId = textField(body, 'companyId');
    const locationId = textField(body, 'locationId');
    if (companyId === null) throw badRequest('Missing parameter: companyId');
    if (locationId === null) throw badRequest('Missing parameter: locationId');
    if (companyId !== agency.holder.companyId) throw forbidden('The token does not have access to this company');
    const holder = world.installations.installedHolder(locationId);
    const scopes = sharedScopes(holder, agency, world);
    return { status: 200, body: world.grants.tokenAnswer({ holder, scopes }, true) };
  },
};
