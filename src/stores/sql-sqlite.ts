import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, sql, SqliteDialect } from 'kysely';
import type { SqliteDatabase } from 'kysely';
import { messageOf, runWithin, StoreUnavailable } from './sql-run.ts';
import type { Database } from './sql.ts';

/**
 * How long a statement waits for another process' write. This process stands still meanwhile, and writes take milliseconds:
 * long enough for a slow disk, short enough for whoever waits for an answer.
 */
const busyMs = 1_000;

/** Opens or makes the file, readable by its owner only. Throws StoreUnavailable, which names it, where that fails. */
export const openSqlite = async <Tables>(path: string, timeoutMs: number): Promise<Database<Tables>> => {
  const file = await open(path);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: forKysely(file) }) });
  const run = async <T>(query: (db: Kysely<Tables>) => Promise<T>, limitMs = timeoutMs): Promise<T> =>
    runWithin(query(db), { limitMs, onLate: () => undefined, isUnavailable });
  return {
    kind: 'sqlite',
    run,
    now: () => sql<number>`${Date.now()}`,
    close: () => {
      if (file.isOpen) file.close();
      return Promise.resolve();
    },
  };
};

const open = async (path: string, attempts = 20): Promise<DatabaseSync> => {
  try {
    if (path !== ':memory:') keepPrivate(path);
    return openFile(path);
  } catch (error) {
    // Two processes that turn a new file to WAL at once: SQLite refuses one without waiting.
    if (isBusy(error) && attempts > 1) return wait(50).then(() => open(path, attempts - 1));
    throw new StoreUnavailable(`The store ${path} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
};

const openFile = (path: string): DatabaseSync => {
  const file = new DatabaseSync(path, { timeout: busyMs });
  try {
    file.exec('pragma journal_mode = wal; pragma synchronous = full');
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
};

/**
 * The file is there before SQLite comes, as SQLite gives its side files the mode of the main file. One that others could
 * read, restored from a backup perhaps, is tightened rather than refused: nobody gains from a gateway that does not start.
 */
const keepPrivate = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  }
};

/** What Kysely's own dialect asks of a driver. */
const forKysely = (file: DatabaseSync): SqliteDatabase => ({
  close: () => file.close(),
  prepare: (text) => {
    const statement = file.prepare(spelledFor(file, text));
    return {
      reader: statement.columns().length > 0,
      all: (values) => statement.all(...values.map(bindable)).map((row) => ({ ...row })), // its rows have no prototype
      run: (values) => statement.run(...values.map(bindable)),
      iterate: (values) => statement.iterate(...values.map(bindable)),
    };
  },
});

const spelledFor = (file: DatabaseSync, text: string): string => {
  // A transaction that reads first and then writes fails at once if another process wrote in between: it waits at its begin.
  if (text === 'begin') return 'begin immediate';
  // SQLite may have rolled back by itself, on a full disk say; an error about that would hide the reason.
  if (text === 'rollback' && !file.isTransaction) return 'select 1';
  return text;
};

const bindable = (value: unknown): SQLInputValue => {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`SQLite takes no ${typeof value} as a parameter`);
};

// https://www.sqlite.org/rescode.html: the low byte of a code is its kind.
const [busy, locked, readOnly, ioError, corrupt, full, cannotOpen, notADatabase] = [5, 6, 8, 10, 11, 13, 14, 26];
const unavailableKinds = [busy, locked, readOnly, ioError, corrupt, full, cannotOpen, notADatabase];

const kindOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;

const isBusy = (error: unknown): boolean => kindOf(error) === busy;

const isUnavailable = (error: unknown): boolean => {
  const kind = kindOf(error);
  if (kind !== undefined) return unavailableKinds.includes(kind);
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_INVALID_STATE'; // closed
};
