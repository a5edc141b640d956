import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import { migrate } from '../../src/stores/migrate.ts';
import type { MigrationDb } from '../../src/stores/migrate.ts';
import { openDatabase, StoreUnavailable } from '../../src/stores/sql.ts';
import type { Database } from '../../src/stores/sql.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';

interface Tables {
  counters: { id: number; count: number };
}

const counters = {
  one: (db: MigrationDb) => sql`create table counters as select 1 as id, 0 as count`.execute(db),
};

const bump = (database: Database<Tables>, limitMs?: number) =>
  database.run(
    (db) =>
      db
        .updateTable('counters')
        .set((row) => ({ count: row('count', '+', 1) }))
        .execute(),
    limitMs,
  );

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when it does not throw any more; fails after 5 s. */
const eventually = async (check: () => Promise<unknown>): Promise<void> => {
  const end = Date.now() + 5_000;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(50);
    }
  }
};

const timed = async (work: Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work;
  return performance.now() - start;
};

const createProxy = (serve: (client: Socket) => void) => {
  const clients = new Set<Socket>();
  const proxy = createServer((client) => {
    clients.add(client);
    serve(client);
  });
  return {
    clients,
    listen: async (): Promise<number> => {
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      const address = proxy.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
};

describe('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 30_000);
  afterAll(() => server.stop());

  const withCounters = async (timeoutMs = 2_000) => {
    const url = await server.createDatabase();
    const database = await openDatabase<Tables>({ url }, { timeoutMs });
    await migrate(database, counters);
    const watcher = new pg.Client({ connectionString: url });
    await watcher.connect();
    /** What our connections do at the server. */
    const sessions = async () => {
      const { rows } = await watcher.query(
        `select state from pg_stat_activity where datname = current_database() and application_name = 'users-gateway'`,
      );
      return rows.map((row: { state: string }) => row.state);
    };
    const asyncDispose = async () => {
      await watcher.end();
      await database.close();
    };
    return { url, database, watcher, sessions, [Symbol.asyncDispose]: asyncDispose };
  };

  test('frozen: every query fails within 2.5 s, however many there are, and it is in use again within 5 s', async () => {
    await using at = await withCounters();
    await Promise.all(Array.from({ length: 8 }, () => bump(at.database)));
    server.pause();
    try {
      for (let round = 0; round < 2; round += 1) {
        const asked = Promise.allSettled(Array.from({ length: 100 }, () => bump(at.database)));
        expect(await timed(asked)).toBeLessThan(2_500);
        for (const outcome of await asked) {
          expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
        }
      }
    } finally {
      server.resume();
    }
    await eventually(() => bump(at.database));
    await eventually(async () => expect((await at.sessions()).length).toBeLessThanOrEqual(4));
  }, 20_000);

  test('frozen, with idle and busy connections: closing takes no longer than 1 s and leaves no socket', async () => {
    await using at = await withCounters();
    await Promise.all(Array.from({ length: 4 }, () => bump(at.database)));
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    const before = sockets();
    server.pause();
    try {
      const asked = Promise.allSettled([bump(at.database), bump(at.database)]);
      await pause(50); // they are on the wire now
      expect(await timed(at.database.close())).toBeLessThan(1_000);
      expect(sockets()).toBe(before - 4);
      await asked;
    } finally {
      server.resume();
    }
  });

  test('connections that went dead without a word are given up for new ones', async () => {
    const dead = new Set<Socket>();
    await using proxy = createProxy((client) => {
      const onward = connect(server.port, '127.0.0.1');
      for (const [from, to] of [
        [client, onward],
        [onward, client],
      ] as const) {
        from.on('data', (data) => dead.has(client) || to.write(data));
        from.on('error', () => undefined).on('close', () => to.destroy());
      }
    });
    const url = new URL(await server.createDatabase());
    url.port = String(await proxy.listen());
    const database = await openDatabase<Tables>({ url: url.href }, { timeoutMs: 300 });
    await migrate(database, counters);
    await Promise.all(Array.from({ length: 4 }, () => bump(database)));
    for (const client of proxy.clients) dead.add(client);
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => bump(database)));
    for (const { status } of outcomes) expect(status).toBe('rejected');
    await Promise.all(Array.from({ length: 4 }, () => bump(database)));
    await database.close();
  });

  test('a lock that a stranger holds: queries fail in time, and none is left waiting at the server', async () => {
    await using at = await withCounters(300);
    const stranger = new pg.Client({ connectionString: at.url });
    await stranger.connect();
    await stranger.query('begin; update counters set count = 100');
    const asked = Promise.allSettled(Array.from({ length: 20 }, () => bump(at.database)));
    expect(await timed(asked)).toBeLessThan(1_500);
    for (const outcome of await asked) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    await eventually(async () => expect(await at.sessions()).not.toContain('active'));
    await stranger.query('rollback');
    await stranger.end();
    await bump(at.database);
    const { rows } = await at.watcher.query('select count from counters');
    expect(rows).toEqual([{ count: 1 }]);
  });

  test('a transaction that does not come to its end gives back its locks and its connection', async () => {
    await using at = await withCounters(300);
    const never = () =>
      at.database.run((db) =>
        db.transaction().execute(async (transaction) => {
          await sql`select * from counters for share`.execute(transaction);
          await new Promise(() => undefined);
        }),
      );
    const stuck = await Promise.allSettled(Array.from({ length: 4 }, never));
    for (const outcome of stuck) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailable) });
    }
    await eventually(() => bump(at.database));
  });

  test('a query may be given more time than others, and a migration has a minute', async () => {
    await using at = await withCounters(300);
    const slow = { ...counters, slow: (db: MigrationDb) => sql`select pg_sleep(1)`.execute(db) };
    await migrate(at.database, slow);
    const short = at.database.run((db) => sql`select pg_sleep(1)`.execute(db));
    await expect(short).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

test('SQLite, written by another process for long: a query fails within 1.5 s and works again when that is done', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sql-'));
  const path = join(folder, 'store.db');
  const database = await openDatabase<Tables>({ path });
  await migrate(database, counters);
  const other = new DatabaseSync(path);
  other.exec('begin immediate');
  const refused = bump(database);
  expect(await timed(refused.catch(() => undefined))).toBeLessThan(1_500);
  await expect(refused).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(refused).rejects.toThrow('The store cannot be used: database is locked');
  other.exec('commit');
  other.close();
  await bump(database);
  const row = await database.run((db) => db.selectFrom('counters').select('count').executeTakeFirst());
  expect(row).toEqual({ count: 1 });
  await database.close();
  rmSync(folder, { recursive: true });
});

test('SQLite: a transaction that reads before it writes is not overtaken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sql-'));
  const location = { path: join(folder, 'store.db') };
  const [one, two] = [await openDatabase<Tables>(location), await openDatabase<Tables>(location)];
  await migrate(one, counters);
  const whole = one.run((db) =>
    db.transaction().execute(async (transaction) => {
      const { count } = await transaction.selectFrom('counters').select('count').executeTakeFirstOrThrow();
      await expect(bump(two)).rejects.toBeInstanceOf(StoreUnavailable);
      await transaction
        .updateTable('counters')
        .set({ count: count + 10 })
        .execute();
    }),
  );
  await whole;
  await bump(two);
  expect(await one.run((db) => db.selectFrom('counters').select('count').execute())).toEqual([{ count: 11 }]);
  await Promise.all([one.close(), two.close()]);
  rmSync(folder, { recursive: true });
});
