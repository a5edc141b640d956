import { forbidden, UNAUTHORIZED, unauthorized, unprocessable, notFound } from './errors.ts';
import type { Answer, ApiRoute, Call, World } from './route.ts';
import type { Location } from './seed.ts';
import type { Grant, Holder } from './tokens.ts';

const VERSIONS = ['v3', '2023-02-21', '2021-07-28', '2021-04-15', 'legacy']; // each "supported until TBD"

interface Demand {
  readonly scope: string;
  readonly classes: readonly Holder['kind'][];
  readonly isOAuthOnly: boolean;
  readonly isVersionOptional: boolean;
}

const checkVersion = ({ version }: Call, isOptional: boolean): void => {
  if (version === null && isOptional) return;
  if (version === null) throw unauthorized(UNAUTHORIZED.versionMissing);
  if (!VERSIONS.includes(version)) throw unauthorized(UNAUTHORIZED.version);
};

/** The live grant of a call's bearer token, null when it has none. Throws nothing. */
export const findGrant = ({ bearer }: Call, world: World): Grant | null => {
  const found = bearer === null ? null : world.grants.tokens.findBearer(bearer);
  return typeof found === 'string' ? null : found;
};

/** In this order: Version, token, class, scope. The first that fails is what the caller hears. */
const authorize = (demand: Demand, call: Call, world: World): Grant => {
  checkVersion(call, demand.isVersionOptional);
  if (call.bearer === null) throw unauthorized(UNAUTHORIZED.missing);
  const grant = world.grants.tokens.findBearer(call.bearer);
  if (typeof grant === 'string') throw unauthorized(UNAUTHORIZED[grant]);
  const isClassAllowed = demand.classes.includes(grant.holder.kind) && !(demand.isOAuthOnly && grant.isPrivate);
  if (!isClassAllowed) throw unauthorized(UNAUTHORIZED['token-class']);
  const scopes = grant.scopes ?? world.grants.scopesOf(grant.holder);
  if (!scopes.includes(demand.scope)) throw unauthorized(UNAUTHORIZED.scope);
  return grant;
};

/** The location, when the holder may see it: throws 404 when there is none, 403 when it is somebody else's. */
export const visibleLocation = (locationId: string, holder: Holder, world: World): Location => {
  const location = world.state.findLocation(locationId);
  const isOwn =
    holder.kind === 'Location' ? holder.locationId === locationId : location?.companyId === holder.companyId;
  if (!isOwn && (location !== null || holder.kind === 'Location'))
    throw forbidden('The token does not have access to this location');
  if (location === null) throw notFound(`Location with id ${locationId} not found`);
  return location;
};

/** Checks what the route demands, then asks it. Throws VendorError for every refusal. */
export const answerOf = (route: ApiRoute, call: Call, world: World): Answer => {
  switch (route.kind) {
    case 'open':
      return route.answer(call, world);
    case 'bearer':
      return route.answer(call, world, authorize(route, call, world));
    case 'location': {
      const demand: Demand = {
        scope: route.scope,
        classes: ['Location'],
        isOAuthOnly: false,
        isVersionOptional: false,
      };
      const { holder } = authorize(demand, call, world);
      const locationId = call[route.locationIn]['locationId'];
      if (locationId === undefined || locationId === '') throw unprocessable(['locationId should not be empty']);
      return route.answer(call, world, visibleLocation(locationId, holder, world));
    }
  }
};
