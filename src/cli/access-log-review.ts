import type { Counter } from './access-log-counter.ts';
import { recentFrom, rules } from './access-log-rules.ts';
import type {
  CallerRow,
  GrantRow,
  LineCounts,
  LocationRow,
  OperationRow,
  RefusalRow,
  Seen,
} from './access-log-rows.ts';
import type { Table } from './access-log-count.ts';
import { commandFor, type Scope } from './access-log-command.ts';

/** What a rule has found; `more` findings are not told. */
interface Unusual {
  readonly rule: string;
  readonly looksFor: string;
  readonly findings: readonly { readonly text: string; readonly command: string }[];
  readonly more: number;
}

/** The first rows of a table; `more` rows are not told, `others` lines found no room in it. */
export interface Part<T> {
  readonly rows: readonly T[];
  readonly more: number;
  readonly others: number;
}

/** All that is told, as --json writes it. Moments are ISO 8601 in UTC, durations milliseconds, null where they are over 60 s. */
export interface Review {
  readonly files: readonly string[];
  /** Of the lines that count; null for none. */
  readonly period: { readonly from: string; readonly to: string } | null;
  readonly lines: Readonly<LineCounts>;
  readonly unusual: readonly Unusual[];
  /** Rules that found nothing. */
  readonly quiet: readonly string[];
  /** What keeps this from being the whole truth. */
  readonly notes: readonly string[];
  readonly callers: Part<ReturnType<typeof callerOf>>;
  readonly locations: Part<ReturnType<typeof locationOf>>;
  readonly operations: Part<ReturnType<typeof operationOf>>;
  readonly refusals: Part<ReturnType<typeof refusalOf>>;
  readonly grants: Part<ReturnType<typeof grantOf>>;
}

/** `top`: how many rows of each table, and findings of each rule, are told. */
export const reviewOf = ({ tables, isCut }: Counter, { top, ...scope }: Scope & { readonly top: number }): Review => {
  const recent = recentFrom(tables.period);
  const found = rules.map(({ name, looksFor, find }) => ({ rule: name, looksFor, all: find(tables, recent) }));
  const { lines, period, callers, locations, operations, refusals, grants } = tables;
  const isEmpty = lines.operation + lines.refusal + lines.grant === 0;
  const areFull = [callers, locations, operations, refusals, grants].some((table) => table.others() > 0);
  return {
    files: scope.files,
    period: isEmpty ? null : { from: iso(period.firstAt), to: iso(period.lastAt) },
    lines,
    unusual: found
      .filter(({ all }) => all.length > 0)
      .map(({ rule, looksFor, all }) => ({
        ...{ rule, looksFor, more: Math.max(0, all.length - top) },
        findings: all.slice(0, top).map(({ text, condition }) => ({ text, command: commandFor(condition, scope) })),
      })),
    quiet: found.filter(({ all }) => all.length === 0).map(({ rule }) => rule),
    notes: [
      ...(lines.operation === 0 ? ['There is no line of an operation: is this the log, and is LOG_LEVEL info?'] : []),
      ...(!isEmpty && recent === Infinity ? ['The period is shorter than a day: nothing is called new in it.'] : []),
      ...(areFull || isCut()
        ? ['There were more names than are kept: counts of callers and locations are too low.']
        : []),
    ],
    callers: part(callers, top, callerOf),
    locations: part(locations, top, locationOf),
    operations: part(operations, top, operationOf),
    refusals: part(refusals, top, refusalOf),
    grants: part(grants, top, grantOf),
  };
};

const iso = (time: number): string => new Date(time).toISOString();
const seen = ({ firstAt, lastAt }: Seen) => ({ firstAt: iso(firstAt), lastAt: iso(lastAt) });
const finite = (ms: number): number | null => (ms === Infinity ? null : ms);

type Counts = { readonly requests: number } | { readonly operations: number } | Pick<GrantRow, 'done' | 'failed'>;

const countOf = (row: Counts): number =>
  'requests' in row ? row.requests : 'operations' in row ? row.operations : row.done + row.failed;

const part = <T extends Counts, Told>({ rows, others }: Table<T>, top: number, told: (row: T) => Told): Part<Told> => {
  const sorted = [...rows.values()].sort((a, b) => countOf(b) - countOf(a));
  return { rows: sorted.slice(0, top).map(told), more: Math.max(0, sorted.length - top), others: others() };
};

const callerOf = ({ caller, requests, refused, denied, touched, upstreamCalls, durations, ...row }: CallerRow) => ({
  ...{ caller, requests, refused, denied, locations: touched.size, upstreamCalls },
  p95Ms: finite(durations.quantile(0.95)),
  ...seen(row),
});

const locationOf = ({ location, operations, failed, callers, ...row }: LocationRow) => ({
  ...{ location, operations, failed, callers },
  ...seen(row),
});

const operationOf = (row: OperationRow) => ({
  ...{ name: row.name, hash: row.hash, operations: row.operations, untrusted: row.untrusted },
  ...{ refused: row.refused, failed: row.failed },
  upstreamCallsMean: row.upstreamCalls / row.operations,
  fromCacheMean: row.fromCache / row.operations,
  p50Ms: finite(row.durations.quantile(0.5)),
  p95Ms: finite(row.durations.quantile(0.95)),
  ...seen(row),
});

const refusalOf = ({ code, caller, network, requests, ...row }: RefusalRow) => ({
  ...{ code, caller, network, requests },
  ...seen(row),
});

const grantOf = ({ grant, action, by, done, failed, lastFailure, ...row }: GrantRow) => ({
  ...{ grant, action, by, done, failed, lastFailure },
  ...seen(row),
});
