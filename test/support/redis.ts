// A real Redis for tests, on a port of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

/** A running server that keeps nothing on disk. It dies with the test process, however that ends. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Ends it and removes its folder; does no harm twice, nor to a killed or paused one. */
  readonly stop: () => Promise<void>;
  /** SIGKILL: connections break without a word. */
  readonly kill: () => void;
  /** SIGSTOP: connections are still accepted, by the kernel, and nothing answers. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** It comes back empty, on the same port; also after `kill` and `stop`. */
  readonly restart: () => Promise<void>;
}

/** Resolves when it accepts connections. Throws with the server's last words when it does not start. */
export const startRedis = async (): Promise<RedisServer> => {
  let running = await launchOnFreePort(5);
  const { port } = running;
  const signal = (name: NodeJS.Signals) => (): void => void running.child.kill(name);
  const stop = (): Promise<void> => running.stop();
  const restart = async (): Promise<void> => {
    await running.stop();
    running = await launch(port);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    kill: signal('SIGKILL'),
    pause: signal('SIGSTOP'),
    resume: signal('SIGCONT'),
    restart,
    [Symbol.asyncDispose]: stop,
  };
};

interface Running {
  readonly port: number;
  readonly child: ChildProcess;
  readonly stop: () => Promise<void>;
}

/** Somebody else may take the port between our look and Redis' start. */
const launchOnFreePort = async (attempts: number): Promise<Running> => {
  try {
    return await launch(await freePort());
  } catch (error) {
    if (attempts > 1 && String(error).includes('Address already in use')) return launchOnFreePort(attempts - 1);
    throw error;
  }
};

const launch = async (port: number): Promise<Running> => {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async (): Promise<void> => {
    // There is nothing to save, and a paused server would not hear of SIGTERM.
    child.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  watchOver(child, folder);
  try {
    await untilReady(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, child, stop };
};

const untilReady = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    child.once('error', reject);
    child.once('close', () => reject(new Error(`redis-server did not start:\n${said.join('\n')}`)));
    if (child.stdout === null) return;
    createInterface(child.stdout).on('line', (line) => {
      if (said.push(line) > 20) said.shift();
      if (line.includes('Ready to accept connections')) resolve();
    });
  });

/** Jest tells test files nothing of the process' end, so a shell waits for the pipe to us to close, and ends Redis then. */
const watchOver = (child: ChildProcess, folder: string): void => {
  if (child.pid === undefined) return;
  const words = ['-c', 'read -r line; kill -9 "$1"; rm -rf "$2"', 'sh', String(child.pid), folder];
  const watch = spawn('sh', words, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.once('exit', () => watch.kill('SIGKILL'));
};
