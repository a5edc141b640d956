// The store of grants and of service tokens, opened and ready.
import { callerMigrations, type CallerTables } from './auth/migrations.ts';
import { ConfigError } from './config.ts';
import { migrate, StoreTooNew, type Migrations } from './stores/migrate.ts';
import { openDatabase, StoreUnavailable, type Database, type DatabaseLocation } from './stores/sql.ts';
import { fingerprintOf } from './tokens/fingerprint.ts';
import { grantMigrations, type GrantTables } from './tokens/migrations.ts';

/** One list, whoever opens the store: a step that its opener did not know would pass for one of a newer version. */
export const storeMigrations: Migrations = { ...grantMigrations, ...callerMigrations };

// Opens and migrates it.
const openStore = <Tables>(location: DatabaseLocation): Promise<Database<Tables>> =>
  explained(async () => {
    const database = await openDatabase<Tables>(location);
    try {
      await migrate(database, storeMigrations);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  });

/** The store, for grants. Throws ConfigError for what the operator can mend. */
export const openGrantDatabase = (location: DatabaseLocation): Promise<Database<GrantTables>> => openStore(location);

/** The store, for callers. Throws ConfigError for what the operator can mend. */
export const openCallerDatabase = (location: DatabaseLocation): Promise<Database<CallerTables>> => openStore(location);

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
