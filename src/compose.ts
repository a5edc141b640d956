import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { authenticateNobody, type Authenticate } from './auth/authenticate.ts';
import { createCache } from './cache/cache.ts';
import { createKeys, digest } from './cache/keys.ts';
import { createMemoryStore, createRedisStore, type Store } from './cache/store.ts';
import type { Config, UpstreamGrant } from './config.ts';
import { curlFor, linksFor, urlOf } from './http/addresses.ts';
import { apolloSandboxRoutes } from './http/apollo-sandbox.ts';
import { createDrain } from './http/drain.ts';
import { graphqlRoutes } from './http/graphql.ts';
import { healthRoutes } from './http/health.ts';
import { homeRoutes } from './http/home.ts';
import { createHttpServer } from './http/server.ts';
import { createBudgets } from './limiter/budgets.ts';
import { limit } from './limiter/limit.ts';
import { toLocationId, type LocationId } from './model/ids.ts';
import type { Log } from './observe/log.ts';
import { describeError } from './observe/redact.ts';
import { createTally, type Tally } from './observe/tally.ts';
import { readCatalogue } from './operation/catalogue.ts';
import { createContextFactory } from './operation/context.ts';
import type { CostLimits } from './operation/limits.ts';
import { createSchema, readTypeDefs } from './operation/schema.ts';
import { startExecutor } from './operation/server.ts';
import { createReads } from './reads/index.ts';
import { mostPages } from './reads/locations.ts';
import type { Sandbox } from './sandbox/server.ts';
import { createAccessTokens } from './tokens/access-tokens.ts';
import { authorize } from './tokens/authorize.ts';
import { clientCredentials, privateToken, refreshToken, type Grant } from './tokens/grants.ts';
import { createTokenEndpointFetch, type TokenEndpointFetch } from './tokens/token-endpoint.ts';
import { deadline } from './upstream/deadline.ts';
import { createUpstream } from './upstream/endpoint.ts';
import { observed } from './upstream/observed.ts';
import { holderKey, stack } from './upstream/send.ts';
import { createDispatcher, createTransport } from './upstream/transport.ts';

/** Which upstream, by which grant; `sandbox` is null with a live one. */
export interface UpstreamAccess {
  readonly url: string;
  readonly grant: UpstreamGrant;
  readonly sandbox: Pick<Sandbox, 'readableLocationIds' | 'locations' | 'controlUrl'> | null;
}

/** A gateway that listens. */
export interface Gateway {
  readonly url: string;
  /** A command that answers when pasted; null where no location is known. */
  readonly curl: string | null;
  /** Counts of what happened, for metrics and tests. */
  readonly tally: Tally;
  /** Stops without losing a request in flight, in at most 15 s. */
  readonly close: () => Promise<void>;
}

/** A call with all its waiting takes this part of an operation's time, so that the rest of the answer still makes it. */
const callShare = 0.8;
/** Milliseconds for a token request, for operations under way at a shutdown and for the last sockets. */
const tokenRequestMs = 7_000;
const patienceMs = 5_000;
const lastCallsMs = 1_000;
/** Milliseconds that a write to Redis may take; nobody waits for it. */
const cacheWriteMs = 150;
/** Locations over which account statistics are added up at most. */
const rollUpLocations = 50;

/** Where the rooms meet, inward half: everything below the loaders. */
const composeReads = async (config: Config, access: UpstreamAccess, { log, tally }: { log: Log; tally: Tally }) => {
  const dispatcher = createDispatcher({ connections: 64 });
  const tokenDispatcher = createDispatcher({ connections: 8 }); // a page of a hundred locations must not ask for a hundred tokens at once
  const tokens = createAccessTokens({
    grant: toGrant(access, config.scopes, createTokenEndpointFetch(tokenDispatcher, { timeoutMs: tokenRequestMs })),
    wantedScopes: config.scopes,
  });
  const budgets = createBudgets({ burst: config.burst, dailyLimit: config.dailyLimit });
  const send = stack(
    [
      observed({ log, tally }),
      deadline(callShare * config.requestDeadlineMs),
      authorize(tokens),
      limit(budgets),
      deadline(config.upstreamTimeoutMs),
    ],
    createTransport(dispatcher, { url: access.url, isTellingOperations: access.sandbox !== null }),
  );
  const { store, closeStore } = await openStore(config, { log, tally, secret: JSON.stringify(access.grant) });
  const cache = createCache({ store, timeoutMs: config.cacheTimeoutMs, tally });
  const keys = createKeys(cacheSpace(access), config.lifetimes);
  const upstream = createUpstream({ send, tolerated: (what) => tally.add(`tolerated ${what}`) });
  const companyId = 'companyId' in access.grant ? access.grant.companyId : null;
  return {
    reads: createReads({ cache, keys, upstream }, { ...config, companyId, rollUpLocations }),
    state: {
      installation: (locationId: LocationId, signal: AbortSignal) => tokens.installation(locationId, signal),
      quota: (locationId: LocationId) => budgets.quota(holderKey({ kind: 'location', locationId })),
    },
    close: async () => {
      closeStore();
      // Nobody waits for an answer any more; a token request that hangs must not keep the process.
      const closed = Promise.all([dispatcher.close(), tokenDispatcher.close()]);
      await Promise.race([closed, sleep(lastCallsMs, undefined, { ref: false })]);
      await Promise.all([dispatcher.destroy(), tokenDispatcher.destroy()]);
    },
  };
};

const openStore = async (
  config: Config,
  { log, tally, secret }: { log: Log; tally: Tally; secret: string },
): Promise<{ store: Store | null; closeStore: () => void }> => {
  if (!config.isCacheOn) return { store: null, closeStore: () => undefined };
  if (config.redisUrl === null) {
    return { store: createMemoryStore(config.cacheMemoryBytes), closeStore: () => undefined };
  }
  const { createRedis } = await import('./stores/redis.ts'); // its client takes 10 MB and 60 ms, which most starts do without
  const redis = createRedis({
    url: config.redisUrl,
    readTimeoutMs: config.cacheTimeoutMs,
    writeTimeoutMs: cacheWriteMs,
    onProblem: () => tally.add('redis problem'),
    onBad: (error) => log.warn(redisIsBad, { error: describeError(error, String) }), // the log redacts what it is given
    onGood: () => log.info('Redis is used again.'),
  });
  return {
    store: createRedisStore(redis, {
      secret,
      spareBytes: config.cacheMemoryBytes,
      onProblem: () => tally.add('cache broken'),
    }),
    closeStore: () => redis.close(),
  };
};

const redisIsBad =
  'Redis cannot be used; until it can, this process keeps its answers for itself. ' +
  'Check that the server of REDIS_URL runs, can be reached, takes this user and password, has room and accepts writes.';

/** Where the rooms meet, outward half. Listens before it returns; throws what listening throws. */
export const startGateway = async (config: Config, access: UpstreamAccess, log: Log): Promise<Gateway> => {
  const tally = createTally();
  const inward = await composeReads(config, access, { log, tally });
  const typeDefs = readTypeDefs();
  const schema = createSchema(typeDefs);
  const costLimits = toCostLimits(config, access);
  const executor = await startExecutor({ schema, log, costLimits, isIntrospectable: !config.isProduction });
  const drain = createDrain();
  const corsOrigins = config.isProduction ? [] : ['https://studio.apollographql.com'];
  const { isDraining } = drain;
  const app = await createHttpServer({ log, corsOrigins, isDraining, isLoopbackOnly: access.sandbox === null });
  const mode = access.sandbox ? 'sandbox' : 'live';
  const catalogue = readCatalogue(schema, costLimits);
  const schemaText = typeDefs.join('\n');
  const address = () => urlOf(app.server.address() as AddressInfo);
  const controlUrl = access.sandbox?.controlUrl ?? null;
  const links = () => linksFor(address(), { isProduction: config.isProduction, controlUrl });
  const curl = () => (access.sandbox ? curlFor(address(), access.sandbox.locations.full) : null);

  graphqlRoutes({
    executor,
    authenticate: toAuthenticate(access, config.scopes),
    createContext: createContextFactory(inward),
    deadlineMs: config.requestDeadlineMs,
    underWay: drain.underWay,
  })(app);
  healthRoutes({ isDraining, mode })(app);
  homeRoutes(() => ({ mode, links: links(), curl: curl(), catalogue, schemaText }))(app);
  if (!config.isProduction) {
    const document = catalogue.find(({ name }) => name === 'LiveReporting')?.text ?? '';
    apolloSandboxRoutes({ document, variables: { location: access.sandbox?.locations.full ?? '' } })(app);
  }
  const stop = async () => {
    await executor.stop();
    await inward.close();
  };
  await app.listen({ host: config.host, port: config.port }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: address(),
    curl: curl(),
    tally,
    close: async () => {
      await drain.close(app, { delayMs: config.drainDelayMs, patienceMs });
      await stop();
    },
  };
};

const toCostLimits = (config: Config, { sandbox }: UpstreamAccess): CostLimits => ({
  ...config,
  rollUpLocations: config.accountStatistics === 'roll-up' ? rollUpLocations : 0,
  listingCalls: sandbox ? 0 : mostPages,
});

// Two gateways share answers only when they reach upstream by the same grant: another token may not see the same locations.
const cacheSpace = ({ url, grant }: UpstreamAccess): string => digest([url, { ...grant, clientSecret: null }]);

const toGrant = ({ url, grant }: UpstreamAccess, scopes: readonly string[], fetch: TokenEndpointFetch): Grant => {
  switch (grant.kind) {
    case 'client-credentials':
      return clientCredentials({ ...grant, url, fetch }, { companyId: grant.companyId, scopes });
    case 'refresh-token':
      return refreshToken({ ...grant, url, fetch }, grant.refreshToken);
    case 'private-token':
      return privateToken(grant.privateToken);
  }
};

// Until the gateway knows its callers: in sandbox mode every seeded location but one, live (on loopback only) all that the grant reaches.
const toAuthenticate = ({ sandbox }: UpstreamAccess, scopes: readonly string[]): Authenticate =>
  sandbox
    ? authenticateNobody({
        subject: 'sandbox',
        scopes,
        locations: sandbox.readableLocationIds.flatMap((id) => toLocationId(id) ?? []),
      })
    : authenticateNobody({ subject: 'loopback', scopes, locations: 'all' });
