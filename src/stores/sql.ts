import type { Kysely, RawBuilder } from 'kysely';

export { StoreUnavailable } from './sql-run.ts';

/** Where durable state lives: a PostgreSQL server, or one SQLite file of this machine. */
export type DatabaseLocation =
  | { readonly url: string }
  /** A file's path, made with its folder when absent; ':memory:' keeps nothing. */
  | { readonly path: string };

/**
 * The queries of one store, the same for both engines. Columns are text, integer or bigint: SQLite knows neither booleans
 * nor dates. Whole numbers come as numbers, so they must stay below 2^53.
 */
export interface Database<Tables> {
  readonly kind: 'sqlite' | 'postgres';
  /**
   * Rejects with StoreUnavailable when the store cannot be reached, or when all of it is not done within the limit. What was
   * sent before that may have happened all the same, or happen yet. Other errors (a constraint, bad SQL) come as they are.
   */
  readonly run: <T>(query: (db: Kysely<Tables>) => Promise<T>, limitMs?: number) => Promise<T>;
  /**
   * Epoch milliseconds by the store's own clock, as an expression: to be made anew for each query. PostgreSQL's clock is one
   * for all processes; those that share an SQLite file are on one machine.
   */
  readonly now: () => RawBuilder<number>;
  /** Cuts off what still runs. Takes no longer for a server that is silent or gone; does no harm twice. */
  readonly close: () => Promise<void>;
}

/** The longest that a query may take, unless it says otherwise. */
const queryMs = 2_000;

/** Opens SQLite now, and throws where that fails; PostgreSQL is connected to by the first query, and again whenever needed. */
export const openDatabase = async <Tables>(
  location: DatabaseLocation,
  { timeoutMs = queryMs }: { readonly timeoutMs?: number } = {},
): Promise<Database<Tables>> => {
  // Each engine is loaded only where it is used.
  if ('url' in location) return (await import('./sql-postgres.ts')).openPostgres<Tables>(location.url, timeoutMs);
  return (await import('./sql-sqlite.ts')).openSqlite<Tables>(location.path, timeoutMs);
};
