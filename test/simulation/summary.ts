import { invariants } from './checks.ts';
import { replayLine } from './options.ts';
import type { Report } from './run.ts';

/** What is told at the end, of all worlds together. */
export interface Summary {
  readonly worlds: number;
  readonly virtualHours: number;
  readonly operations: number;
  readonly upstreamCalls: number;
  readonly refusedUpstream: number;
  /** Parts of answers, by what they were. */
  readonly parts: Readonly<Record<string, number>>;
  readonly fromCache: number;
  readonly shared: number;
  readonly left: number;
  readonly lost: number;
  readonly crowds: number;
  readonly judgedCrowds: number;
  /** Requests for each answer in judged crowds; null where there was none. */
  readonly cost: number | null;
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  /** Of each world, in order. */
  readonly hashes: readonly string[];
  readonly realSeconds: number;
  readonly failures: readonly Failure[];
}

/** A world in which something is broken. */
interface Failure {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  readonly event: number;
  readonly replay: string;
}

/** Adds up. */
export const summarize = (reports: readonly Report[], realSeconds: number): Summary => {
  const sum = (pick: (report: Report) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const answers = sum(({ crowds }) => crowds.answers);
  return {
    worlds: reports.length,
    virtualHours: sum(({ virtualMs }) => virtualMs) / 3_600_000,
    operations: sum(({ desk }) => desk.operations),
    upstreamCalls: sum(({ upstreamCalls }) => upstreamCalls),
    refusedUpstream: sum(({ refusedUpstream }) => refusedUpstream),
    parts: merged(reports.map(({ desk }) => desk.parts)),
    fromCache: sum(({ desk }) => desk.fromCache),
    shared: sum(({ desk }) => desk.shared),
    left: sum(({ desk }) => desk.left),
    lost: sum(({ desk }) => desk.lost),
    crowds: sum(({ crowds }) => crowds.count),
    judgedCrowds: sum(({ crowds }) => crowds.judged),
    cost: answers === 0 ? null : sum(({ crowds }) => crowds.requests) / answers,
    faults: merged(reports.map(({ faults }) => faults)),
    events: sum(({ events }) => events),
    hashes: reports.map(({ hash }) => hash),
    realSeconds,
    failures: reports.flatMap(failuresOf),
  };
};

const failuresOf = ({ options, violation }: Report): Failure[] =>
  violation === null ? [] : [{ seed: options.seed, ...violation, replay: replayLine(options) }];

const merged = (maps: readonly ReadonlyMap<string, number>[]): Record<string, number> => {
  const all = new Map<string, number>();
  for (const map of maps) for (const [name, count] of map) all.set(name, (all.get(name) ?? 0) + count);
  return Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

/** For people. */
export const tableOf = (summary: Summary): string => {
  const { virtualHours, realSeconds, parts, faults, failures, hashes } = summary;
  const stale = (parts['STALE_WHILE_REVALIDATE'] ?? 0) + (parts['STALE_IF_ERROR'] ?? 0);
  const rows: readonly (readonly [string, string | number])[] = [
    ['worlds', summary.worlds],
    ['virtual time', `${virtualHours.toFixed(2)} h`],
    ['operations', summary.operations],
    ['of which the caller left, the replica died', `${summary.left}, ${summary.lost}`],
    ['upstream calls', summary.upstreamCalls],
    ['429s', summary.refusedUpstream],
    ['answers from the cache, and shared', `${summary.fromCache}, ${summary.shared}`],
    ['stale answers', stale],
    ['parts of answers', listed(parts)],
    ['faults', listed(faults)],
    ['crowds, judged without faults', `${summary.crowds}, ${summary.judgedCrowds}`],
    ['requests for an answer in these', summary.cost?.toFixed(4) ?? 'none judged'],
    ['events', hashes.length === 1 ? `${summary.events}, hash ${hashes[0] ?? ''}` : summary.events],
    ['real time', `${realSeconds.toFixed(1)} s`],
    ['invariants broken', failures.length],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
};

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

/** What is broken, the last events before it, and the line that plays it again. */
export const failureOf = ({ options, violation, lastEvents }: Report): string => {
  if (violation === null) return '';
  const { invariant, message, event } = violation;
  return [
    ...lastEvents.slice(-25),
    `seed ${options.seed}: "${invariants[invariant]}" (${invariant}) is broken at event ${event}: ${message}`,
    `replay: ${replayLine(options)}`,
  ].join('\n');
};
