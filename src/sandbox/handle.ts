import type { Calls } from './calls.ts';
import type { Sandbox, SandboxTag } from './contract.ts';
import type { Faults } from './faults.ts';
import { toHolder } from './installations.ts';
import type { World } from './route.ts';
import { chooseLocation } from './routes/choose-location.ts';
import type { Seeded, Tag } from './seed.ts';
import { UnknownIdError } from './state.ts';

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
  };
};

const accountsOf = (locationId: string, { state }: World): ReturnType<Sandbox['accountsOf']> =>
  state.location(locationId).accounts.map(({ id, profileId, platform, name, isExpired, hasStatisticsPermissions }) => ({
    id,
    profileId,
    platform,
    name,
    isExpired,
    hasStatisticsPermissions,
  }));

/** The part of the handle that is about grants and installations. */
const oauthOf = ({ state, grants, client, installations }: World) =>
  ({
    issueRefreshToken: (holder, scopes) =>
      grants.tokens.issueRefresh({ holder: toHolder(holder, state), scopes: scopes ?? null }),
    issuePrivateToken: (holder, scopes) =>
      grants.tokens.issuePrivate({ holder: toHolder(holder, state), scopes: scopes ?? null }),
    grantScopes: grants.grantScopes,
    pauseLocation: installations.pause,
    rotateClientSecret: client.rotateSecret,
    allowReconnect: grants.allowReconnect,
    revokeGrants: (holder) => grants.tokens.revoke(toHolder(holder, state)),
    install: installations.install,
    uninstall: installations.uninstall,
    spentRefreshTokensPresented: grants.tokens.spentPresented,
    expireAccessTokens: grants.tokens.expireAccess,
    issuedSecrets: () => [...client.formerSecrets(), ...grants.tokens.issued()],
  }) satisfies Partial<Sandbox>;

/** The sandbox as whoever started it sees it. */
export const createHandle = ({ seeded, world, faults, calls, url, controlUrl, close }: HandleDeps): Sandbox => {
  const { state, client, installations } = world;
  const fixed = addresses(seeded);
  return {
    url,
    controlUrl,
    authorizeUrl: `${url}${chooseLocation.path}`,
    client: {
      id: client.id,
      get secret() {
        return client.secret;
      },
    },
    companyId: seeded.companyId,
    ...fixed,
    get installedLocationIds() {
      return fixed.readableLocationIds.filter((id) => installations.installedAt(id) !== null);
    },
    calls: calls.list,
    clearCalls: calls.clear,
    setFault: (fault) => void faults.set(fault),
    clearFaults: faults.clear,
    ...oauthOf(world),
    addTag: state.addTag,
    renameTag: state.renameTag,
    removeTag: state.removeTag,
    tagsOf: (locationId) => state.tags(locationId).map(tagOf),
    accountsOf: (locationId) => accountsOf(locationId, world),
    close,
    [Symbol.asyncDispose]: close,
  };
};
