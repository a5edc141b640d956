// A command as main.ts runs it, without the price of a process. That main.ts does run it so is shown by one process for each.
import { format } from 'node:util';
import { jest } from '@jest/globals';
import { StartError, type Command, type CommandWorld } from '../../src/cli/command.ts';
import { listening } from '../../src/cli/listening.ts';
import { startGateway, type UpstreamAccess } from '../../src/compose.ts';
import { ConfigError } from '../../src/config.ts';
import { createLog } from '../../src/observe/log.ts';
import { createLookout } from './lookout.ts';

/** A command that a test started in its own process. One at a time: it has the console to itself. */
export interface RunningCommand {
  /** Everything that it has written so far, both streams; and each alone. */
  readonly output: () => string;
  readonly standardOutput: () => string;
  readonly standardError: () => string;
  /** As that of a program. */
  readonly seen: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Rejects for what would show a stack trace. */
  readonly exited: Promise<{ readonly code: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts with these settings alone, over a live upstream. Nobody sits at its terminal, whoever sits at the tests'. */
export const runCommand = (
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningCommand => {
  const { output, seen, hear, end } = createLookout();
  const said = { log: '', error: '' };
  const spies = (['log', 'error'] as const).map((stream) =>
    jest.spyOn(console, stream).mockImplementation((...words: unknown[]) => {
      const line = `${format(...words)}\n`;
      said[stream] += line;
      hear(line);
    }),
  );
  const giveTerminalBack = takeTerminal();
  let isOver = false;
  const exited = command({ args, env: { DOT_ENV: 'off', ADMIN_PORT: '0', ...env }, open })
    .catch(told)
    .then((code) => ({ code }))
    .finally(() => {
      isOver = true;
      giveTerminalBack();
      for (const spy of spies) spy.mockRestore();
      end();
    });
  return {
    output,
    standardOutput: () => said.log,
    standardError: () => said.error,
    seen,
    exited,
    [Symbol.asyncDispose]: async () => {
      if (!isOver) process.emit('SIGINT'); // only a failed test leaves it waiting for a consent
      await exited;
    },
  };
};

const told = (error: unknown): number => {
  if (!(error instanceof StartError) && !(error instanceof ConfigError)) throw error;
  console.error(error.message);
  return error instanceof StartError ? error.exitCode : 2;
};

const open: CommandWorld['open'] = async (config, { level, sink }) => {
  const { upstream } = config;
  if (upstream.kind === 'sandbox') throw new Error('a sandbox of its own is what a process of its own is for');
  const access: UpstreamAccess = { ...upstream, sandbox: null };
  const log = createLog({ level, secrets: [], ...(sink && { sink }) });
  const gateway = await listening({ ...config, portName: 'PORT' }, startGateway(config, access, log));
  return { gateway, access, close: () => gateway.close() };
};

const takeTerminal = (): (() => void) => {
  const streams = [process.stdin, process.stdout, process.stderr];
  const were = streams.map((stream) => Object.getOwnPropertyDescriptor(stream, 'isTTY'));
  for (const stream of streams) Object.defineProperty(stream, 'isTTY', { value: false, configurable: true });
  return () => {
    for (const [at, stream] of streams.entries()) {
      Object.defineProperty(stream, 'isTTY', were[at] ?? { value: undefined, configurable: true });
    }
  };
};
