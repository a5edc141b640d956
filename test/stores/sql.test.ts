import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { migrate, StoreTooNew } from '../../src/stores/migrate.ts';
import type { MigrationDb, Migrations } from '../../src/stores/migrate.ts';
import { openDatabase, StoreUnavailable } from '../../src/stores/sql.ts';
import type { Database, DatabaseLocation } from '../../src/stores/sql.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { scratchFolder } from '../support/scratch.ts';

interface Tables {
  notes: { id: string; text: string; version: number; at: number };
}

const notes: Migrations = {
  '1-notes': (db) =>
    db.schema
      .createTable('notes')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute(),
};

const folder = mkdtempSync(join(scratchFolder(), 'sql-'));
let postgres: PostgresServer;
let fileCount = 0;
const freshFile = () => join(folder, `${(fileCount += 1)}`, 'store.db');
const opened: Database<Tables>[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
}, 30_000);
afterAll(async () => {
  await Promise.all(opened.map(({ close }) => close()));
  await postgres.stop();
  rmSync(folder, { recursive: true });
});

const open = async (location: DatabaseLocation): Promise<Database<Tables>> => {
  const database = await openDatabase<Tables>(location);
  opened.push(database);
  return database;
};

const engines: readonly [string, () => Promise<DatabaseLocation>][] = [
  ['SQLite', () => Promise.resolve({ path: freshFile() })],
  ['PostgreSQL', async () => ({ url: await postgres.createDatabase() })],
];

const note = { id: 'a', text: 'one', version: 1, at: 1_795_528_434_824 };

const allNotes = (database: Database<Tables>) =>
  database.run((db) => db.selectFrom('notes').selectAll().orderBy('id').execute());

describe.each(engines)('%s', (_, freshLocation) => {
  const withNotes = async () => {
    const database = await open(await freshLocation());
    await migrate(database, notes);
    return database;
  };

  test('rows go in and come out as plain objects, epoch milliseconds and counts as numbers', async () => {
    const database = await withNotes();
    await database.run((db) => db.insertInto('notes').values(note).execute());
    expect(await allNotes(database)).toStrictEqual([note]);
    const count = await database.run((db) =>
      db
        .selectFrom('notes')
        .select((all) => all.fn.countAll().as('count'))
        .executeTakeFirst(),
    );
    expect(count).toStrictEqual({ count: 1 });
  });

  test('an insert that meets its like updates it, and a stale version updates nothing', async () => {
    const database = await withNotes();
    const put = (text: string) =>
      database.run((db) =>
        db
          .insertInto('notes')
          .values({ ...note, text })
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet((row) => ({ text, version: row('notes.version', '+', 1) })),
          )
          .returning('version')
          .executeTakeFirstOrThrow(),
      );
    expect([await put('one'), await put('two')]).toEqual([{ version: 1 }, { version: 2 }]);
    const swap = (version: number) =>
      database.run((db) =>
        db.updateTable('notes').set({ text: 'three' }).where('version', '=', version).executeTakeFirst(),
      );
    expect((await swap(1)).numUpdatedRows).toBe(0n);
    expect((await swap(2)).numUpdatedRows).toBe(1n);
    expect(await allNotes(database)).toEqual([{ ...note, text: 'three', version: 2 }]);
  });

  test("the store's clock can be stored, added to and compared with", async () => {
    const database = await withNotes();
    const before = Date.now();
    const lease = sql<number>`${database.now()} + ${12_000}`;
    await database.run((db) =>
      db
        .insertInto('notes')
        .values({ ...note, at: lease })
        .execute(),
    );
    const after = Date.now();
    const [row] = await allNotes(database);
    expect(row?.at).toBeGreaterThanOrEqual(before + 12_000);
    expect(row?.at).toBeLessThanOrEqual(after + 12_000);
    const held = await database.run((db) =>
      db.selectFrom('notes').select('id').where('at', '>', database.now()).execute(),
    );
    const expired = await database.run((db) =>
      db.updateTable('notes').set({ at: database.now() }).where('at', '<=', database.now()).executeTakeFirst(),
    );
    expect([held, expired.numUpdatedRows]).toEqual([[{ id: 'a' }], 0n]);
  });

  test('a mistake of ours is no outage: it stays what it is, and a transaction leaves nothing of it', async () => {
    const database = await withNotes();
    const twice = database.run((db) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('notes').values(note).execute();
        await transaction.insertInto('notes').values(note).execute();
      }),
    );
    await expect(twice).rejects.toThrow(/unique/i);
    await expect(twice).rejects.not.toBeInstanceOf(StoreUnavailable);
    const nonsense = database.run((db) => sql`select from where`.execute(db));
    await expect(nonsense).rejects.toThrow(/syntax error/);
    await expect(nonsense).rejects.not.toBeInstanceOf(StoreUnavailable);
    await expect(database.run(() => Promise.reject(new RangeError('mine')))).rejects.toThrow(new RangeError('mine'));
    expect(await allNotes(database)).toEqual([]);
  });

  test('two that are open see the same store, and a closed one is unavailable', async () => {
    const location = await freshLocation();
    const [one, two] = [await open(location), await open(location)];
    await migrate(one, notes);
    await one.run((db) => db.insertInto('notes').values(note).execute());
    expect(await allNotes(two)).toEqual([note]);
    await one.close();
    await one.close();
    await expect(allNotes(one)).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await allNotes(two)).toEqual([note]);
  });

  test('each step is taken once, in the order in which they are written down, also those added later', async () => {
    const database = await withNotes();
    const added = (id: string) => (db: MigrationDb) =>
      sql`insert into notes select ${id}, 'added', count(*), 0 from notes`.execute(db);
    const later = { ...notes, '3-late': added('c'), '2-later': added('b') };
    await migrate(database, later);
    await migrate(database, later);
    const rows = await allNotes(database);
    expect(rows.map(({ id, version }) => [id, version])).toEqual([
      ['b', 1],
      ['c', 0],
    ]);
  });

  test('a step that fails takes back all steps with it', async () => {
    const database = await open(await freshLocation());
    const failing: Migrations = {
      ...notes,
      '2-broken': async (db) => {
        await sql`insert into notes values ('a', 'b', 1, 2)`.execute(db);
        throw new Error('broken');
      },
    };
    await expect(migrate(database, failing)).rejects.toThrow('broken');
    await expect(allNotes(database)).rejects.toThrow(/notes/);
    await migrate(database, notes);
    expect(await allNotes(database)).toEqual([]);
  });

  test('a store from a newer version is refused, untouched, with the way out', async () => {
    const database = await withNotes();
    await migrate(database, { ...notes, '9-future': () => Promise.resolve() });
    let wasTouched = false;
    const refused = migrate(database, {
      ...notes,
      '2-mine': () => {
        wasTouched = true;
        return Promise.resolve();
      },
    });
    await expect(refused).rejects.toBeInstanceOf(StoreTooNew);
    await expect(refused).rejects.toThrow(
      'The store was written by a newer version of users-gateway (migration 9-future): ' +
        'start that version or a newer one, or point DATABASE_URL or DATA_DIR at another store',
    );
    expect(wasTouched).toBe(false);
  });
});

test('four processes that find a new store at once migrate it once, on either engine', async () => {
  const module = (name: string) => JSON.stringify(new URL(`../../src/stores/${name}.ts`, import.meta.url).href);
  const script = `
    import { createInterface } from 'node:readline';
    import { sql } from 'kysely';
    import { migrate } from ${module('migrate')};
    import { openDatabase } from ${module('sql')};
    createInterface(process.stdin).on('line', async (location) => {
      const database = await openDatabase(JSON.parse(location));
      await migrate(database, {
        one: (db) => sql\`create table counted (number integer)\`.execute(db),
        two: (db) => sql\`insert into counted values (1)\`.execute(db),
      });
      await database.close();
      console.log('migrated');
    });
    console.log('ready');`;
  const start = async () => {
    const words = ['--input-type=module', '-e', script];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const heard = async () => (await lines.next()).value as unknown;
    expect(await heard()).toBe('ready');
    return { child, heard };
  };
  const processes = await Promise.all(Array.from({ length: 4 }, start));
  for (const [, freshLocation] of engines) {
    const location = await freshLocation();
    for (const { child } of processes) child.stdin.write(`${JSON.stringify(location)}\n`);
    expect(await Promise.all(processes.map(({ heard }) => heard()))).toEqual(Array(4).fill('migrated'));
    const database = await open(location);
    const { rows } = await database.run((db) => sql`select number from counted`.execute(db));
    expect(rows).toEqual([{ number: 1 }]);
  }
  for (const { child } of processes) child.stdin.end();
});

describe('the file of SQLite', () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

  test('is for its owner only from the first moment, with its side files and new folders, whatever the umask says', async () => {
    const path = join(folder, 'deep', 'er', 'store.db');
    const umask = process.umask(0);
    try {
      await migrate(await open({ path }), notes);
    } finally {
      process.umask(umask);
    }
    const files = readdirSync(join(path, '..')).toSorted();
    expect(files).toEqual(['store.db', 'store.db-shm', 'store.db-wal']);
    expect(files.map((name) => modeOf(join(path, '..', name)))).toEqual(['600', '600', '600']);
    expect([modeOf(join(folder, 'deep')), modeOf(join(folder, 'deep', 'er'))]).toEqual(['700', '700']);
  });

  test('that others could read is tightened, with what its last owner left beside it', async () => {
    const path = freshFile();
    const last = await open({ path });
    await migrate(last, notes); // and stays open: its side files stay
    const files = [path, `${path}-wal`, `${path}-shm`];
    for (const file of files) chmodSync(file, 0o664);
    expect(await allNotes(await open({ path }))).toEqual([]);
    expect(files.map(modeOf)).toEqual(['600', '600', '600']);
  });

  test('that is no database, or cannot be one, is refused by name', async () => {
    const path = join(folder, 'text');
    writeFileSync(path, 'this is a text, and a long one: a header of SQLite has a hundred bytes'.repeat(9));
    await expect(open({ path })).rejects.toThrow(`The store ${path} cannot be opened: file is not a database`);
    await expect(open({ path: folder })).rejects.toThrow(`The store ${folder} cannot be opened: EISDIR`);
  });

  test('on a full disk is unavailable for writing, and in use again as soon as there is room', async () => {
    const database = await open({ path: freshFile() });
    await migrate(database, notes);
    const limitPages = (count: number) => database.run((db) => sql.raw(`pragma max_page_count = ${count}`).execute(db));
    await limitPages(1); // SQLite takes the present size for it
    const write = () =>
      database.run((db) =>
        db.transaction().execute((transaction) =>
          transaction
            .insertInto('notes')
            .values({ ...note, text: 'long'.repeat(100_000) })
            .execute(),
        ),
      );
    const full = write();
    await expect(full).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(full).rejects.toThrow('The store cannot be used: database or disk is full');
    await limitPages(10_000);
    await write();
    expect(await allNotes(database)).toHaveLength(1);
  });

  test('takes no value that only the other engine could keep', async () => {
    const database = await open({ path: ':memory:' });
    await migrate(database, notes);
    const yes = database.run((db) => sql`select ${true}`.execute(db));
    await expect(yes).rejects.toThrow(new TypeError('SQLite takes no boolean as a parameter'));
  });
});

describe('a PostgreSQL that is not there', () => {
  test('is unavailable at once, and the error keeps the password to itself', async () => {
    const database = await open({ url: 'postgres://gateway:hidden-word@127.0.0.1:1/postgres' });
    const error: unknown = await allNotes(database).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toHaveProperty('message', 'The store cannot be used: connect ECONNREFUSED 127.0.0.1:1');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hidden-word');
  });

  test('a URL that cannot be read is refused at once, and not repeated', async () => {
    const error: unknown = await open({ url: 'postgres://gateway:hidden-word@:99999999/postgres' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toHaveProperty('message', 'The URL of the database cannot be read');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hidden-word');
  });

  test('where it has no such database, its own words are passed on', async () => {
    const { href } = new URL('/absent', postgres.url);
    const asked = allNotes(await open({ url: href }));
    await expect(asked).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(asked).rejects.toThrow(/^The store cannot be used: database "absent" does not exist$/);
  });

  test('a connection that an administrator ends costs its own query only', async () => {
    const database = await open({ url: await postgres.createDatabase() });
    await migrate(database, notes);
    const ended = database.run((db) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(db));
    await expect(ended).rejects.toBeInstanceOf(StoreUnavailable);
    const inTransaction = database.run((db) =>
      db
        .transaction()
        .execute((transaction) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(transaction)),
    );
    await expect(inTransaction).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await allNotes(database)).toEqual([]);
  });

  test('a killed one takes only queries with it, and is in use again once it is back', async () => {
    const database = await open({ url: await postgres.createDatabase() });
    await migrate(database, notes);
    const slow = () => database.run((db) => sql`select pg_sleep(60)`.execute(db));
    const running = [slow(), slow()];
    await allNotes(database); // the third connection is idle at the end
    postgres.kill();
    for (const query of [...running, allNotes(database)]) await expect(query).rejects.toBeInstanceOf(StoreUnavailable);
    await postgres.restart();
    expect(await allNotes(database)).toEqual([]);
  });

  test('a frozen one does not keep anybody from closing, and what was asked of it fails', async () => {
    const database = await open({ url: await postgres.createDatabase() });
    await migrate(database, notes);
    postgres.pause();
    const asked = [allNotes(database), allNotes(database)];
    const outcomes = Promise.allSettled(asked);
    await database.close();
    for (const { status } of await outcomes) expect(status).toBe('rejected');
    await expect(asked[0]).rejects.toBeInstanceOf(StoreUnavailable);
    postgres.resume();
  });
});
