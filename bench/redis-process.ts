import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from './processes.ts';

/** A Redis of this bench alone, which keeps nothing on disk. Needs `redis-server` on the PATH. */
export interface RedisProcess extends AsyncDisposable {
  readonly url: string;
  /** SIGKILL: connections break at once. */
  readonly kill: () => void;
  /** SIGSTOP: connections stand, and nothing answers. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** It comes back empty, on the same port. */
  readonly restart: () => Promise<void>;
  /** Whether it has run a command of a gateway since `forgetUse`, pings and greetings left out. */
  readonly isUsed: () => Promise<boolean>;
  readonly forgetUse: () => Promise<void>;
}

/** Resolves when it takes connections. */
export const startRedis = async (): Promise<RedisProcess> => {
  const port = await freePort();
  let child = await launch(port);
  const end = async () => {
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    child.kill('SIGKILL'); // there is nothing to save
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => void child.kill('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    restart: async () => {
      await end();
      child = await launch(port);
    },
    isUsed: async () => /^cmdstat_(?:mget|set|evalsha|eval):/m.test(await tell(port, 'INFO commandstats')),
    forgetUse: async () => {
      await tell(port, 'CONFIG RESETSTAT');
    },
    [Symbol.asyncDispose]: end,
  };
};

/** The answer to one command, as it comes on the wire. */
const tell = async (port: number, command: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8').end(`${command}\r\nQUIT\r\n`);
  const texts: unknown[] = await socket.toArray();
  return texts.join('');
};

const launch = async (port: number): Promise<ChildProcess> => {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (!said.includes('Ready to accept connections')) continue;
    child.stdout.resume();
    return child;
  }
  throw new Error(`redis-server did not start:\n${said}`);
};
