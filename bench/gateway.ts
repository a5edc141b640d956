import { startGateway } from '../src/compose.ts';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/observe/log.ts';
import { startSandbox, type Sandbox, type SandboxCall, type SandboxOptions } from '../src/sandbox/server.ts';

/** Both in this process, on 127.0.0.1. `settings` are those of .env.example. */
export const startBoth = async (options: SandboxOptions, settings: Readonly<Record<string, string>>) => {
  const sandbox = await startSandbox(options);
  const { client, companyId, url } = sandbox;
  const app = { clientId: client.id, clientSecret: client.secret, previousSecret: null, companyId };
  const grant = { kind: 'client-credentials', ...app } as const;
  const config = readConfig({ UPSTREAM: 'sandbox', PORT: '0', DRAIN_DELAY_MS: '0', ...settings });
  const gateway = await startGateway(config, { url, grant, sandbox }, createLog({ level: 'silent', secrets: [] }));
  return {
    sandbox,
    /** Throws at the first error in the answer: a bench that measures errors misleads. */
    ask: (query: string, variables: Readonly<Record<string, unknown>>) => ask(gateway.url, query, variables),
    [Symbol.asyncDispose]: async () => {
      await gateway.close();
      await sandbox.close();
    },
  };
};

/** Asks the gateway at `url`; throws when the answer holds an error. */
const ask = async (url: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<void> => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.text();
  if (answer.includes('"errors":')) throw new Error(answer.slice(0, 500));
};

const tokenRoutes: ReadonlySet<SandboxCall['route']> = new Set(['token', 'locationToken']);

/** Runs `work` and tells its time and the data calls that upstream saw meanwhile; token requests are not among them. */
export const measured = async (sandbox: Sandbox, work: () => Promise<void>): Promise<{ calls: number; ms: number }> => {
  sandbox.clearCalls();
  const startedAt = performance.now();
  await work();
  const ms = performance.now() - startedAt;
  return { calls: sandbox.calls().filter(({ route }) => !tokenRoutes.has(route)).length, ms };
};

const selection =
  '{ tags(first: 20) { nodes { name details { updatedAt } } } statistics { likes { total series { date value } } } }';

/** The question of a dashboard: tags with their details, and statistics. */
export const dashboard = `query Dashboard($id: ID!) { location(id: $id) ${selection} }`;

/** The same asked for by two parts of a page that do not know of each other. */
export const twoDashboards = `query Two($id: ID!) { a: location(id: $id) ${selection} b: location(id: $id) ${selection} }`;
