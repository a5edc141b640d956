import type { Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import { toLocationId, type LocationId } from '../model/ids.ts';
import type { Database } from '../stores/sql.ts';
import type { CallerTables } from './migrations.ts';
import { isSame } from './same.ts';
import { createServiceTokenMemory, createUseNotes, type ServiceTokenRow } from './service-token-memory.ts';
import { newServiceToken, readServiceToken } from './service-token-text.ts';

/** What a token is to be good for. */
export interface NewServiceToken {
  /** The service: 1 to 64 of a-z, 0-9 and `-`. */
  readonly name: string;
  readonly scopes: readonly string[];
  readonly locations: 'all' | readonly LocationId[];
  readonly lifetimeMs: number;
}

/** The only time that the token itself is seen. */
interface IssuedServiceToken {
  readonly token: string;
  readonly id: string;
  /** Epoch milliseconds, as all times here. */
  readonly expiresAt: number;
}

/** A token from outside. */
export interface ServiceToken extends Omit<NewServiceToken, 'lifetimeMs'> {
  readonly id: string;
  readonly state: 'valid' | 'expired' | 'revoked';
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  /** To the minute. Null for never. */
  readonly lastUsedAt: number | null;
}

/** A third token of one name. The message names the two that are valid. */
export class TooManyServiceTokens extends Error {
  override readonly name = 'TooManyServiceTokens';
}

/** Tokens of services, of which the store knows digests alone. All but `verify` reject with StoreUnavailable when it is away. */
export interface ServiceTokens {
  /** Rejects with TooManyServiceTokens: two are valid at a time, the old and the new one of a rotation, however many ask at once. */
  readonly create: (wanted: NewServiceToken) => Promise<IssuedServiceToken>;
  /** All that ever were, by name and age. */
  readonly list: () => Promise<readonly ServiceToken[]>;
  /** Whether there is such a token. Every process that reaches the store knows within 10 s. */
  readonly revoke: (id: string) => Promise<boolean>;
  /** Who calls with this token. Rejects with UNAUTHENTICATED, or AUTH_UNAVAILABLE where the store is away and the token has not been seen
   * in the last 5 minutes. */
  readonly verify: (token: string) => Promise<Caller>;
  /** Whether the store answers within that time. */
  readonly ping: (timeoutMs: number) => Promise<void>;
}

/** Over a migrated database. */
export const createServiceTokens = (database: Database<CallerTables>): ServiceTokens => {
  const memory = createServiceTokenMemory(database);
  const noteUse = createUseNotes(database);
  return {
    create: (wanted) => create(database, wanted),
    list: async () => {
      const rows = await database.run((db) =>
        db.selectFrom('gateway_service_tokens').selectAll().orderBy('name').orderBy('created_at').execute(),
      );
      return rows.map(toServiceToken);
    },
    revoke: async (id) => {
      const { numUpdatedRows } = await database.run((db) =>
        db
          .updateTable('gateway_service_tokens')
          .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(Date.now())), slot: null }))
          .where('id', '=', id)
          .executeTakeFirst(),
      );
      return numUpdatedRows === 1n;
    },
    verify: async (token) => {
      const given = readServiceToken(token);
      const row = given && (await memory.find(given.id));
      if (!row || !isSame(row.digest, given.digest) || stateOf(row) !== 'valid')
        throw new GatewayError('UNAUTHENTICATED');
      noteUse(row);
      return toCaller(row);
    },
    ping: async (timeoutMs) => {
      await database.run((db) => db.selectFrom('gateway_service_tokens').select('id').limit(1).execute(), timeoutMs);
    },
  };
};

/** Places of valid tokens of one name. Each is taken by one statement that counts once: no two processes can both have it. */
const slots = [1, 2];

const create = async (
  database: Database<CallerTables>,
  { name, scopes, locations, lifetimeMs }: NewServiceToken,
): Promise<IssuedServiceToken> => {
  const { token, id, digest } = newServiceToken();
  const now = Date.now();
  const row = {
    id,
    name,
    digest,
    scopes: scopes.join(' '),
    locations: locations === 'all' ? allLocations : locations.join(' '),
    created_at: now,
    expires_at: now + lifetimeMs,
    revoked_at: null,
    last_used_at: null,
  };
  await database.run((db) =>
    db
      .updateTable('gateway_service_tokens')
      .set({ slot: null })
      .where('name', '=', name)
      .where('expires_at', '<=', now)
      .execute(),
  );
  for (const slot of slots) {
    const { numInsertedOrUpdatedRows } = await database.run((db) =>
      db
        .insertInto('gateway_service_tokens')
        .values({ ...row, slot })
        .onConflict((on) => on.columns(['name', 'slot']).doNothing())
        .executeTakeFirst(),
    );
    if (numInsertedOrUpdatedRows === 1n) return { token, id, expiresAt: row.expires_at };
  }
  throw await tooMany(database, name);
};

const tooMany = async (database: Database<CallerTables>, name: string): Promise<TooManyServiceTokens> => {
  const valid = await database.run((db) =>
    db
      .selectFrom('gateway_service_tokens')
      .selectAll()
      .where('name', '=', name)
      .where('slot', 'is not', null)
      .orderBy('created_at')
      .execute(),
  );
  const first = Math.min(...valid.map(({ expires_at: expiresAt }) => expiresAt));
  return new TooManyServiceTokens(
    `"${name}" has two valid tokens already: revoke ${valid.map(({ id }) => id).join(' or ')}` +
      (valid.length > 0 ? `, or wait until ${new Date(first).toISOString()}.` : '.'),
  );
};

/** As the store has it; no id is spelled so. */
const allLocations = '*';

const locationsOf = ({ locations }: ServiceTokenRow): 'all' | readonly LocationId[] =>
  locations === allLocations ? 'all' : wordsOf(locations).flatMap((id) => toLocationId(id) ?? []);

const wordsOf = (text: string): string[] => text.split(' ').filter((word) => word !== '');

const stateOf = ({ revoked_at: revokedAt, expires_at: expiresAt }: ServiceTokenRow): ServiceToken['state'] => {
  if (revokedAt !== null) return 'revoked';
  return expiresAt <= Date.now() ? 'expired' : 'valid';
};

const toServiceToken = (row: ServiceTokenRow): ServiceToken => ({
  id: row.id,
  name: row.name,
  scopes: wordsOf(row.scopes),
  locations: locationsOf(row),
  state: stateOf(row),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  lastUsedAt: row.last_used_at,
});

const toCaller = (row: ServiceTokenRow): Caller => {
  const locations = locationsOf(row);
  return {
    subject: `service:${row.name}`,
    kind: 'SERVICE',
    key: `service:${row.name}`,
    scopes: wordsOf(row.scopes),
    locations: locations === 'all' ? locations : new Set(locations),
    isOfCompany: locations === 'all',
  };
};
