import { sql } from 'kysely';
import type { TokenAnswer } from './access-token.ts';
import { createLeases, type Leases } from './leases.ts';
import { atRest, columnsOf, placeOf, sealPair, summaryColumns, toStored, toSummary } from './stored-grant.ts';
import type { GrantKey, GrantSpace, GrantSummary, StoredGrant } from './stored-grant.ts';

/** A refresh token from the settings. */
interface Seed {
  readonly refreshToken: string;
  /** Tells it from other such tokens without showing it. */
  readonly fingerprint: string;
  readonly companyId: string | null;
}

/** A grant, seen from afar. */
export interface SurveyedGrant extends GrantSummary {
  /** When its access token came; null for none. */
  readonly obtainedAt: number | null;
  readonly isNeglected: boolean;
}

/** The grants of one app, sealed. Every method rejects with StoreUnavailable when the store cannot be reached. */
export interface GrantStore {
  readonly leases: Leases;
  /** Rejects with SealError where the record cannot be opened. */
  readonly find: (key: GrantKey) => Promise<StoredGrant | null>;
  readonly summaries: () => Promise<readonly GrantSummary[]>;
  /** How many grants each key has sealed, by the key's id; null for records that are none. */
  readonly keyUse: () => Promise<ReadonlyMap<string | null, number>>;
  /** A grant from a person's consent: it stands, whatever was there before. */
  readonly put: (key: GrantKey, pair: TokenAnswer, refreshToken: string) => Promise<void>;
  /** Puts a refresh token from the settings where there is no grant yet, or a dead one from another such token. Whether it did. */
  readonly seed: (key: GrantKey, seed: Seed) => Promise<boolean>;
  /** All grants at a glance, those being redeemed first; `isNeglected` where nobody knows how its redeeming ended, where it was never redeemed, or where its
   * refresh token came more than `idleMs` ago. */
  readonly survey: (idleMs: number) => Promise<readonly SurveyedGrant[]>;
  /** Whether the store answers within that time. */
  readonly ping: (timeoutMs: number) => Promise<void>;
  /** Seals everything with the newest key that is not yet; gives how many grants that were. Rejects with SealError. */
  readonly reseal: () => Promise<number>;
}

/** Over a migrated database. */
export const createGrantStore = (space: GrantSpace): GrantStore => {
  const { app, database, seal } = space;
  return {
    leases: createLeases(space),
    find: async (key) => {
      const isLeased = sql<number | boolean>`coalesce(leased_until > ${database.now()}, false)`.as('is_leased');
      const row = await database.run((db) =>
        db
          .selectFrom('gateway_grants')
          .selectAll()
          .select(isLeased)
          .where('app', '=', app)
          .where('grant_key', '=', key)
          .executeTakeFirst(),
      );
      return row ? toStored(space, row, Boolean(row.is_leased)) : null;
    },
    summaries: async () => {
      const rows = await database.run((db) =>
        db.selectFrom('gateway_grants').select(summaryColumns).where('app', '=', app).orderBy('grant_key').execute(),
      );
      return rows.map(toSummary);
    },
    keyUse: async () => {
      const groups = Map.groupBy(await rowsOf(space), ({ sealed }) => seal.keyIdOf(sealed));
      return new Map([...groups].map(([id, rows]) => [id, rows.length]));
    },
    put: (key, pair, refreshToken) => put(space, key, pair, refreshToken),
    seed: (key, seed) => seedGrant(space, key, seed),
    survey: (idleMs) => survey(space, idleMs),
    ping: async (timeoutMs) => {
      await database.run((db) => db.selectFrom('gateway_grants').select('app').limit(1).execute(), timeoutMs);
    },
    reseal: () => reseal(space),
  };
};

const survey = async ({ app, database }: GrantSpace, idleMs: number): Promise<readonly SurveyedGrant[]> => {
  const now = () => database.now();
  const isFree = sql`(leased_until is null or leased_until <= ${now()})`;
  const isOld = sql`(expires_at is null or refreshed_at <= ${now()} - ${idleMs})`;
  const isNeglected = sql<number | boolean>`(is_dead = 0 and ${isFree} and (is_redeeming = 1 or ${isOld}))`;
  const rows = await database.run((db) =>
    db
      .selectFrom('gateway_grants')
      .select([...summaryColumns, 'obtained_at'])
      .select(isNeglected.as('is_neglected'))
      .where('app', '=', app)
      .orderBy('is_redeeming', 'desc')
      .orderBy('grant_key')
      .execute(),
  );
  return rows.map((row) => ({
    ...toSummary(row),
    obtainedAt: row.obtained_at,
    isNeglected: Boolean(row.is_neglected),
  }));
};

const rowsOf = ({ app, database }: GrantSpace) =>
  database.run((db) =>
    db.selectFrom('gateway_grants').selectAll().where('app', '=', app).orderBy('grant_key').execute(),
  );

const put = async (space: GrantSpace, key: GrantKey, pair: TokenAnswer, refreshToken: string): Promise<void> => {
  const sealed = sealPair(space, key, refreshToken, pair.access.reveal());
  const values = { ...columnsOf(pair), ...atRest, sealed, is_dead: 0, reconnect_tried_at: null };
  await space.database.run((db) =>
    db
      .insertInto('gateway_grants')
      .values({ app: space.app, grant_key: key, version: 1, seed: null, ...values })
      .onConflict((on) =>
        on
          .columns(['app', 'grant_key'])
          .doUpdateSet((eb) => ({ ...values, version: eb('gateway_grants.version', '+', 1) })),
      )
      .execute(),
  );
};

const neverRedeemed = {
  location_id: null,
  scopes: null,
  obtained_at: null,
  renew_at: null,
  expires_at: null,
  is_dead: 0,
  reconnect_tried_at: null,
};

const seedGrant = async (
  space: GrantSpace,
  key: GrantKey,
  { refreshToken, fingerprint, companyId }: Seed,
): Promise<boolean> => {
  const sealed = sealPair(space, key, refreshToken, null);
  const values = {
    ...neverRedeemed,
    ...atRest,
    sealed,
    seed: fingerprint,
    company_id: companyId,
    refreshed_at: Date.now(),
  };
  const { numInsertedOrUpdatedRows } = await space.database.run((db) =>
    db
      .insertInto('gateway_grants')
      .values({ app: space.app, grant_key: key, version: 1, ...values })
      .onConflict((on) =>
        on
          .columns(['app', 'grant_key'])
          .doUpdateSet((eb) => ({ ...values, version: eb('gateway_grants.version', '+', 1) }))
          .where('gateway_grants.is_dead', '=', 1)
          .where((where) =>
            where.or([where('gateway_grants.seed', 'is', null), where('gateway_grants.seed', '<>', fingerprint)]),
          ),
      )
      .executeTakeFirst(),
  );
  return numInsertedOrUpdatedRows === 1n;
};

const reseal = async (space: GrantSpace): Promise<number> => {
  const { app, database, seal } = space;
  let count = 0;
  for (const { grant_key: key, sealed } of await rowsOf(space)) {
    if (seal.isNewest(sealed)) continue;
    const again = seal.seal(seal.open(sealed, placeOf(space, key)), placeOf(space, key));
    // Only over what was read, whatever its version: a renewal that ends in this moment must not lose its new pair to the old one.
    const { numUpdatedRows } = await database.run((db) =>
      db
        .updateTable('gateway_grants')
        .set({ sealed: again })
        .where('app', '=', app)
        .where('grant_key', '=', key)
        .where('sealed', '=', sealed)
        .executeTakeFirst(),
    );
    count += Number(numUpdatedRows);
  }
  return count;
};
