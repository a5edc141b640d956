// The store of grants, opened and ready.
import { ConfigError } from './config.ts';
import { migrate, StoreTooNew } from './stores/migrate.ts';
import { openDatabase, StoreUnavailable, type Database, type DatabaseLocation } from './stores/sql.ts';
import { fingerprintOf } from './tokens/fingerprint.ts';
import { grantMigrations, type GrantTables } from './tokens/migrations.ts';

/** Opens and migrates the store. Throws ConfigError for what the operator can mend. */
export const openGrantDatabase = (location: DatabaseLocation): Promise<Database<GrantTables>> =>
  explained(async () => {
    const database = await openDatabase<GrantTables>(location);
    try {
      await migrate(database, grantMigrations);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  });

/** What an operator can mend, said as settings are. */
export const explained = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreTooNew) throw new ConfigError([error.message]);
    if (error instanceof StoreUnavailable)
      throw new ConfigError([`${error.message}: check DATABASE_URL or DATA_DIR, and that the store runs.`]);
    throw error;
  }
};

/** Tells an app at an upstream from others that share a store: they never see each other's grants. */
export const appOf = (url: string, clientId: string): string => fingerprintOf(`${url} ${clientId}`);
