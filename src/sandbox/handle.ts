import type { Calls } from './calls.ts';
import type { Sandbox, SandboxTag, TokenHolder } from './contract.ts';
import type { Faults } from './faults.ts';
import type { World } from './route.ts';
import type { Seeded, Tag } from './seed.ts';
import { UnknownIdError } from './state.ts';
import type { State } from './state.ts';
import type { Holder } from './tokens.ts';

/** What the handle drives. */
export interface HandleDeps {
  readonly seeded: Seeded;
  readonly world: World;
  readonly faults: Faults;
  readonly calls: Calls;
  readonly url: string;
  readonly controlUrl: string;
  readonly close: () => Promise<void>;
}

const holderOf = (holder: TokenHolder, state: State): Holder => {
  if (!('locationId' in holder)) return { kind: 'Company', companyId: holder.companyId };
  const { id, companyId } = state.location(holder.locationId);
  return { kind: 'Location', companyId, locationId: id };
};

const tagOf = ({ id, name, createdAt, updatedAt, createdBy, isDeleted }: Tag): SandboxTag => ({
  id,
  name,
  createdAt: new Date(createdAt).toISOString(),
  updatedAt: new Date(updatedAt).toISOString(),
  createdBy,
  isDeleted,
});

const addresses = ({ locations, companyId }: Seeded) => {
  const named = (key: string): string => {
    const found = locations.find(({ plan }) => plan.key === key);
    if (found === undefined) throw new UnknownIdError(`The seed has no location ${key}`);
    return found.id;
  };
  const readable = locations.filter((location) => location.companyId === companyId);
  const ids = (list: Seeded['locations']): readonly string[] => list.map(({ id }) => id);
  return {
    locations: {
      full: named('full'),
      large: named('large'),
      empty: named('empty'),
      restricted: named('restricted'),
      notInstalled: named('notInstalled'),
      otherTenant: named('otherTenant'),
    },
    extraLocationIds: ids(locations.filter(({ plan }) => plan.key.startsWith('branch-'))),
    readableLocationIds: ids(readable),
    installedLocationIds: ids(readable.filter(({ plan }) => plan.isInstalled)),
  };
};

/** The sandbox as whoever started it sees it. */
export const createHandle = ({ seeded, world, faults, calls, url, controlUrl, close }: HandleDeps): Sandbox => {
  const { state, grants } = world;
  return {
    url,
    controlUrl,
    client: seeded.client,
    companyId: seeded.companyId,
    ...addresses(seeded),
    calls: calls.list,
    clearCalls: calls.clear,
    setFault: (fault) => void faults.set(fault),
    clearFaults: faults.clear,
    issueRefreshToken: (holder, scopes) => grants.tokens.issueRefresh(holderOf(holder, state), scopes ?? null),
    issuePrivateToken: (holder, scopes) => grants.tokens.issuePrivate(holderOf(holder, state), scopes ?? null),
    grantScopes: grants.grantScopes,
    pauseLocation: grants.pause,
    expireAccessTokens: grants.tokens.expireAccess,
    issuedSecrets: grants.tokens.issued,
    addTag: state.addTag,
    renameTag: state.renameTag,
    removeTag: state.removeTag,
    tagsOf: (locationId) => state.tags(locationId).map(tagOf),
    accountsOf: (locationId) =>
      state
        .location(locationId)
        .accounts.map(({ id, profileId, platform, name, isExpired, hasStatisticsPermissions }) => ({
          id,
          profileId,
          platform,
          name,
          isExpired,
          hasStatisticsPermissions,
        })),
    close,
    [Symbol.asyncDispose]: close,
  };
};
