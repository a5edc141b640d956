// The grants that rotate: what keeps them, renews them and lets people consent to them.
import { randomBytes } from 'node:crypto';
import { appOf, explained, openGrantDatabase } from './compose-database.ts';
import type { UpstreamAccess } from './compose.ts';
import type { ComposedGrants, StoredGrantConfig, StoredSurroundings } from './compose-grants.ts';
import { ConfigError, type Config } from './config.ts';
import { GatewayError } from './model/errors.ts';
import type { LocationId } from './model/ids.ts';
import { StoreUnavailable } from './stores/sql.ts';
import type { Audit } from './tokens/audit.ts';
import { createConsents } from './tokens/consents.ts';
import { fingerprintOf } from './tokens/fingerprint.ts';
import { createGrantStore, type GrantStore } from './tokens/grant-store.ts';
import { agencyGrant, locationGrants, seededGrant, type Grant } from './tokens/grants.ts';
import { createInstalls, type InstallRules } from './tokens/install.ts';
import { createRedeem, storeIsAway } from './tokens/redeem.ts';
import { createRenewal, type Renewal } from './tokens/renewal.ts';
import { createSeal, SealError, type Seal } from './tokens/seal.ts';
import type { GrantKey, GrantSpace, GrantSummary } from './tokens/stored-grant.ts';
import { createTickets, type Tickets } from './tokens/ticket.ts';
import { startUpkeep } from './tokens/upkeep.ts';

/** Longer than a token request takes as a rule, so that a renewal under way ends in the store. */
const settleMs = 4_000;

/** The store is opened, migrated, checked and seeded before this returns. Throws ConfigError for what the operator can mend. */
export const composeStoredGrants = async (
  config: Config,
  access: UpstreamAccess,
  surroundings: StoredSurroundings,
): Promise<ComposedGrants> => {
  const { grant, client, audit, log, tally, onChanged } = surroundings;
  const space = await openGrantSpace(config, access, grant);
  const store = createGrantStore(space);
  const start = async () => {
    await checkKeys(store, space.seal);
    await seed(store, grant, audit);
    if ((await store.summaries()).length === 0) log.warn(noGrantYet);
  };
  await explained(start).catch(async (error: unknown) => {
    await space.database.close();
    throw error;
  });
  log.info('grants are stored', { place: 'url' in config.database ? 'PostgreSQL' : config.database.path });
  const redeem = createRedeem({ leases: store.leases, client, audit, canReconnect: config.canReconnect });
  const renewal = createRenewal({ store, redeem, log, tally });
  const upkeep = startUpkeep({ store, renewal, log, onChanged });
  const rules = rulesOf(config, access, surroundings);
  const onInstalled = (key: GrantKey) => onChanged({ key }, { isRegranted: true });
  return {
    grant: grantFor(renewal, store, surroundings),
    consenting: {
      installs: createInstalls({ client, consents: createConsents(space), store, audit, onInstalled }, rules),
      tickets: installTickets(space.seal),
      store,
    },
    database: space.database,
    connectedIds:
      grant.kind === 'agency'
        ? null
        : async () => (await summariesOf(store)).flatMap(({ locationId }) => locationId ?? []),
    close: async () => {
      upkeep.stop();
      await renewal.settle(settleMs);
      await space.database.close();
    },
  };
};

/** The same in every process that has the same TOKEN_KEYS. */
export const installTickets = (seal: Seal): Tickets => createTickets(seal.derived('install ticket'));

const noGrantYet = 'There is no grant yet: open /oauth/install in a browser, or run "npm run connect".';

/** Opens and migrates the store of this app. Throws ConfigError. */
export const openGrantSpace = async (
  { database, tokenKeys }: Pick<Config, 'database' | 'tokenKeys'>,
  { url, sandbox }: Pick<UpstreamAccess, 'url' | 'sandbox'>,
  { clientId }: Pick<StoredGrantConfig, 'clientId'>,
): Promise<GrantSpace> => {
  const keys = tokenKeys ?? (sandbox === null ? null : ([{ id: 'sandbox', bytes: randomBytes(32) }] as const));
  if (keys === null) throw new ConfigError(['TOKEN_KEYS is missing: set it to what "npm run keys -- new" prints.']);
  return {
    database: await openGrantDatabase(database),
    app: appOf(url, clientId),
    seal: createSeal(keys),
  };
};

const checkKeys = async (store: GrantStore, seal: Seal): Promise<void> => {
  const problems = [...(await store.keyUse())].flatMap(([id, count]) =>
    id === null || seal.keyIds.includes(id)
      ? []
      : `TOKEN_KEYS lacks the key "${id}", which has sealed ${count} of the stored grants: add it again, ` +
        'or, if it is lost, move the store away and let people connect again.',
  );
  if (problems.length > 0) throw new ConfigError(problems);
  if (await isForeign(store)) throw new ConfigError([foreignKeys]);
};

const foreignKeys =
  'TOKEN_KEYS opens none of the stored grants, though the ids of its keys are theirs: set the keys that sealed them, ' +
  'or, if they are lost, move the store away and let people connect again.';

/** As many grants as are looked into: one that was damaged is that location's trouble, all of them are the ring's. */
const looked = 20;

const isForeign = async (store: GrantStore): Promise<boolean> => {
  const keys = (await store.summaries()).slice(0, looked).map(({ key }) => key);
  for (const key of keys) {
    try {
      await store.find(key);
      return false;
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
    }
  }
  return keys.length > 0;
};

const seed = async (store: GrantStore, grant: StoredGrantConfig, audit: Audit): Promise<void> => {
  if (grant.kind === 'authorization-code' || grant.refreshToken === null) return;
  const { refreshToken, companyId } = grant;
  const key = grant.kind === 'agency' ? 'company' : 'seed';
  const isSown = await store.seed(key, { refreshToken, companyId, fingerprint: fingerprintOf(refreshToken) });
  if (isSown) audit.done({ action: 'seed', grant: key });
};

const grantFor = (renewal: Renewal, store: GrantStore, { grant, audit, exchange }: StoredSurroundings): Grant => {
  if (grant.kind === 'authorization-code') return locationGrants(renewal);
  if (grant.kind === 'refresh-token') return seededGrant(renewal);
  let known = grant.companyId;
  const companyId = async (): Promise<string> => {
    known ??= (await summariesOf(store)).find(({ key }) => key === 'company')?.companyId ?? null;
    if (known !== null) return known;
    throw new GatewayError('LOCATION_NOT_CONNECTED', { cause: new Error('no agency is connected') });
  };
  const exchangeFor = async (locationId: LocationId) => exchange(await companyId(), locationId);
  return agencyGrant({ renewal, audit }, exchangeFor);
};

const summariesOf = async (store: GrantStore): Promise<readonly GrantSummary[]> => {
  try {
    return await store.summaries();
  } catch (error) {
    throw error instanceof StoreUnavailable ? storeIsAway(error) : error;
  }
};

const installKinds = { 'authorization-code': 'locations', agency: 'company', 'refresh-token': 'seed' } as const;

const rulesOf = (
  config: Config,
  { sandbox }: UpstreamAccess,
  { grant, publicUrl }: StoredSurroundings,
): InstallRules => ({
  kind: installKinds[grant.kind],
  redirectUri: () => `${publicUrl()}/oauth/callback`,
  scopes: config.scopes,
  companyId: grant.companyId,
  isPkceOn: sandbox !== null || config.isPkceOn,
  areForeignInstallsTaken: config.areForeignInstallsTaken,
});
