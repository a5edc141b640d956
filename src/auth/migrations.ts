import type { Migrations } from '../stores/migrate.ts';

/** Times are epoch milliseconds. Callers are the gateway's own, so that nothing here belongs to an upstream app. */
export interface CallerTables {
  readonly gateway_service_tokens: {
    readonly id: string;
    /** The service that it was made for. */
    readonly name: string;
    /** Of the secret, which is not stored. */
    readonly digest: string;
    /** Separated by blanks. */
    readonly scopes: string;
    /** Ids separated by blanks; `*` for all that the upstream grant reaches. */
    readonly locations: string;
    readonly created_at: number;
    readonly expires_at: number;
    readonly revoked_at: number | null;
    readonly last_used_at: number | null;
    /** The place that it takes among the valid ones of its name; null once it needs none. No two have the same. */
    readonly slot: number | null;
  };
}

/** Numbered together with those of grants, which live in the same store; one that was released is never changed. */
export const callerMigrations: Migrations = {
  '003-service-tokens': (db) =>
    db.schema
      .createTable('gateway_service_tokens')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('locations', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .addColumn('slot', 'integer')
      .addUniqueConstraint('gateway_service_tokens_slot', ['name', 'slot'])
      .execute(),
};
