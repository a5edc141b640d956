import type { AddressInfo } from 'node:net';
import { authenticateNobody, type Authenticate } from './auth/authenticate.ts';
import { composeReads, rollUpLocations } from './compose-reads.ts';
import type { CredentialWatch } from './compose-credentials.ts';
import type { Consenting } from './compose-grants.ts';
import type { Config, UpstreamGrant } from './config.ts';
import { curlFor, linksFor, urlOf } from './http/addresses.ts';
import { apolloSandboxRoutes } from './http/apollo-sandbox.ts';
import { createDrain } from './http/drain.ts';
import { graphqlRoutes } from './http/graphql.ts';
import { healthRoutes } from './http/health.ts';
import { homeRoutes } from './http/home.ts';
import { oauthRoutes, type OAuthOptions } from './http/oauth.ts';
import { createHttpServer, type HttpOptions } from './http/server.ts';
import { isLoopback } from './setting.ts';
import { toLocationId } from './model/ids.ts';
import type { Log } from './observe/log.ts';
import { createTally, type Tally } from './observe/tally.ts';
import { readCatalogue } from './operation/catalogue.ts';
import { createContextFactory } from './operation/context.ts';
import type { CostLimits } from './operation/limits.ts';
import { createSchema, readTypeDefs } from './operation/schema.ts';
import { startExecutor } from './operation/server.ts';
import { mostPages, type ReadInstalledLocations } from './reads/locations.ts';
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
  /** Stops without losing a request in flight, in at most 15 s. */
  readonly close: () => Promise<void>;
}

/** Milliseconds for operations under way at a shutdown. */
const patienceMs = 5_000;

/** Where the rooms meet, outward half. Listens before it returns; throws what listening throws. */
export const startGateway = async (config: Config, access: UpstreamAccess, log: Log): Promise<Gateway> => {
  const tally = createTally();
  const address = () => urlOf(app.server.address() as AddressInfo);
  const publicUrl = () => config.publicUrl ?? address();
  const inward = await composeReads(config, access, { log, tally, publicUrl });
  const typeDefs = readTypeDefs();
  const schema = createSchema(typeDefs);
  const costLimits = toCostLimits(config, access);
  const executor = await startExecutor({ schema, log, costLimits, isIntrospectable: !config.isProduction });
  const drain = createDrain();
  const { isDraining } = drain;
  const app = await createHttpServer(toHttpOptions(config, access, { log, isDraining }));
  const installUrl = () => (inward.consenting ? `${publicUrl()}/oauth/install` : null);
  const curl = () => (access.sandbox ? curlFor(address(), access.sandbox.locations.full) : null);

  graphqlRoutes({
    executor,
    authenticate: toAuthenticate(access, inward.wantedScopes),
    createContext: createContextFactory(inward),
    deadlineMs: config.requestDeadlineMs,
    noCacheFloorSeconds: config.noCacheFloorSeconds,
    isCostAlwaysTold: access.sandbox !== null,
    underWay: drain.underWay,
  })(app);
  healthRoutes({ isDraining, mode: access.sandbox ? 'sandbox' : 'live' })(app);
  const catalogue = readCatalogue(schema, costLimits);
  pages(config, access, { catalogue, schemaText: typeDefs.join('\n'), address, curl, installUrl })(app);
  if (inward.consenting) oauthRoutes(toOAuthOptions(inward.consenting, access, publicUrl))(app);
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
    consenting: inward.consenting,
    installUrl: installUrl(),
    installedLocations: inward.installedLocations,
    credentialAges: inward.credentialAges,
    close: async () => {
      await drain.close(app, { delayMs: config.drainDelayMs, patienceMs });
      await stop();
    },
  };
};

const toHttpOptions = (
  { isProduction, publicUrl }: Config,
  { sandbox }: UpstreamAccess,
  rest: Pick<HttpOptions, 'log' | 'isDraining'>,
): HttpOptions => ({
  ...rest,
  corsOrigins: isProduction ? [] : ['https://studio.apollographql.com'],
  isLoopbackOnly: sandbox === null,
  publicHost: publicUrl === null ? null : new URL(publicUrl).host,
});

interface PageMatter {
  readonly catalogue: ReturnType<typeof readCatalogue>;
  readonly schemaText: string;
  readonly address: () => string;
  readonly curl: () => string | null;
  readonly installUrl: () => string | null;
}

// What people look at.
const pages =
  (config: Config, { sandbox }: UpstreamAccess, { catalogue, schemaText, address, curl, installUrl }: PageMatter) =>
  (app: Awaited<ReturnType<typeof createHttpServer>>): void => {
    const { isProduction } = config;
    const mode = sandbox ? 'sandbox' : 'live';
    const links = () =>
      linksFor(address(), { isProduction, controlUrl: sandbox?.controlUrl ?? null, installUrl: installUrl() });
    homeRoutes(() => ({ mode, links: links(), curl: curl(), catalogue, schemaText }))(app);
    if (isProduction) return;
    const document = catalogue.find(({ name }) => name === 'LiveReporting')?.text ?? '';
    apolloSandboxRoutes({ document, variables: { location: sandbox?.locations.full ?? '' } })(app);
  };

const toCostLimits = (config: Config, { sandbox }: UpstreamAccess): CostLimits => ({
  ...config,
  rollUpLocations: config.accountStatistics === 'roll-up' ? rollUpLocations : 0,
  listingCalls: sandbox ? 0 : mostPages,
});

// Until the gateway knows its callers, an administrator is who sits at its machine, or, where browsers reach it under another name, has a
// link from there. In sandbox mode anybody is.
const toOAuthOptions = (
  { installs, tickets }: Consenting,
  { sandbox }: UpstreamAccess,
  publicUrl: () => string,
): OAuthOptions => ({
  installs,
  publicUrl,
  administrator: ({ hostname, ticket }) => {
    if (sandbox) return 'sandbox';
    if (ticket !== null) return tickets.isValid(ticket) ? 'ticket' : null;
    // Behind a proxy every request may come from this machine and name it, too.
    return isLoopback(hostname) && isLoopback(new URL(publicUrl()).hostname) ? 'loopback' : null;
  },
});

// Until the gateway knows its callers: in sandbox mode every seeded location but one, live (on loopback only) all that the grant reaches.
const toAuthenticate = ({ sandbox }: UpstreamAccess, scopes: readonly string[]): Authenticate =>
  sandbox
    ? authenticateNobody({
        subject: 'sandbox',
        scopes,
        locations: sandbox.readableLocationIds.flatMap((id) => toLocationId(id) ?? []),
      })
    : authenticateNobody({ subject: 'loopback', scopes, locations: 'all' });
