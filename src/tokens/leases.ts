import { sql, type RawBuilder, type UpdateObject } from 'kysely';
import type { TokenAnswer } from './access-token.ts';
import type { GrantTables } from './migrations.ts';
import { atRest, columnsOf, sealPair, type GrantKey, type GrantSpace, type StoredGrant } from './stored-grant.ts';

/** The right to redeem a grant's refresh token and to store what comes back, until somebody else takes it over. */
export interface Lease {
  readonly key: GrantKey;
  /** Fences: a write counts only while nobody has raised it since; giving the lease back raises it too. */
  readonly version: number;
  /** When others may take over, by this process's clock; epoch milliseconds. */
  readonly endsAt: number;
}

/**
 * The right to renew a grant, over all processes of one store. Each step is one statement, so that no transaction is ever open while
 * somebody waits for upstream. All reject with StoreUnavailable, after which the step may have been taken or not.
 */
export interface Leases {
  /** Null when the grant is not as it was found any more. Writes the journal too: the refresh token may be redeemed from then on. */
  readonly take: (found: StoredGrant) => Promise<Lease | null>;
  /** Stores the pair that replaces the one that was spent and gives the lease back. False when somebody else took over: theirs stands. */
  readonly save: (lease: Lease, pair: TokenAnswer, spent: string) => Promise<boolean>;
  /** Gives the lease back without a new pair; `isUncertain` keeps the journal. */
  readonly release: (lease: Lease, state: { readonly isUncertain: boolean }) => Promise<void>;
  /** Gives the lease back and marks the grant as refused for good. */
  readonly bury: (lease: Lease) => Promise<void>;
  /** Whether a reconnect may be tried now: at most one in 5 s for a grant, over all processes. */
  readonly mayReconnect: (lease: Lease) => Promise<boolean>;
}

type Columns = UpdateObject<GrantTables, 'gateway_grants'>;

/** Holds a step back while a moment in that column lies after another one. */
interface Unless {
  readonly column: 'leased_until' | 'reconnect_tried_at';
  readonly isAfter: RawBuilder<number>;
}

/** Outlives every token request (7 s), and stands in nobody's way for long after a crash. */
const leaseMs = 12_000;
const reconnectEveryMs = 5_000;

/** Over the grants of one app. */
export const createLeases = (space: GrantSpace): Leases => {
  const { app, database } = space;
  const { now } = database;
  const update = async ({ key, version }: Pick<Lease, 'key' | 'version'>, values: Columns, unless?: Unless) => {
    const { numUpdatedRows } = await database.run((db) => {
      const held = db.updateTable('gateway_grants').set(values).where('app', '=', app).where('grant_key', '=', key);
      const fenced = held.where('version', '=', version);
      if (unless === undefined) return fenced.executeTakeFirst();
      const { column, isAfter } = unless;
      return fenced
        .where((where) => where.or([where(column, 'is', null), where(column, '<=', isAfter)]))
        .executeTakeFirst();
    });
    return numUpdatedRows === 1n;
  };
  // Raises the version too: who read the grant before this, when the lease was over, must not take it as it was then.
  const end = (lease: Lease, values: Columns) => update(lease, { ...atRest, ...values, version: lease.version + 1 });
  return {
    take: async ({ key, version }) => {
      const endsAt = Date.now() + leaseMs;
      const values = { version: version + 1, leased_until: sql<number>`${now()} + ${leaseMs}`, is_redeeming: 1 };
      const isTaken = await update({ key, version }, values, { column: 'leased_until', isAfter: now() });
      return isTaken ? { key, version: version + 1, endsAt } : null;
    },
    save: (lease, pair, spent) => {
      const { location_id, company_id, ...told } = columnsOf(pair);
      return end(lease, {
        ...told,
        ...(location_id !== null && { location_id }), // whose it is was told before: an answer that is silent takes nothing back
        ...(company_id !== null && { company_id }),
        is_dead: 0,
        sealed: sealPair(space, lease.key, pair.refreshToken?.() ?? spent, pair.access.reveal()),
      });
    },
    release: async (lease, { isUncertain }) => {
      await end(lease, { is_redeeming: isUncertain ? 1 : 0 });
    },
    bury: async (lease) => {
      await end(lease, { is_dead: 1 });
    },
    mayReconnect: (lease) =>
      update(
        lease,
        { reconnect_tried_at: now() },
        { column: 'reconnect_tried_at', isAfter: sql<number>`${now()} - ${reconnectEveryMs}` },
      ),
  };
};
