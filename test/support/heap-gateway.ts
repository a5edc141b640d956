import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { settings } from '../../src/config.ts';
import { createLookout } from './lookout.ts';

/** A gateway in a process of its own, over its sandbox, whose memory can be asked for. */
export interface HeapGateway {
  readonly url: string;
  /** One that it may read. */
  readonly location: string;
  /** Bytes of the heap and of what hangs on it, after a forced collection. */
  readonly heapBytes: () => Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

const program = fileURLToPath(new URL('../faults/heap-gateway.ts', import.meta.url));
const banner = /curl -s (http:\S+)\/graphql .*location\(id: \\"(\w+)\\"\)/;

/** As `npm start` starts it in sandbox mode, with these settings and none of the developer's. Leaving the scope ends it. */
export const startHeapGateway = async (env: Readonly<Record<string, string>> = {}): Promise<HeapGateway> => {
  const names = new Set(settings.flatMap(({ name }) => [name, `${name}_FILE`]));
  const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.has(name)));
  const child = spawn(process.execPath, ['--expose-gc', '--max-semi-space-size=4', program], {
    env: { ...rest, UPSTREAM: 'sandbox', PORT: '0', SANDBOX_PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const { seen, hear, end } = createLookout();
  child.stdout?.on('data', (chunk: Buffer) => hear(chunk.toString()));
  child.once('exit', end);
  const [, url = '', location = ''] = await seen(banner);
  return {
    url,
    location,
    heapBytes: async () => {
      const told = once(child, 'message');
      child.send('heap');
      return Number((await told)[0]);
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};
