import { spawn } from 'node:child_process';

/** A program that a test started. */
export interface Running {
  readonly pid: number;
  /** Everything that it has written so far, both streams. */
  readonly output: () => string;
  /** Resolves with the first match in what it has written or is going to write; rejects when it ends before that. */
  seen(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends the program alone, not its parents (npm passes signals on by itself). */
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs a command of the project with these settings on top of the environment; leaving the scope ends it and all that it started. */
export const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  let isOver = false;
  const lookers = new Set<() => void>();
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      isOver = true;
      resolve({ code, signal });
      for (const look of lookers) look();
    });
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of lookers) look();
    });
  }
  const pid = child.pid ?? 0;
  const kill = (signal: NodeJS.Signals, target = pid) => {
    if (!isOver) process.kill(target, signal);
  };
  return {
    pid,
    output: () => text,
    exited,
    kill,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text);
          if (match) resolve(match);
          else if (isOver) reject(new Error(`ended before ${String(pattern)}: ${text}`));
          else return;
          lookers.delete(look);
        };
        lookers.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      kill('SIGKILL', -pid);
      await exited;
    },
  };
};

/** Settings for a gateway over its sandbox on free ports. */
export const freePorts = { PORT: '0', SANDBOX_PORT: '0', DRAIN_DELAY_MS: '0' } as const;
