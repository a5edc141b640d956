import type { AddressInfo } from 'node:net';
import { listening } from './cli/listening.ts';
import { composeAdmin, openMetrics } from './compose-admin.ts';
import { composeCallers } from './compose-callers.ts';
import type { CredentialWatch } from './compose-credentials.ts';
import type { Consenting } from './compose-grants.ts';
import { composeOperations } from './compose-operations.ts';
import { pages } from './compose-pages.ts';
import { composeReads } from './compose-reads.ts';
import type { Config, UpstreamGrant } from './config.ts';
import { createAdmission } from './http/admission.ts';
import { urlOf } from './http/addresses.ts';
import { createDrain, type Drain } from './http/drain.ts';
import { graphqlRoutes } from './http/graphql.ts';
import { healthRoutes } from './http/health.ts';
import { createHttpServer, type HttpOptions } from './http/server.ts';
import { createShares } from './http/share.ts';
import { createAllowances } from './limiter/allowances.ts';
import type { Log } from './observe/log.ts';
import type { Metrics } from './observe/metrics.ts';
import type { Tally } from './observe/tally.ts';
import { createContextFactory } from './operation/context.ts';
import { createSchema } from './operation/schema.ts';
import type { ReadInstalledLocations } from './reads/locations.ts';
import type { Sandbox } from './sandbox/server.ts';

/** Which upstream, by which grant; `sandbox` is null with a live one. */
export interface UpstreamAccess {
  readonly url: string;
  readonly grant: UpstreamGrant;
  readonly sandbox: Pick<Sandbox, 'readableLocationIds' | 'locations' | 'controlUrl' | 'authorizeUrl'> | null;
}

/** A gateway that listens. */
export interface Gateway {
  readonly url: string;
  /** Where metrics and health are. */
  readonly adminUrl: string;
  /** A command that answers when pasted; null where no location is known. */
  readonly curl: string | null;
  /** Counts of what happened, for metrics and tests. */
  readonly tally: Tally;
  /** Grants that people consent to; null where the grant needs nobody's consent. */
  readonly consenting: Consenting | null;
  /** Where people consent; null where nobody has to. */
  readonly installUrl: string | null;
  /** Null for every grant but the agency's. */
  readonly installedLocations: ReadInstalledLocations | null;
  /** How long each secret of the settings has been in use; null where that is not known. */
  readonly credentialAges: CredentialWatch['ages'];
  /** An access token that is good here and nowhere else: for the commands of this process, which ask as a caller does. */
  readonly ownToken: string;
  /** Stops without losing a request in flight, in at most 15 s. */
  readonly close: () => Promise<void>;
}

/** Milliseconds for operations under way at a shutdown. */
const patienceMs = 5_000;

/** Where the rooms meet, outward half. Listens before it returns; throws what listening throws, ConfigError for what an operator can mend. */
export const startGateway = async (config: Config, access: UpstreamAccess, log: Log): Promise<Gateway> => {
  const metrics = openMetrics(access);
  const drain = createDrain();
  const address = () => urlOf(served.app.server.address() as AddressInfo);
  const publicUrl = () => config.publicUrl ?? address();
  const rooms = await composeRooms(config, access, { log, metrics, publicUrl });
  const served = await composeServer(config, access, { log, metrics, drain, address, publicUrl, rooms });
  const { app, admin } = served;
  const stop = async () => {
    await rooms.close();
    await admin.close(); // last, so that a drain can be watched
  };
  await listen(app, admin, config).catch(async (error: unknown) => {
    await app.close();
    await stop();
    throw error;
  });
  const { consenting, installedLocations, credentialAges } = rooms.inward;
  return {
    ...{ consenting, installedLocations, credentialAges },
    url: address(),
    adminUrl: admin.url(),
    curl: served.curl(),
    tally: metrics.tally,
    installUrl: served.installUrl(),
    ownToken: rooms.callers.ownToken,
    close: async () => {
      await drain.close(app, { delayMs: config.drainDelayMs, patienceMs });
      await stop();
    },
  };
};

interface Surroundings {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly publicUrl: () => string;
}

// Everything below the HTTP room.
const composeRooms = async (config: Config, access: UpstreamAccess, { log, metrics, publicUrl }: Surroundings) => {
  const { tally } = metrics;
  const opened: { close(): Promise<void> }[] = []; // innermost first
  const close = async () => {
    for (const room of opened.toReversed()) await room.close();
  };
  const open = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const room = await opening;
    opened.push(room);
    return room;
  };
  try {
    const inward = await open(composeReads(config, access, { log, tally, publicUrl }));
    const callers = await open(
      composeCallers(config, access, { scopes: inward.wantedScopes, log, storeIsQuiet: inward.storeIsQuiet }),
    );
    const allowances = createAllowances(config.allowances, inward.shared, inward.space);
    const operations = await open(
      composeOperations(config, access, { schema: createSchema(), log, tally, allowances }),
    );
    return { inward, callers, allowances, operations, close };
  } catch (error) {
    await close();
    throw error;
  }
};

interface ServerMatter extends Surroundings {
  readonly drain: Drain;
  readonly address: () => string;
  readonly rooms: Awaited<ReturnType<typeof composeRooms>>;
}

// Both servers with their routes; neither listens yet.
const composeServer = async (
  config: Config,
  access: UpstreamAccess,
  { log, metrics, drain, address, publicUrl, rooms }: ServerMatter,
) => {
  const { inward, callers, allowances, operations } = rooms;
  const { tally } = metrics;
  const { isDraining, underWay } = drain;
  const app = await createHttpServer(toHttpOptions(config, { log, tally, isDraining }));
  const hasStarted = () => app.server.listening || isDraining(); // it listens no more once it drains
  const isOverloaded = () => config.maxWaitMs > 0 && app.isUnderPressure();
  const admin = composeAdmin(config, access, {
    log,
    metrics,
    operator: inward.operator,
    callers,
    isDraining,
    hasStarted,
    isOverloaded,
  });
  graphqlRoutes({
    ...{ ...operations, underWay },
    admit: createAdmission({
      ...{ ...callers, allowances, tally },
      shares: createShares({ most: config.maxConcurrentRequests }),
    }),
    charge: ({ key }, { cost, locations }) => allowances.charge(callers.areCallersKnown ? key : null, cost, locations),
    createContext: createContextFactory({ ...inward, allowances }),
    deadlineMs: config.requestDeadlineMs,
    noCacheFloorSeconds: config.noCacheFloorSeconds,
    isCostAlwaysTold: access.sandbox !== null,
    maxBatch: config.maxBatch,
  })(app);
  healthRoutes({ isDraining, mode: access.sandbox ? 'sandbox' : 'live' })(app);
  const matter = { consenting: inward.consenting, catalogue: operations.catalogue, address, publicUrl };
  return { app, admin, ...pages(config, access, matter)(app) };
};

const toHttpOptions = (config: Config, rest: Pick<HttpOptions, 'log' | 'tally' | 'isDraining'>): HttpOptions => ({
  ...rest,
  ...config,
  corsOrigins: [...config.corsOrigins, ...(config.isProduction ? [] : ['https://studio.apollographql.com'])],
  isLoopbackOnly: config.auth.kind === 'none',
  publicHost: config.publicUrl === null ? null : new URL(config.publicUrl).host,
});

// Who watches should see a start that hangs.
const listen = async (
  app: Awaited<ReturnType<typeof createHttpServer>>,
  admin: ReturnType<typeof composeAdmin>,
  { host, port, adminHost, adminPort }: Config,
): Promise<void> => {
  await listening({ host: adminHost, port: adminPort, portName: 'ADMIN_PORT' }, admin.listen());
  await app.listen({ host, port });
};
