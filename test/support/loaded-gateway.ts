import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.ts';
import { freePort } from './free-port.ts';
import { run } from './process.ts';

/** A gateway in a process of its own, as `npm start` starts it, over a sandbox in this one. */
export interface LoadedGateway extends AsyncDisposable {
  readonly url: string;
  readonly adminUrl: string;
  readonly sandbox: Sandbox;
  /** Memory that the process has taken from the system, bytes. Linux only. */
  readonly residentBytes: () => number;
}

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
const startArguments = scripts.start.split(' ').slice(1); // without npm around it

/** So high that upstream's budget is never what is waited for. */
const calls = 1_000_000;
/** Of a sandbox without limits that anybody would reach. */
export const boundless: SandboxOptions = { burst: { limit: calls, windowMs: 10_000 }, dailyLimit: calls };
/** The same, as the gateway is told. */
export const boundlessSettings = { UPSTREAM_BURST: String(calls), UPSTREAM_DAILY: String(calls) };

/** Resolves when it is ready. `settings` are those of .env.example. */
export const startLoadedGateway = async (
  settings: Readonly<Record<string, string>> = {},
  options: SandboxOptions = {},
): Promise<LoadedGateway> => {
  const sandbox = await startSandbox(options);
  const [port, adminPort] = [await freePort(), await freePort()];
  const gateway = run(process.execPath, startArguments, {
    UPSTREAM_URL: sandbox.url,
    UPSTREAM_CLIENT_ID: sandbox.client.id,
    UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
    AUTH: 'none',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    DRAIN_DELAY_MS: '0',
    LOG_LEVEL: 'error',
    ...settings,
  });
  const end = async () => {
    await gateway[Symbol.asyncDispose]();
    await sandbox.close();
  };
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  if (!(await isReady(adminUrl))) {
    await end();
    throw new Error(`the gateway did not become ready: ${gateway.output()}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    sandbox,
    residentBytes: () =>
      Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) * 1_024,
    [Symbol.asyncDispose]: end,
  };
};

const isReady = async (adminUrl: string): Promise<boolean> => {
  for (let attempts = 0; attempts < 1_000; attempts += 1) {
    const answer = await fetch(`${adminUrl}/readyz`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.status === 200) return true;
    await sleep(10);
  }
  return false;
};
