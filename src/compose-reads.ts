// Where the rooms meet, inward half: everything below the loaders.
import { setTimeout as sleep } from 'node:timers/promises';
import { createCache } from './cache/cache.ts';
import { createKeys, digest } from './cache/keys.ts';
import type { CredentialSurroundings, CredentialWatch } from './compose-credentials.ts';
import { composeGrants } from './compose-grants.ts';
import { operatorView } from './compose-operator.ts';
import { composeEconomy } from './compose-economy.ts';
import type { UpstreamAccess } from './compose.ts';
import type { Config } from './config.ts';
import type { LocationId } from './model/ids.ts';
import type { Log } from './observe/log.ts';
import { describeError } from './observe/redact.ts';
import type { Tally } from './observe/tally.ts';
import { mostRolledUp } from './reads/account-statistics.ts';
import { createReads } from './reads/index.ts';
import { createReadInstalledLocations, type ReadInstalledLocations } from './reads/locations.ts';
import type { Redis } from './stores/redis.ts';
import { toTokenAnswer, type AccessToken } from './tokens/access-token.ts';
import { createAccessTokens } from './tokens/access-tokens.ts';
import { authorize } from './tokens/authorize.ts';
import type { GrantKey } from './tokens/stored-grant.ts';
import { createTokenEndpoint } from './tokens/token-endpoint.ts';
import { ownCause, type Cause } from './upstream/cause.ts';
import type { Upstream } from './upstream/endpoint.ts';
import { exchangeLocationToken } from './upstream/endpoints/exchange-location-token.ts';
import { holderKey } from './upstream/send.ts';
import { createDispatcher, createTransport } from './upstream/transport.ts';

/** What everything works in. */
export interface Surroundings {
  readonly log: Log;
  readonly tally: Tally;
  /** Where browsers reach the gateway, once it listens: an origin. */
  readonly publicUrl: () => string;
}

/** Milliseconds for a token request and for the last sockets. */
const tokenRequestMs = 7_000;
const lastCallsMs = 1_000;
/** Milliseconds that a write to Redis may take; nobody waits for it. */
const cacheWriteMs = 150;

/** Throws ConfigError for a store of grants that cannot be used. */
export const composeReads = async (config: Config, access: UpstreamAccess, surroundings: Surroundings) => {
  const { log, tally, publicUrl } = surroundings;
  const dispatcher = createDispatcher({ connections: 128 });
  const tokenDispatcher = createDispatcher({ connections: 8 }); // a page of a hundred locations must not ask for a hundred tokens at once
  const grants = await composeGrants(config, access, {
    log,
    tally,
    publicUrl,
    endpoint: createTokenEndpoint(tokenDispatcher, { timeoutMs: tokenRequestMs }),
    exchange: (companyId, locationId) => exchangeToken(upstream, companyId, locationId), // it needs a token of the agency itself
    onChanged: ({ key }, { isRegranted }) => tokens.askAgain(...slotsOf(key, isRegranted)),
  });
  const credentials = await watchCredentials(config, access, { log, database: grants.database });
  const wantedScopes = config.scopes.filter((scope) => !scope.startsWith('oauth.')); // those are the agency's, no field needs them
  const tokens = createAccessTokens({ grant: grants.grant, wantedScopes });
  const transport = createTransport(dispatcher, { url: access.url, isTellingOperations: access.sandbox !== null });
  const space = cacheSpace(access);
  const { shared, isRedisWell } = await openShared(config, { log, tally });
  const { upstream, budgets, circuits } = composeEconomy(
    { transport, authorize: authorize(tokens), shared, log, tally },
    { ...config, space },
  );
  const memoryBytes = config.isCacheOn ? config.cacheMemoryBytes : null;
  const cache = createCache({ memoryBytes, shared, secret: JSON.stringify(access.grant), tally });
  const keys = createKeys(space, config.lifetimes);
  const companyId = 'companyId' in access.grant ? access.grant.companyId : null;
  const readOptions = { ...config, companyId, connectedIds: grants.connectedIds, rollUpLocations: mostRolledUp };
  return {
    reads: createReads({ cache, keys, upstream, tally }, readOptions),
    consenting: grants.consenting,
    installedLocations: installedLocationsOf(access, upstream),
    credentialAges: credentials.ages,
    storeIsQuiet: credentials.begun,
    wantedScopes,
    state: {
      installation: (locationId: LocationId, signal: AbortSignal) => tokens.installation(locationId, signal),
      quota: (locationId: LocationId) => budgets.quota(holderKey({ kind: 'location', locationId })),
    },
    operator: operatorView({ budgets, circuits, tokens, grants, isRedisWell }),
    ...{ shared, space }, // what replicas share, and what keeps other apps and upstreams apart in it
    close: async () => {
      budgets.close();
      shared?.close();
      await credentials.close();
      await grants.close();
      await Promise.all([dispatcher, tokenDispatcher].map(closeSoon));
    },
  };
};

// Nobody waits for an answer any more; a token request that hangs must not keep the process.
const closeSoon = async (dispatcher: ReturnType<typeof createDispatcher>): Promise<void> => {
  await Promise.race([dispatcher.close(), sleep(lastCallsMs, undefined, { ref: false })]);
  await dispatcher.destroy();
};

const watchCredentials = async (
  config: Config,
  access: UpstreamAccess,
  surroundings: CredentialSurroundings,
): Promise<CredentialWatch> => {
  if (access.sandbox)
    return { ages: () => Promise.resolve(null), begun: Promise.resolve(), close: () => Promise.resolve() };
  const credentials = await import('./compose-credentials.ts'); // it needs SQL
  return credentials.watchCredentials(config, access, surroundings);
};

// What is not done for one operation: those who wait for it share it, and none of them may call it off.
const ownCallMs = 8_000;
const byItself = (): Cause => ownCause('interactive', ownCallMs);

const installedLocationsOf = ({ grant }: UpstreamAccess, upstream: Upstream): ReadInstalledLocations | null =>
  grant.kind === 'agency'
    ? createReadInstalledLocations({ upstream }, { clientId: grant.clientId, causeOf: byItself })
    : null;

const exchangeToken = async (upstream: Upstream, companyId: string, locationId: LocationId): Promise<AccessToken> => {
  const input = { companyId, locationId };
  const { reveal, lifeSeconds, scope, ...told } = await upstream.call(exchangeLocationToken, input, byItself());
  const expires = { expires_in: lifeSeconds ?? undefined, scope: scope ?? undefined };
  return toTokenAnswer({ access_token: reveal(), ...expires, locationId: told.locationId ?? locationId }).access;
};

// A stored grant's access token is kept under the grant's own key. All tokens, and what was refused, came of an agency's consent: with a
// new one they have to be asked for again.
const slotsOf = (key: GrantKey, isRegranted: boolean): readonly [string?] =>
  key === 'company' && isRegranted ? [] : [key];

const openShared = async (config: Config, { log, tally }: { log: Log; tally: Tally }) => {
  if (config.redisUrl === null) return { shared: null, isRedisWell: null };
  let isWell = true;
  const { createRedis } = await import('./stores/redis.ts'); // its client takes 10 MB and 60 ms, which most starts do without
  const shared: Redis = createRedis({
    url: config.redisUrl,
    readTimeoutMs: config.cacheTimeoutMs,
    writeTimeoutMs: cacheWriteMs,
    onProblem: () => tally.add('redis problem'),
    onBad: (error) => {
      isWell = false;
      log.warn(redisIsBad, { error: describeError(error, String) }); // the log redacts what it is given
    },
    onGood: () => {
      isWell = true;
      log.info('Redis is used again.');
    },
  });
  return { shared, isRedisWell: () => isWell };
};

const redisIsBad =
  'Redis cannot be used; until it can, this process keeps its answers for itself. ' +
  'Check that the server of REDIS_URL runs, can be reached, takes this user and password, has room and accepts writes.';

// Two gateways share answers only when they reach upstream by the same grant: another token may not see the same locations.
const cacheSpace = ({ url, grant }: UpstreamAccess): string =>
  digest([url, { ...grant, clientSecret: null, previousSecret: null }]);
