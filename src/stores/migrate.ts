import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Database } from './sql.ts';

/** What a step may use: `db.schema`, and any SQL by Kysely's `sql`, executed on it. */
export type MigrationDb = Pick<Kysely<unknown>, 'schema' | 'getExecutor'>;

/** One step forward; all steps that are missing happen in one transaction, or none. Never changed once it was released. */
type Migration = (db: MigrationDb) => Promise<unknown>;

/** Steps by name, in the order in which they are to be taken: new ones are added at the end. */
export type Migrations = Readonly<Record<string, Migration>>;

/** The store has taken steps that this version does not know. */
export class StoreTooNew extends Error {
  override readonly name = 'StoreTooNew';
}

/** Longer than any other query may take: a step may change a whole table, and another process may be at it. */
const limitMs = 60_000;

/** One number for all processes that migrate one PostgreSQL database; any number will do. */
const lockId = 7_061_953_211;

/**
 * Takes the steps that the store lacks. Several processes may do so at once: one does the work, the others wait and find it
 * done. Throws StoreTooNew, StoreUnavailable, or what a step threw; the store is then as it was.
 */
export const migrate = <Tables>(database: Database<Tables>, migrations: Migrations): Promise<void> =>
  database.run(
    (db) =>
      db.transaction().execute(async (transaction) => {
        if (database.kind === 'postgres') await lock(transaction);
        const taken = await takenSteps(database, transaction);
        const unknown = taken.filter((name) => !Object.hasOwn(migrations, name)).toSorted();
        if (unknown.length > 0) throw tooNew(unknown);
        for (const [name, migration] of Object.entries(migrations)) {
          if (taken.includes(name)) continue;
          await migration(transaction);
          await sql`insert into gateway_migrations (name, executed_at) values (${name}, ${database.now()})`.execute(
            transaction,
          );
        }
      }),
    limitMs,
  );

/** Held until the transaction ends. On SQLite a transaction has the store for itself anyway. */
const lock = async (transaction: MigrationDb): Promise<void> => {
  await sql`select set_config('statement_timeout', ${String(limitMs)}, true)`.execute(transaction);
  await sql`select pg_advisory_xact_lock(${lockId})`.execute(transaction);
};

const takenSteps = async ({ kind }: Pick<Database<unknown>, 'kind'>, db: MigrationDb): Promise<readonly string[]> => {
  const create = sql`create table if not exists gateway_migrations (name text primary key, executed_at bigint not null)`;
  if (kind === 'sqlite' || !(await isBegun(db))) await create.execute(db);
  const { rows } = await sql<{ readonly name: string }>`select name from gateway_migrations`.execute(db);
  return rows.map(({ name }) => name);
};

// PostgreSQL asks for the right to create also where there is nothing to create, and a gateway may be denied that right.
const isBegun = async (db: MigrationDb): Promise<boolean> => {
  const look = sql<{ readonly known: boolean }>`select to_regclass('gateway_migrations') is not null as known`;
  return (await look.execute(db)).rows[0]?.known === true;
};

const tooNew = (names: readonly string[]): StoreTooNew =>
  new StoreTooNew(
    `The store was written by a newer version of users-gateway (migration ${names.join(', ')}): ` +
      'start that version or a newer one, or point DATABASE_URL or DATA_DIR at another store',
  );
