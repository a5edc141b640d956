// What a scenario plays on: a sandbox with its limits on in this process, and gateways in processes of their own.
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox, type Sandbox, type SandboxCall, type SandboxOptions } from '../src/sandbox/server.ts';
import { freePort, startCommand } from './processes.ts';

/** Options of a stage. */
export interface StageOptions {
  readonly sandbox?: SandboxOptions;
  /** How many gateways; they know of each other by `REPLICAS`. */
  readonly gateways?: number;
  readonly redisUrl?: string;
  /** As in .env.example. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Leaving its scope ends everything on it. */
export interface Stage extends AsyncDisposable {
  readonly sandbox: Sandbox;
  /** Of the gateways. */
  readonly urls: readonly string[];
}

/** Resolves when all gateways are ready; none has asked upstream for anything yet. */
export const startStage = async (options: StageOptions): Promise<Stage> => {
  const { gateways: count = 1, redisUrl, settings = {} } = options;
  const sandbox = await startSandbox(options.sandbox);
  const common = {
    DOT_ENV: 'off',
    AUTH: 'none',
    DRAIN_DELAY_MS: '0',
    LOG_LEVEL: 'error',
    REPLICAS: String(count),
    UPSTREAM_URL: sandbox.url,
    UPSTREAM_CLIENT_ID: sandbox.client.id,
    UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    ...settings,
  };
  const gateways = await Promise.all(Array.from({ length: count }, () => startOne(common)));
  return {
    sandbox,
    urls: gateways.map(({ url }) => url),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(gateways.map(({ end }) => end()));
      await sandbox.close();
    },
  };
};

const startOne = async (settings: Readonly<Record<string, string>>) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { child, end } = startCommand([process.execPath, 'src/start.js'], { ...settings, PORT: String(port) });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  for (let attempts = 0; attempts < 1_000; attempts += 1) {
    const ready = await fetch(`${url}/readyz`).catch(() => null);
    if (ready?.status === 200) return { url, end };
    if (child.exitCode !== null) break;
    await sleep(10);
  }
  await end();
  throw new Error(`a gateway did not start:\n${said}`);
};

const tokenRoutes: ReadonlySet<SandboxCall['route']> = new Set(['token', 'locationToken']);

/** What upstream saw since the last `clearCalls`, token requests left out. */
export const dataCalls = (sandbox: Sandbox): readonly SandboxCall[] =>
  sandbox.calls().filter(({ route }) => !tokenRoutes.has(route));

/** The most of them, for one location, within any `ms` milliseconds. */
export const mostWithin = (calls: readonly SandboxCall[], ms: number): number => {
  const byLocation = Map.groupBy(calls, ({ locationId }) => locationId);
  return Math.max(
    0,
    ...[...byLocation.values()].map((group) =>
      mostOf(
        group.map(({ at }) => at).sort((a, b) => a - b),
        ms,
      ),
    ),
  );
};

const mostOf = (moments: readonly number[], ms: number): number => {
  let first = 0;
  let most = 0;
  moments.forEach((moment, index) => {
    while ((moments[first] ?? moment) <= moment - ms) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
};

/** Questions that upstream was asked, each once. */
export const distinctCalls = (calls: readonly SandboxCall[]): number =>
  new Set(calls.map(({ method, rawPath, requestBody }) => JSON.stringify([method, rawPath, requestBody]))).size;
