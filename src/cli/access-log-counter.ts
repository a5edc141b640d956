import { createRoom, type Room } from './access-log-count.ts';
import { verdictOf, type GrantLine, type LogLine, type OperationLine, type RefusalLine } from './access-log-line.ts';
import { createTables, never, newCaller, newOperation, type Seen, type Tables } from './access-log-rows.ts';

/** Pairs of a caller with a location, and of a caller with an hour, together. */
const mostPairs = 500_000;

/** Counts lines, one after the other, in any order. */
export interface Counter {
  readonly count: (line: LogLine) => void;
  readonly tables: Tables;
  /** Whether pairs of callers with locations or hours were too many to keep. */
  readonly isCut: () => boolean;
}

/** `since` and `until` (not included) are epoch ms. */
export const createCounter = ({ since, until }: { readonly since: number; readonly until: number }): Counter => {
  const tables = createTables();
  const room = createRoom(mostPairs);
  const { lines, period } = tables;
  return {
    tables,
    isCut: room.isFull,
    count: (line) => {
      lines.read++;
      const isRead = line.kind !== 'other' && line.kind !== 'unreadable';
      const isOutside = isRead && (line.time < since || line.time >= until);
      lines[isOutside ? 'outside' : line.kind]++;
      if (!isRead || isOutside) return;
      see(period, line.time);
      if (line.kind === 'operation') countOperation(tables, room, line);
      else if (line.kind === 'refusal') countRefusal(tables, room, line);
      else countGrant(tables, line);
    },
  };
};

const see = (row: Seen, time: number): void => {
  row.firstAt = Math.min(row.firstAt, time);
  row.lastAt = Math.max(row.lastAt, time);
};

const countOperation = (tables: Tables, room: Room, line: OperationLine): void => {
  const { time, denied, upstreamCalls, durationMs, outcome } = line;
  const caller = countCaller(tables, room, { ...line, code: outcome });
  if (caller) {
    caller.denied += denied;
    if (denied > 0) caller.deniedIn++;
    caller.upstreamCalls += upstreamCalls;
    caller.durations.add(durationMs);
  }
  for (const location of line.locations) {
    const row = tables.locations.row(location, () => ({ ...never(), location, operations: 0, failed: 0, callers: 0 }));
    if (row === null) continue;
    see(row, time);
    row.operations++;
    if (verdictOf(outcome) === 'failed') row.failed++;
    const isNew = caller && room.put(caller.touched, row.location, (kept) => Math.min(kept ?? Infinity, time));
    if (isNew) row.callers++;
  }
  countDocument(tables, line);
  if (verdictOf(outcome) === 'refused') addRefusal(tables, { ...line, network: null, code: outcome });
};

const hourMs = 3_600_000;

const countCaller = ({ callers }: Tables, room: Room, { caller, time, code }: Omit<Refused, 'network'>) => {
  const row = caller === null ? null : callers.row(caller, () => newCaller(caller));
  if (row === null) return null;
  see(row, time);
  row.requests++;
  if (verdictOf(code) === 'refused') row.refused++;
  room.put(row.hours, Math.floor(time / hourMs), (kept) => (kept ?? 0) + 1);
  return row;
};

const countDocument = ({ operations }: Tables, line: OperationLine): void => {
  const row = operations.row(`${line.name ?? ''} ${line.hash ?? ''}`, () => newOperation(line));
  if (row === null) return;
  see(row, line.time);
  row.operations++;
  if (!line.isTrusted) row.untrusted++;
  const verdict = verdictOf(line.outcome);
  if (verdict === 'refused' || verdict === 'failed') row[verdict]++;
  if ([line.outcome, ...line.codes].includes('INTERNAL_SERVER_ERROR')) row.bugs++;
  row.upstreamCalls += line.upstreamCalls;
  row.fromCache += line.fromCache;
  row.durations.add(line.durationMs);
};

const countRefusal = (tables: Tables, room: Room, line: RefusalLine): void => {
  countCaller(tables, room, line);
  addRefusal(tables, line);
};

type Refused = Pick<RefusalLine, 'time' | 'caller' | 'network' | 'code'>;

const addRefusal = ({ refusals }: Tables, { time, code, caller, network }: Refused): void => {
  const who = caller === null ? { caller, network } : { caller, network: null };
  const row = refusals.row(`${code} ${caller ?? network ?? ''}`, () => ({ ...never(), ...who, code, requests: 0 }));
  if (row === null) return;
  see(row, time);
  row.requests++;
};

const countGrant = ({ grants }: Tables, { time, grant, action, by, outcome }: GrantLine): void => {
  const row = grants.row(`${grant} ${action} ${by}`, () => ({
    ...never(),
    ...{ grant, action, by, done: 0, failed: 0, lastFailure: null },
  }));
  if (row === null) return;
  if (outcome === 'done') row.done++;
  else {
    if (row.lastFailure === null || time >= row.lastAt) row.lastFailure = outcome;
    row.failed++;
  }
  see(row, time);
};
