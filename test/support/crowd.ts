import type { IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Question } from './keep-alive.ts';
import { run } from './process.ts';

/** Who asks, how long, and what. */
export interface Asking {
  readonly url: string;
  /** Each over a connection of its own. */
  readonly clients: number;
  readonly ms: number;
  /** Asks so often, all together; null for all of them, one question after the other without a rest, whatever they are answered. */
  readonly everyMs: number | null;
  /** Null for callers without one. */
  readonly token: string | null;
  readonly warm: readonly Question[];
  /** Has a variable `search`, which is another one each time, so that nothing is known of its answer. */
  readonly cold: Question | null;
  /** 0 to 1. */
  readonly coldShare: number;
}

/** What became of all questions that were asked before the end. */
export interface CrowdOutcome {
  /** How many there are of each status; of connections that ended without one, of each error's code. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Those with 200 and an error in the answer. */
  readonly withErrors: number;
  /** Of those with 200. */
  readonly tookMs: readonly number[];
  /** Refusals that did not say when to come again. */
  readonly withoutRetryAfter: number;
  /** Of the last 429. */
  readonly limitedHeaders: IncomingHttpHeaders | null;
}

const program = fileURLToPath(new URL('crowd-process.ts', import.meta.url));

/** In a process of its own, so that whoever measures beside it is not slowed down by it. Resolves when all have been answered. */
export const runCrowd = async (asking: Asking): Promise<CrowdOutcome> => {
  await using crowd = run(process.execPath, [program, JSON.stringify(asking)]);
  const { code } = await crowd.exited;
  if (code !== 0) throw new Error(`the crowd ended with ${code ?? 'a signal'}: ${crowd.output()}`);
  return JSON.parse(crowd.output()) as CrowdOutcome;
};

/** Milliseconds of the answers with 200, and how many were refused, failed or held an error. */
export interface Served {
  readonly answers: number;
  readonly bad: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** How a crowd was served. */
export const servedOf = ({ statuses, tookMs, withErrors }: CrowdOutcome): Served => {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  const all = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return { answers: sorted.length, bad: all - sorted.length + withErrors, p50: at(0.5), p99: at(0.99), most: at(1) };
};
