import type { Database } from '../stores/sql.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { GrantTables } from './migrations.ts';

/** A secret of the settings and since when it has been in use here. */
export interface CredentialAge {
  /** The setting that holds it. */
  readonly name: string;
  readonly ageDays: number;
}

const dayMs = 86_400_000;

/** How old each credential is, counted from when this store first saw it: the settings do not say. Only a digest is stored. `credentials`:
 * values by the names of their settings. Rejects with StoreUnavailable. */
export const readCredentialAges = async (
  database: Database<GrantTables>,
  app: string,
  credentials: Readonly<Record<string, string>>,
): Promise<readonly CredentialAge[]> => {
  const now = Date.now();
  const ages: CredentialAge[] = [];
  for (const [name, value] of Object.entries(credentials)) {
    const fingerprint = fingerprintOf(`${name} ${value}`);
    const row = { app, name, fingerprint, first_seen_at: now };
    await database.run((db) =>
      db
        .insertInto('gateway_credentials')
        .values(row)
        .onConflict((on) => on.doNothing())
        .execute(),
    );
    const { first_seen_at: since } = await database.run((db) =>
      db
        .selectFrom('gateway_credentials')
        .select('first_seen_at')
        .where('app', '=', app)
        .where('name', '=', name)
        .where('fingerprint', '=', fingerprint)
        .executeTakeFirstOrThrow(),
    );
    ages.push({ name, ageDays: Math.floor((now - since) / dayMs) });
  }
  return ages;
};
