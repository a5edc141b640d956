// Lines of a log, as the gateway writes them, and what the review says of them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accessLog } from '../../src/cli/access-log.ts';
import type { Review } from '../../src/cli/access-log-review.ts';
import { runCommand } from '../support/command.ts';
import { scratchFolder } from '../support/scratch.ts';

export const hour = 3_600_000;
/** A Friday. The last tenth of the week that begins with it begins in the morning of the 26th. */
export const start = Date.parse('2026-11-20T00:00:00Z');
export const week = 7 * 24 * hour;

export type Fields = Readonly<Record<string, unknown>>;

export const operation = (fields: Fields = {}): Fields => ({
  ...{ level: 'info', time: start, requestId: 'r-1', caller: 'user:0123456789ab', kind: 'USER', name: 'LiveReporting' },
  ...{ type: 'query', hash: '00000000000000aa', trusted: true, locations: ['L1'], locationCount: 1, denied: 0 },
  ...{ upstreamCalls: 3, shared: 0, fromCache: 4, estimated: 5, outcome: 'ok', codes: [], errors: 0 },
  ...{ durationMs: 12, msg: 'operation', ...fields },
});

export const refusal = (fields: Fields = {}): Fields => ({
  ...{ level: 'warn', time: start, requestId: 'r-2', caller: null, code: 'UNAUTHENTICATED', status: 401 },
  ...{ method: 'POST', route: '/graphql', network: '203.0.113.0/24', msg: 'request refused', ...fields },
});

export const grantUse = (fields: Fields = {}): Fields => ({
  ...{ level: 'info', time: start, audit: 'grant', action: 'renew', grant: 'location:L1', by: 'gateway' },
  ...{ outcome: 'done', msg: 'grant renew', ...fields },
});

/** So many of a kind, evenly over a week from its first moment to its last. */
export const overAWeek = (count: number, line: (fields: Fields) => Fields): Fields[] =>
  Array.from({ length: count }, (_one, index) =>
    line({ time: start + Math.floor((index * (week - 1)) / (count - 1)) }),
  );

export const times = (count: number, line: Fields): Fields[] => Array.from({ length: count }, () => line);

export const textOf = (lines: readonly Fields[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** What the command has said. */
export const said = async (...args: string[]) => {
  await using running = runCommand(accessLog, args);
  const { code } = await running.exited;
  return { code, text: running.standardOutput(), errors: running.standardError() };
};

/** What --json has written. */
export const readReview = (json: string): Review => JSON.parse(json) as Review;

/** Files for the command to read. */
export const createLogFolder = async () => {
  const folder = await mkdtemp(join(scratchFolder(), 'access-log-'));
  const fileOf = async (content: string | Buffer, name = 'gateway.log'): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  return {
    folder,
    fileOf,
    /** What is told of these lines, as --json has it. */
    reviewed: async (lines: readonly Fields[], ...args: string[]) =>
      readReview((await said('summary', '--json', ...args, await fileOf(textOf(lines)))).text),
    remove: () => rm(folder, { recursive: true }),
  };
};
