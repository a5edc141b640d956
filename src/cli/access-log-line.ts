/** One operation, whatever became of it. */
export interface OperationLine {
  readonly kind: 'operation';
  readonly time: number;
  /** Null where nobody was known yet. */
  readonly caller: string | null;
  readonly name: string | null;
  /** Of the document; null where there was none that could be read. */
  readonly hash: string | null;
  readonly isTrusted: boolean;
  /** The first 20 at most. */
  readonly locations: readonly string[];
  readonly denied: number;
  readonly upstreamCalls: number;
  readonly fromCache: number;
  readonly outcome: string;
  readonly codes: readonly string[];
  readonly durationMs: number;
}

/** A request that was refused before it became an operation. */
export interface RefusalLine {
  readonly kind: 'refusal';
  readonly time: number;
  readonly caller: string | null;
  readonly network: string | null;
  readonly code: string;
}

/** A use of a grant. */
export interface GrantLine {
  readonly kind: 'grant';
  readonly time: number;
  readonly action: string;
  readonly grant: string;
  readonly by: string;
  readonly outcome: string;
}

/** A line of the log: one of those that a review reads, another one, or none of ours. */
export type LogLine =
  OperationLine | RefusalLine | GrantLine | { readonly kind: 'other' } | { readonly kind: 'unreadable' };

const unreadable = { kind: 'unreadable' } as const;

/** Never throws. Texts come out without anything that a terminal would obey, and short. */
export const readLine = (line: string): LogLine => {
  const fields = fieldsOf(line);
  if (fields === null) return unreadable;
  const { msg, audit } = fields;
  const isOurs = msg === 'operation' || msg === 'request refused' || audit === 'grant';
  if (!isOurs) return { kind: 'other' };
  const time = numberOf(fields['time']);
  if (time <= 0 || time > latestTime) return unreadable;
  const read = audit === 'grant' ? grantOf : msg === 'operation' ? operationOf : refusalOf;
  return read(fields, time) ?? unreadable;
};

type Fields = Readonly<Record<string, unknown>>;

const latestTime = 8.64e15; // no Date is later (ECMA-262, "time values")

const fieldsOf = (line: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
};

const operationOf = (fields: Fields, time: number): OperationLine | null => {
  const outcome = textOf(fields['outcome']);
  if (outcome === null) return null;
  return {
    kind: 'operation',
    time,
    caller: textOf(fields['caller']),
    name: textOf(fields['name']),
    hash: textOf(fields['hash']),
    isTrusted: fields['trusted'] === true,
    locations: textsOf(fields['locations']),
    denied: numberOf(fields['denied']),
    upstreamCalls: numberOf(fields['upstreamCalls']),
    fromCache: numberOf(fields['fromCache']),
    outcome,
    codes: textsOf(fields['codes']),
    durationMs: numberOf(fields['durationMs']),
  };
};

const refusalOf = (fields: Fields, time: number): RefusalLine | null => {
  const code = textOf(fields['code']);
  if (code === null) return null;
  return { kind: 'refusal', time, code, caller: textOf(fields['caller']), network: textOf(fields['network']) };
};

const grantOf = (fields: Fields, time: number): GrantLine | null => {
  const [action, grant, outcome] = [textOf(fields['action']), textOf(fields['grant']), textOf(fields['outcome'])];
  if (action === null || grant === null || outcome === null) return null;
  return { kind: 'grant', time, action, grant, outcome, by: textOf(fields['by']) ?? 'gateway' };
};

const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : 0;

const mostItems = 20;

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.slice(0, mostItems).flatMap((item: unknown) => textOf(item) ?? []) : [];

const longest = 100;

// Nothing that the gateway writes into these fields is longer but a caller's own name for an operation. The whole is let go, not cut:
// a part of a text keeps the rest of it in memory.
const textOf = (value: unknown): string | null => {
  if (typeof value !== 'string') return null;
  return value.length > longest ? `(${value.length} characters)` : printable(value);
};

/** Without control characters, and without those that turn the direction of writing or are not seen: a line of the log must not be able
 * to draw on the terminal of whoever reviews it. */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');

/** What became of an operation, for people. `failed` is our or upstream's doing, `refused` the caller's. */
export type Verdict = 'ok' | 'cancelled' | 'refused' | 'failed';

const failures = /^(UPSTREAM_|LOCATION_|GRANT_|AUTH_UNAVAILABLE$|OVERLOADED$|SHUTTING_DOWN$|INTERNAL_SERVER_ERROR$)/;
// Answers as good as another: the first half of automatic persisted queries, and a caller who wanted no upstream call.
const ordinary: ReadonlySet<string> = new Set(['ok', 'PERSISTED_QUERY_NOT_FOUND', 'NOT_CACHED']);

/** By the first code. One that is not known here counts as a refusal, so that it is seen. */
export const verdictOf = (outcome: string): Verdict => {
  if (ordinary.has(outcome)) return 'ok';
  if (outcome === 'cancelled') return 'cancelled';
  return failures.test(outcome) ? 'failed' : 'refused';
};
