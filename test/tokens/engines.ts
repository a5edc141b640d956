// Both engines of the store, for tests that must hold on each.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { DatabaseLocation } from '../../src/stores/sql.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { scratchFolder } from '../support/scratch.ts';

/** To be called where hooks belong: one PostgreSQL and one folder for all tests there. */
export const useEngines = () => {
  const folder = mkdtempSync(join(scratchFolder(), 'engines-'));
  const leftovers: (() => unknown)[] = [];
  let postgres: PostgresServer;
  let fileCount = 0;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 30_000);
  afterAll(async () => {
    for (const leave of leftovers.toReversed()) await leave();
    await postgres.stop();
    rmSync(folder, { recursive: true });
  });
  const newFile = (): DatabaseLocation => ({ path: join(folder, `${(fileCount += 1)}`, 'gateway.db') });
  const newDatabase = async (): Promise<DatabaseLocation> => ({ url: await postgres.createDatabase() });
  const engines: readonly [string, () => Promise<DatabaseLocation>][] = [
    ['SQLite', () => Promise.resolve(newFile())],
    ['PostgreSQL', newDatabase],
  ];
  return {
    /** Name, and what gives the place of a fresh store each time. */
    engines,
    newFile,
    newDatabase,
    /** Ends when all tests are over, the last thing first. */
    leave: (...ends: (() => unknown)[]): void => void leftovers.push(...ends),
  };
};
