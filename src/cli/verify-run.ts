import type { Tally } from '../observe/tally.ts';
import type { CatalogueEntry } from '../operation/catalogue.ts';
import { askGateway, type Askable, type GraphProblem } from './ask-gateway.ts';
import { variablesFor, type Sight } from './verify-look.ts';

/** How one operation went. */
export interface Outcome {
  readonly operation: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  /** Of a failure; each code once. */
  readonly problems: readonly GraphProblem[];
  /** Why it was skipped. */
  readonly reason: string | null;
  readonly upstreamCalls: number;
  readonly durationMs: number;
}

/** What operations are run with. */
export interface RunDeps {
  readonly gateway: Askable;
  readonly tally: Tally;
  readonly location: Sight | null;
}

/** One after the other, so that the calls counted are the operation's own. */
export const runOperation = async ({ gateway, tally, location }: RunDeps, entry: CatalogueEntry): Promise<Outcome> => {
  const variables = variablesFor(entry.text, location);
  const nothing = { operation: entry.name, problems: [], reason: null, upstreamCalls: 0, durationMs: 0 };
  if (variables.kind === 'none') return { ...nothing, status: 'skipped', reason: variables.reason };
  const callsBefore = callsIn(tally);
  const startedAt = performance.now();
  const { errors } = await askGateway(gateway, entry.text, variables.values);
  const problems = [...new Map(errors.map((problem) => [problem.code + problem.message, problem])).values()];
  return {
    ...nothing,
    status: problems.length === 0 ? 'ok' : 'failed',
    problems,
    upstreamCalls: callsIn(tally) - callsBefore,
    durationMs: Math.round(performance.now() - startedAt),
  };
};

/** Requests that left for upstream so far, each repeat by itself, token requests left out. */
export const callsIn = (tally: Tally): number => sum(tally, /^wire /);

/** Token requests so far; an exchange counts as a call. */
export const tokenRequestsIn = (tally: Tally): number => sum(tally, /^grant (issue|renew|reconnect) /);

/** What upstream did otherwise than its contract says, and was read all the same: `endpoint field` and how often. */
export const deviationsIn = (tally: Tally): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(tally.snapshot()).flatMap(([name, count]) =>
      name.startsWith('tolerated ') ? [[name.slice('tolerated '.length), count]] : [],
    ),
  );

const sum = (tally: Tally, names: RegExp): number =>
  Object.entries(tally.snapshot()).reduce((total, [name, count]) => (names.test(name) ? total + count : total), 0);
