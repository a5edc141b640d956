import { LRUCache } from 'lru-cache';
import { GatewayError } from '../model/errors.ts';
import { StoreUnavailable, type Database } from '../stores/sql.ts';
import type { CallerTables } from './migrations.ts';

/** A token as it stands in the store. */
export type ServiceTokenRow = CallerTables['gateway_service_tokens'];

/** What the store said lately about ids of tokens. */
export interface ServiceTokenMemory {
  /** Asks the store where nothing fresh is remembered, once for all who wait. Rejects with AUTH_UNAVAILABLE where it is away. */
  readonly find: (id: string) => Promise<ServiceTokenRow | null>;
}

/** Milliseconds for which an answer of the store counts: a revocation is known everywhere after as long. */
const freshMs = 10_000;
/** And while the store is away. */
const freshWithoutStoreMs = 300_000;
/** How long one question may take, and how long the store is left alone after it failed: not every request shall wait for a silent one. */
const askMs = 1_000;
const pauseMs = 2_000;
/** Questions about tokens that are not known. More would keep everybody else from the store: whoever floods it is told to come again. */
const mostAsked = 100;

/** Remembers at most 1,000 tokens and 10,000 ids that there are not. */
export const createServiceTokenMemory = (database: Database<CallerTables>): ServiceTokenMemory => {
  const known = new LRUCache<string, { readonly row: ServiceTokenRow; readonly at: number }>({ max: 1_000 });
  const unknown = new LRUCache<string, number>({ max: 10_000 });
  const asked = new Map<string, Promise<ServiceTokenRow | null>>();
  let pausedUntil = 0;

  const ask = async (id: string): Promise<ServiceTokenRow | null> => {
    const at = Date.now();
    try {
      const row = await database.run(
        (db) => db.selectFrom('gateway_service_tokens').selectAll().where('id', '=', id).executeTakeFirst(),
        askMs,
      );
      if (row) known.set(id, { row, at });
      else known.delete(id);
      if (!row) unknown.set(id, at);
      return row ?? null;
    } catch (error) {
      if (error instanceof StoreUnavailable) pausedUntil = Date.now() + pauseMs;
      throw error;
    }
  };
  const askOnce = (id: string): Promise<ServiceTokenRow | null> => {
    const underWay = asked.get(id);
    if (underWay) return underWay;
    if (Date.now() < pausedUntil) return Promise.reject(new StoreUnavailable('The store was away a moment ago'));
    if (asked.size >= mostAsked && !known.has(id))
      return Promise.reject(new StoreUnavailable('The store is being asked for too many tokens'));
    const asking = ask(id).finally(() => asked.delete(id));
    asked.set(id, asking);
    return asking;
  };
  return {
    find: async (id) => {
      const held = known.get(id);
      if (held && isWithin(freshMs, held.at)) return held.row;
      if (isWithin(freshMs, unknown.get(id))) return null;
      try {
        return await askOnce(id);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (held && isWithin(freshWithoutStoreMs, held.at)) return held.row;
        throw new GatewayError('AUTH_UNAVAILABLE', { cause: error });
      }
    },
  };
};

const isWithin = (limitMs: number, moment = -Infinity): boolean => Date.now() - moment < limitMs;

const noteEveryMs = 60_000;

/** Writes down when a token is used: once a minute over all processes, and nobody waits for it. */
export const createUseNotes = (database: Database<CallerTables>) => {
  const noted = new LRUCache<string, number>({ max: 1_000 });
  return ({ id, last_used_at: lastUsedAt }: ServiceTokenRow): void => {
    const now = Date.now();
    if (isWithin(noteEveryMs, Math.max(noted.get(id) ?? 0, lastUsedAt ?? 0))) return;
    noted.set(id, now); // before the writing: one that fails is not tried again with every request
    const writing = database.run((db) =>
      db
        .updateTable('gateway_service_tokens')
        .set({ last_used_at: now })
        .where('id', '=', id)
        .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<=', now - noteEveryMs)]))
        .execute(),
    );
    writing.catch(() => undefined); // nobody is refused for it
  };
};
