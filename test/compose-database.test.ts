import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { watchCredentials } from '../src/compose-credentials.ts';
import { openCallerDatabase, openGrantDatabase, storeMigrations } from '../src/compose-database.ts';
import { readConfig } from '../src/config.ts';
import { createLog } from '../src/observe/log.ts';
import { migrate, type Migrations } from '../src/stores/migrate.ts';
import { openDatabase } from '../src/stores/sql.ts';
import { client } from './support/settings.ts';
import { useEngines } from './tokens/engines.ts';

const { engines, newFile, leave } = useEngines();

/** What the first step was from 14:25 to 16:14 on 2026-11-24. */
const early: Migrations = {
  '001-grants': async (db) => {
    await sql`create table grants (app text not null, grant_key text not null, constraint grants_key primary key (app, grant_key))`.execute(
      db,
    );
    await sql`create table consents (app text not null, state_digest text not null)`.execute(db);
    await sql`create table credentials (app text not null, name text not null)`.execute(db);
    await sql`insert into grants values ('app', 'company')`.execute(db);
  },
};

describe.each(engines)('a store over %s', (_engine, newStore) => {
  test('is the same one for grants and for callers, whoever opens it first', async () => {
    for (const openFirst of [openGrantDatabase, openCallerDatabase]) {
      const location = await newStore();
      leave((await openFirst(location)).close);
      const [grants, callers] = [await openGrantDatabase(location), await openCallerDatabase(location)];
      leave(grants.close, callers.close);
      expect(await grants.run((db) => db.selectFrom('gateway_grants').selectAll().execute())).toEqual([]);
      expect(await callers.run((db) => db.selectFrom('gateway_service_tokens').selectAll().execute())).toEqual([]);
    }
  });

  test('that took the first step while that was another one gets the tables that it lacks', async () => {
    const location = await newStore();
    const then = await openDatabase<{ grants: { app: string; grant_key: string } }>(location);
    leave(then.close);
    await migrate(then, early);
    const lines: string[] = [];
    const log = createLog({ level: 'info', secrets: [], sink: { write: (line) => void lines.push(line) } });
    const settings = 'url' in location ? { DATABASE_URL: location.url } : {};
    const config = { ...readConfig({ ...client, ...settings, AUTH: 'none' }), database: location };
    if (config.upstream.kind !== 'live') throw new Error('not live');
    const watch = watchCredentials(config, { ...config.upstream, sandbox: null }, { log, database: null });
    expect(await watch.ages()).toEqual([{ name: 'UPSTREAM_CLIENT_SECRET', ageDays: 0 }]);
    await watch.close();
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['info']);
    expect(await then.run((db) => db.selectFrom('grants').selectAll().execute())).toEqual([
      { app: 'app', grant_key: 'company' },
    ]);
  });
});

test('the steps are one row, in the order of their names', () => {
  const names = Object.keys(storeMigrations);
  expect(names).toEqual(names.toSorted());
  expect(names.map((name) => name.slice(0, 3))).toEqual(names.map((_, index) => String(index + 1).padStart(3, '0')));
});

test('a step that was released is what it was: a store that has taken it never takes it again', async () => {
  const database = await openDatabase<object>(newFile());
  leave(database.close);
  const digests: string[] = [];
  for (const count of Object.keys(storeMigrations).keys()) {
    await migrate(database, Object.fromEntries(Object.entries(storeMigrations).slice(0, count + 1)));
    const { rows } = await database.run((db) => sql`select sql from sqlite_master order by name`.execute(db));
    digests.push(createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 16));
  }
  const [grants, callers] = ['0dc398376575cb9e', 'f1bdfc510f89869e']; // the second step finds nothing to do
  expect(digests).toEqual([grants, grants, callers]);
});
