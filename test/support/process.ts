import { spawn } from 'node:child_process';
import { settings } from '../../src/config.ts';
import { createLookout } from './lookout.ts';

/** A program that a test started. It dies with the test process, however that ends. */
export interface Running {
  readonly pid: number;
  /** Everything that it has written so far, both streams. */
  readonly output: () => string;
  /** Resolves with the first match in what it has written or is going to write; rejects when it ends before that, and after 20 s. */
  readonly seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Ends the program alone, not its parents (npm passes signals on by itself). */
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs a command of the project with these settings and none of the developer's; leaving the scope ends it and all that it started. */
export const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(command, args, {
    env: { ...withoutSettings(process.env), DOT_ENV: 'off', ADMIN_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own: npm starts a shell that starts Node
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const endGroup = watchOver(pid);
  const { output, seen, hear, end } = createLookout();
  let isOver = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      isOver = true;
      endGroup();
      resolve({ code, signal });
      end();
    });
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => hear(chunk.toString()));
  return {
    pid,
    output,
    exited,
    seen,
    kill: (signal) => {
      if (!isOver) process.kill(pid, signal);
    },
    [Symbol.asyncDispose]: async () => {
      endGroup();
      await exited;
    },
  };
};

/** A developer's UPSTREAM_* would send tests to the real Users API. */
const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const names = new Set(settings.flatMap(({ name }) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
};

/**
 * A shell outside both groups ends the whole group when its pipe to us closes: by the function that this gives, or because
 * this process is gone. Jest tells test files nothing of that, and Ctrl-C does not reach a group of its own.
 */
const watchOver = (group: number): (() => void) => {
  const words = ['-c', 'read -r line; kill -s KILL -- "-$1"', 'sh', String(group)];
  const watch = spawn('sh', words, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  return () => void watch.stdin.end();
};

/** Settings for a gateway over its sandbox on free ports. */
export const freePorts = { PORT: '0', SANDBOX_PORT: '0', DRAIN_DELAY_MS: '0' } as const;
