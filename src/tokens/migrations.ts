import type { MigrationDb, Migrations } from '../stores/migrate.ts';

/** Times are epoch milliseconds. `app` tells apps and upstreams apart that share a store; the prefix, our tables from those of others. */
export interface GrantTables {
  readonly gateway_grants: {
    readonly app: string;
    /** GrantKey. */
    readonly grant_key: string;
    readonly location_id: string | null;
    readonly company_id: string | null;
    /** The refresh token and the access token, sealed together: neither is ever stored without the other. */
    readonly sealed: string;
    /** Separated by blanks; null where the answer did not say. */
    readonly scopes: string | null;
    /** Of the access token; null for a grant that has never been redeemed. */
    readonly obtained_at: number | null;
    readonly renew_at: number | null;
    readonly expires_at: number | null;
    /** When the refresh token came. */
    readonly refreshed_at: number;
    readonly is_dead: number;
    /** Fences: whoever takes the lease raises it, and may write only while it is still theirs. */
    readonly version: number;
    readonly leased_until: number | null;
    /** The journal: 1 from before a refresh token is redeemed until its successor is stored. */
    readonly is_redeeming: number;
    readonly reconnect_tried_at: number | null;
    /** Fingerprint of the setting that it was made from. */
    readonly seed: string | null;
  };
  /** Consents that were begun: each is good for one callback. */
  readonly gateway_consents: {
    readonly app: string;
    readonly state_digest: string;
    readonly browser_digest: string;
    readonly sealed_verifier: string | null;
    readonly location_id: string | null;
    readonly begun_by: string;
    readonly expires_at: number;
  };
  /** When a credential of the settings was first seen. */
  readonly gateway_credentials: {
    readonly app: string;
    readonly name: string;
    readonly fingerprint: string;
    readonly first_seen_at: number;
  };
}

/** In the order of their names, which are one row with those of other rooms; one that was released is never changed. */
export const grantMigrations: Migrations = {
  '001-grants': (db) => createTables((name) => db.schema.createTable(name)),
  // The first step was changed after it had been committed, for two hours on 2026-11-24, with tables of other names: a store that took it
  // then said "no such table" ever after. What is in its early tables stays there.
  '002-prefix': (db) => createTables((name) => db.schema.createTable(name).ifNotExists()),
};

const createTables = async (create: (name: keyof GrantTables) => ReturnType<MigrationDb['schema']['createTable']>) => {
  await create('gateway_grants')
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('grant_key', 'text', (column) => column.notNull())
    .addColumn('location_id', 'text')
    .addColumn('company_id', 'text')
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('scopes', 'text')
    .addColumn('obtained_at', 'bigint')
    .addColumn('renew_at', 'bigint')
    .addColumn('expires_at', 'bigint')
    .addColumn('refreshed_at', 'bigint', (column) => column.notNull())
    .addColumn('is_dead', 'integer', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('leased_until', 'bigint')
    .addColumn('is_redeeming', 'integer', (column) => column.notNull())
    .addColumn('reconnect_tried_at', 'bigint')
    .addColumn('seed', 'text')
    .addPrimaryKeyConstraint('gateway_grants_key', ['app', 'grant_key'])
    .execute();
  await create('gateway_consents')
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('state_digest', 'text', (column) => column.notNull())
    .addColumn('browser_digest', 'text', (column) => column.notNull())
    .addColumn('sealed_verifier', 'text')
    .addColumn('location_id', 'text')
    .addColumn('begun_by', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('gateway_consents_key', ['app', 'state_digest'])
    .execute();
  await create('gateway_credentials')
    .addColumn('app', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('gateway_credentials_key', ['app', 'name', 'fingerprint'])
    .execute();
};
