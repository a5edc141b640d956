import { createDurations, createTable, type Durations } from './access-log-count.ts';

/** When something was met first and last, epoch ms. Files may come in any order. */
export interface Seen {
  firstAt: number;
  lastAt: number;
}

/** Not met yet. */
export const never = (): Seen => ({ firstAt: Infinity, lastAt: -Infinity });

/** One caller. */
export interface CallerRow extends Seen {
  readonly caller: string;
  requests: number;
  refused: number;
  /** Ids asked for in vain, and the operations that did. */
  denied: number;
  deniedIn: number;
  upstreamCalls: number;
  readonly durations: Durations;
  /** Locations, and when each was touched first. */
  readonly touched: Map<string, number>;
  /** Requests by hours since 1970. */
  readonly hours: Map<number, number>;
}

/** No request yet. */
export const newCaller = (caller: string): CallerRow => ({
  ...never(),
  ...{ caller, requests: 0, refused: 0, denied: 0, deniedIn: 0, upstreamCalls: 0 },
  ...{ durations: createDurations(), touched: new Map<string, number>(), hours: new Map<number, number>() },
});

/** One location. What it cost upstream is not in the lines: an operation may touch several. */
export interface LocationRow extends Seen {
  readonly location: string;
  operations: number;
  failed: number;
  callers: number;
}

/** One operation of one document. */
export interface OperationRow extends Seen {
  readonly name: string | null;
  readonly hash: string | null;
  operations: number;
  untrusted: number;
  refused: number;
  failed: number;
  bugs: number;
  upstreamCalls: number;
  fromCache: number;
  readonly durations: Durations;
}

/** No operation yet. */
export const newOperation = ({ name, hash }: Pick<OperationRow, 'name' | 'hash'>): OperationRow => ({
  ...never(),
  ...{ name, hash, operations: 0, untrusted: 0, refused: 0, failed: 0, bugs: 0, upstreamCalls: 0, fromCache: 0 },
  durations: createDurations(),
});

/** A code, and who met it: a caller, or a network where the caller is not known. */
export interface RefusalRow extends Seen {
  readonly code: string;
  readonly caller: string | null;
  readonly network: string | null;
  requests: number;
}

/** What somebody does with a grant. */
export interface GrantRow extends Seen {
  readonly grant: string;
  readonly action: string;
  readonly by: string;
  done: number;
  failed: number;
  lastFailure: string | null;
}

/** How many lines were what. */
export interface LineCounts {
  /** All but empty ones. */
  read: number;
  operation: number;
  refusal: number;
  grant: number;
  other: number;
  unreadable: number;
  /** Before or after what was asked for. */
  outside: number;
}

/** Keys that a table keeps: whatever the log holds, and however long it is, the process stays under 500 MB. */
const mostRows = 10_000;

/** Empty tables. Whoever counts changes the rows, everybody else reads them. */
export const createTables = () => {
  const lines: LineCounts = { read: 0, operation: 0, refusal: 0, grant: 0, other: 0, unreadable: 0, outside: 0 };
  return {
    lines,
    /** Of the lines that count. */
    period: never(),
    callers: createTable<CallerRow>(mostRows),
    locations: createTable<LocationRow>(mostRows),
    operations: createTable<OperationRow>(mostRows),
    refusals: createTable<RefusalRow>(mostRows),
    grants: createTable<GrantRow>(mostRows),
  };
};

/** All that a review is made from. */
export type Tables = ReturnType<typeof createTables>;
