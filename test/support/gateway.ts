import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest } from '@jest/globals';
import { startGateway, type Gateway, type UpstreamAccess } from '../../src/compose.ts';
import { readConfig, type Config } from '../../src/config.ts';
import type { Installation } from '../../src/model/installation.ts';
import { createLog } from '../../src/observe/log.ts';
import { startSandbox, type Sandbox, type SandboxCall, type SandboxOptions } from '../../src/sandbox/server.ts';
import { consent, type Consented, type Decision } from './consent.ts';
import { scratchFolder } from './scratch.ts';

/** An answer of the gateway. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a test looks at is the test's own business.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
  readonly errors: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Record<string, unknown>;
  }[];
}

/** A gateway over a sandbox, both real servers on 127.0.0.1. Leaving the scope stops them and searches all that was said for secrets. */
export interface TestGateway {
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly gateway: Gateway;
  /** Lines of the log so far. */
  readonly logLines: readonly string[];
  ask(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>;
  /** A person installs: begins at /oauth/install, or at `from` there, and decides. */
  connect(decision: Decision, from?: string): Promise<Consented>;
  /** Codes of the errors of an answer. */
  codesOf(answer: Answer): unknown[];
  /** Data calls that upstream saw since the last look, token calls left out. */
  calls(): readonly SandboxCall[];
  /** Token calls that upstream saw since the last look, each as its route and, for those of RFC 6749, its grant type. */
  tokenCalls(): readonly string[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a test may set. */
export interface TestGatewayOptions {
  /** A running sandbox is left running at the end, so that several gateways can be over one. */
  readonly sandbox?: SandboxOptions | Sandbox;
  readonly config?: Partial<Config>;
  /** Another grant than the sandbox's client credentials; makes the gateway believe in a live upstream. */
  readonly access?: (sandbox: Sandbox) => UpstreamAccess;
}

/** What seals the grants of a test. */
export const testKey = { id: 'test', bytes: new Uint8Array(32).fill(7) };

const tokenRoutes: ReadonlySet<string> = new Set(['token', 'locationToken', 'installedLocations', 'reconnect']);

const appOf = ({ client, companyId }: Sandbox) => ({
  clientId: client.id,
  clientSecret: client.secret,
  previousSecret: null,
  companyId,
});

/** Sandbox mode's own way to upstream. */
export const byClientCredentials = (sandbox: Sandbox): UpstreamAccess => ({
  url: sandbox.url,
  sandbox,
  grant: { kind: 'client-credentials', ...appOf(sandbox) },
});

/** A live upstream whose locations are connected one by one. */
export const byLocationGrants = (sandbox: Sandbox): UpstreamAccess => ({
  url: sandbox.url,
  sandbox: null,
  grant: { kind: 'authorization-code', ...appOf(sandbox) },
});

/** A live upstream by an agency's grant, seeded or to be consented to. */
export const byAgency = (sandbox: Sandbox, refreshToken: string | null = null): UpstreamAccess => ({
  url: sandbox.url,
  sandbox: null,
  grant: { kind: 'agency', ...appOf(sandbox), refreshToken },
});

/** A live upstream by one location's refresh token. */
export const byRefreshToken = (
  sandbox: Sandbox,
  refreshToken = sandbox.issueRefreshToken({ locationId: sandbox.locations.full }),
): UpstreamAccess => ({
  url: sandbox.url,
  sandbox: null,
  grant: { kind: 'refresh-token', ...appOf(sandbox), refreshToken },
});

/** A live upstream by a private integration token of one location. */
export const byPrivateToken = (sandbox: Sandbox, location: keyof Sandbox['locations'] = 'full'): UpstreamAccess => {
  const privateToken = sandbox.issuePrivateToken({ locationId: sandbox.locations[location] });
  return { url: sandbox.url, sandbox: null, grant: { kind: 'private-token', privateToken } };
};

/** Starts both on free ports. */
export const startTestGateway = async (options: TestGatewayOptions = {}): Promise<TestGateway> => {
  const given = options.sandbox;
  const isOurs = given === undefined || !('url' in given);
  const sandbox = isOurs ? await startSandbox(given) : given;
  const stopSandbox = async () => {
    if (isOurs) await sandbox.close();
  };
  const access = options.access?.(sandbox) ?? byClientCredentials(sandbox);
  const scopesBy = access.grant.kind === 'agency' ? { UPSTREAM_GRANT: 'agency' } : {}; // it asks for two more
  const config: Config = {
    ...readConfig({ UPSTREAM: 'sandbox', PORT: '0', ADMIN_PORT: '0', DRAIN_DELAY_MS: '0', ...scopesBy }),
    logLevel: 'debug',
    maxWaitMs: 0, // gateway, upstream and clients share one busy process here
    auth: { kind: access.sandbox ? 'open' : 'none' },
    authorizeUrl: sandbox.authorizeUrl,
    isPkceOn: true,
    database: { path: ':memory:' },
    tokenKeys: [testKey],
    ...options.config,
  };
  const said: string[] = [];
  const logLines: string[] = [];
  const log = createLog({ level: config.logLevel, secrets: [], sink: { write: (line) => void logLines.push(line) } });
  const gateway = await startGateway(config, access, log).catch(async (error: unknown) => {
    await stopSandbox();
    throw error;
  });

  const ask: TestGateway['ask'] = async (query, variables = {}, headers = {}) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const text = await response.text();
    said.push(text);
    const { data, errors = [] } = JSON.parse(text) as { data?: unknown; errors?: Answer['errors'] };
    return { status: response.status, headers: response.headers, text, data, errors };
  };
  const close = async () => {
    jest.useRealTimers(); // closing needs the interval that a test may have held
    await gateway.close();
    await stopSandbox();
    const everything = [...said, ...logLines].join('\n');
    for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets()]) expect(everything).not.toContain(secret);
  };
  return {
    url: gateway.url,
    sandbox,
    gateway,
    logLines,
    ask,
    connect: async (decision, from = '/oauth/install') => {
      const consented = await consent(new URL(from, gateway.url).href, decision);
      said.push(consented.text);
      return consented;
    },
    codesOf: ({ errors }) => errors.map(({ extensions }) => extensions['code']),
    calls: () => {
      const calls = sandbox.calls().filter(({ route }) => !tokenRoutes.has(route));
      sandbox.clearCalls();
      return calls;
    },
    tokenCalls: () => {
      const calls = sandbox.calls().filter(({ route }) => tokenRoutes.has(route));
      sandbox.clearCalls();
      return calls.map(({ route, requestBody }) => [route, grantTypeOf(requestBody)].join(' ').trim());
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

const grantTypeOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'grant_type' in body ? String(body.grant_type) : '';

/** A place for an SQLite file that outlives its gateways; leaving the scope removes it. */
export const createStoreFolder = async () => {
  const folder = await mkdtemp(join(scratchFolder(), 'gateway-'));
  const path = join(folder, 'gateway.db');
  return { folder, path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
};

/** What the graph says of a location's installation. */
export const installationOf = async (gateway: Pick<TestGateway, 'ask'>, locationId: string) => {
  const answer = await gateway.ask(
    `{ location(id: "${locationId}") { installation { status grantKind grantedScopes missingScopes } } }`,
  );
  return answer.data.location.installation as Pick<
    Installation,
    'status' | 'grantKind' | 'grantedScopes' | 'missingScopes'
  >;
};

/** How many calls of each route there are. */
export const byRoute = (calls: readonly SandboxCall[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(calls, ({ route }) => route)].map(([route, group]) => [route, group.length]));

/** Holds the rounds of upkeep, which come every 5 s, of gateways that start from now on; every other timer stays real, as sockets need
 * them. It ends with the first of those gateways. */
export const holdUpkeep = () => {
  jest.useFakeTimers({ doNotFake: ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', ...oneShot] });
  return {
    /** One round of every gateway, to its end unless it has to ask upstream. */
    round: async () => {
      await jest.advanceTimersByTimeAsync(5_000);
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
};

const oneShot = ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const;
