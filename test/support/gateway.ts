import { expect } from '@jest/globals';
import { startGateway, type Gateway, type UpstreamAccess } from '../../src/compose.ts';
import { readConfig, type Config } from '../../src/config.ts';
import { createLog } from '../../src/observe/log.ts';
import { startSandbox, type Sandbox, type SandboxCall, type SandboxOptions } from '../../src/sandbox/server.ts';

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
  /** Codes of the errors of an answer. */
  codesOf(answer: Answer): unknown[];
  /** Data calls that upstream saw since the last look, token calls left out. */
  calls(): readonly SandboxCall[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a test may set. */
export interface TestGatewayOptions {
  readonly sandbox?: SandboxOptions;
  readonly config?: Partial<Config>;
  /** Another grant than the sandbox's client credentials; makes the gateway believe in a live upstream. */
  readonly access?: (sandbox: Sandbox) => UpstreamAccess;
}

const tokenRoutes: ReadonlySet<string> = new Set(['token', 'locationToken', 'installedLocations', 'reconnect']);

/** Sandbox mode's own way to upstream. */
export const byClientCredentials = (sandbox: Sandbox): UpstreamAccess => {
  const { url, client, companyId } = sandbox;
  return {
    url,
    sandbox,
    grant: { kind: 'client-credentials', clientId: client.id, clientSecret: client.secret, companyId },
  };
};

/** A live upstream by a private integration token of one location. */
export const byPrivateToken = (sandbox: Sandbox, location: keyof Sandbox['locations'] = 'full'): UpstreamAccess => {
  const privateToken = sandbox.issuePrivateToken({ locationId: sandbox.locations[location] });
  return { url: sandbox.url, sandbox: null, grant: { kind: 'private-token', privateToken } };
};

/** Starts both on free ports. */
export const startTestGateway = async (options: TestGatewayOptions = {}): Promise<TestGateway> => {
  const sandbox = await startSandbox(options.sandbox);
  const config: Config = {
    ...readConfig({ UPSTREAM: 'sandbox', PORT: '0', DRAIN_DELAY_MS: '0' }),
    logLevel: 'debug',
    ...options.config,
  };
  const said: string[] = [];
  const logLines: string[] = [];
  const log = createLog({ level: config.logLevel, secrets: [], sink: { write: (line) => void logLines.push(line) } });
  const access = options.access?.(sandbox) ?? byClientCredentials(sandbox);
  const gateway = await startGateway(config, access, log).catch(async (error: unknown) => {
    await sandbox.close();
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
    await gateway.close();
    await sandbox.close();
    const everything = [...said, ...logLines].join('\n');
    for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets()]) expect(everything).not.toContain(secret);
  };
  return {
    url: gateway.url,
    sandbox,
    gateway,
    logLines,
    ask,
    codesOf: ({ errors }) => errors.map(({ extensions }) => extensions['code']),
    calls: () => {
      const calls = sandbox.calls().filter(({ route }) => !tokenRoutes.has(route));
      sandbox.clearCalls();
      return calls;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** How many calls of each route there are. */
export const byRoute = (calls: readonly SandboxCall[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(calls, ({ route }) => route)].map(([route, group]) => [route, group.length]));
