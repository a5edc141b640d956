// A real PostgreSQL for tests, on a port of its own.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { locate, postgresFolders } from '../../tools/services.mjs';
import { freePort } from './free-port.ts';
import { scratchFolder } from './scratch.ts';

/** A running server with an empty database. It dies with the test process, however that ends. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Makes one more empty database and gives its URL, so that one server serves many tests. */
  readonly createDatabase: () => Promise<string>;
  /** Ends it and removes its folder; does no harm twice, nor to a killed or paused one. */
  readonly stop: () => Promise<void>;
  /** SIGKILL to all its processes: connections break without a word. */
  readonly kill: () => void;
  /** SIGSTOP to all its processes: connections are still accepted, by the kernel, and nothing answers. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** It comes back on the same port with what it had committed; also when it was killed or paused. */
  readonly restart: () => Promise<void>;
}

/** Resolves when it accepts connections. Throws with the server's last words when it does not start. */
export const startPostgres = async (): Promise<PostgresServer> => {
  const folder = mkdtempSync(join(scratchFolder(), 'postgres-'));
  const account = accountFor(folder);
  const data = join(folder, 'data');
  runToEnd('initdb', ['-D', data, '-U', 'gateway', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], account);
  let running = await launchOnFreePort(folder, account, 5);
  const { port } = running;
  const urlOf = (database: string) => `postgres://gateway@127.0.0.1:${port}/${database}`;
  let databaseCount = 0;
  const createDatabase = async (): Promise<string> => {
    const name = `test${(databaseCount += 1)}`;
    const client = new pg.Client({ connectionString: urlOf('postgres') });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return urlOf(name);
  };
  const end = async (): Promise<void> => {
    running.signal('KILL');
    await running.gone;
  };
  const stop = async (): Promise<void> => {
    running.signal('CONT');
    running.quit();
    await running.gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const restart = async (): Promise<void> => {
    await end();
    running = await launch(folder, account, port);
  };
  return {
    url: urlOf('postgres'),
    port,
    createDatabase,
    stop,
    kill: () => running.signal('KILL'),
    pause: () => running.signal('STOP'),
    resume: () => running.signal('CONT'),
    restart,
    [Symbol.asyncDispose]: stop,
  };
};

type Account = Pick<SpawnOptions, 'uid' | 'gid'>;

/** PostgreSQL refuses to run as root: then as the user that its package made, who gets the folder. */
const accountFor = (folder: string): Account => {
  if (process.getuid?.() !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8');
  const found = /^postgres:[^:]*:(\d+):(\d+)/m.exec(users) ?? /^nobody:[^:]*:(\d+):(\d+)/m.exec(users);
  const [uid, gid] = [Number(found?.[1]), Number(found?.[2])];
  chownSync(folder, uid, gid);
  return { uid, gid };
};

/** Both programs from one place, as several versions may be installed. */
const binary = (name: 'initdb' | 'postgres'): string => {
  const postgres = locate({ binary: 'postgres', folders: postgresFolders });
  return postgres === null ? name : join(dirname(realpathSync(postgres)), name);
};

const runToEnd = (name: 'initdb', words: readonly string[], account: Account): void => {
  const { status, error, stdout, stderr } = spawnSync(binary(name), words, { ...account, cwd: '/', encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} failed:\n${error?.message ?? stdout + stderr}`);
};

interface Running {
  readonly port: number;
  readonly signal: (name: 'KILL' | 'STOP' | 'CONT') => void;
  /** Without ceremony, but its shared memory is given back: that of a killed one stays, and a machine has room for 4,096. */
  readonly quit: () => void;
  readonly gone: Promise<void>;
}

/** Somebody else may take the port between our look and PostgreSQL's start. */
const launchOnFreePort = async (folder: string, account: Account, attempts: number): Promise<Running> => {
  try {
    return await launch(folder, account, await freePort());
  } catch (error) {
    if (attempts > 1 && String(error).includes('Address already in use')) {
      return launchOnFreePort(folder, account, attempts - 1);
    }
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};

const launch = async (folder: string, account: Account, port: number): Promise<Running> => {
  const settings = [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=off',
    'shared_buffers=16MB',
    'dynamic_shared_memory_type=mmap', // in the folder: of a killed one it would stay in /dev/shm for ever
  ];
  const words = ['-D', join(folder, 'data'), '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  const child = spawn(binary('postgres'), words, { ...account, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const { pid } = child;
  if (pid !== undefined) watchOver(child, pid, folder);
  const signal: Running['signal'] = (name) => {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    spawnSync('sh', ['-c', signalAll, 'sh', String(pid), name]);
  };
  try {
    await untilReady(child);
  } catch (error) {
    signal('KILL');
    throw error;
  }
  return { port, signal, quit: () => void child.kill('SIGQUIT'), gone };
};

const untilReady = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    const said: string[] = [];
    child.once('error', reject);
    child.once('close', () => reject(new Error(`postgres did not start:\n${said.join('\n')}`)));
    if (child.stderr === null) return;
    createInterface(child.stderr).on('line', (line) => {
      if (said.push(line) > 20) said.shift();
      if (line.includes('ready to accept connections')) resolve();
    });
  });

/**
 * $1: the server, $2: the signal. Each of its processes has a group of its own, so they are found as its children; it is
 * stopped first, else it would answer a child's death with new children. A bare Debian has no pgrep, a Mac has no /proc.
 */
const signalAll = `
  kill -s STOP "$1"
  children=$(pgrep -P "$1" || for stat in /proc/[0-9]*/stat; do
    read -r pid name state parent rest <"$stat" && [ "$parent" = "$1" ] && echo "$pid"
  done) 2>/dev/null
  kill -s "$2" $children "$1"`;

/** Jest tells test files nothing of the process' end, so a shell waits for the pipe to us to close, and ends PostgreSQL then. */
const watchOver = (child: ChildProcess, pid: number, folder: string): void => {
  const words = ['-c', `read -r line; ${signalAll}; rm -rf "$3"`, 'sh', String(pid), 'KILL', folder];
  const watch = spawn('sh', words, { stdio: ['pipe', 'ignore', 'ignore'] });
  child.once('exit', () => watch.kill('SIGKILL'));
};
