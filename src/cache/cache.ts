import { asError, errorTable, GatewayError } from '../model/errors.ts';
import type { Fetched } from '../model/freshness.ts';
import type { Tally } from '../observe/tally.ts';
import type { Shared } from '../stores/shared.ts';
import type { Cause } from '../upstream/cause.ts';
import type { Answer } from './answer.ts';
import { ask, type Room } from './ask.ts';
import type { Found } from './entries.ts';
import type { CacheKey } from './keys.ts';
import { createLeases } from './leases.ts';
import { createLoads } from './loads.ts';
import { createNews } from './news.ts';
import { createRevalidation } from './revalidation.ts';
import { createTiers } from './tiers.ts';

/** Answers that may be given again, each for as long as its key says and the wish of the cause allows. A shared store that is slow, silent
 * or dead costs at most its time limit, never an answer. */
export interface Cache {
  /** The kept answer, or that of `load`, which runs once however many ask. A NOT_FOUND of `load` is kept, too, for a short while. Throws
   * NOT_CACHED where the wish forbids to load, what `load` throws where nothing may stand in for it, and the reason of a signal that
   * has ended. */
  getOrLoad<T>(key: CacheKey, load: LoadOne<T>, cause: Cause): Promise<Fetched<T>>;
  /** The same for many ids at once: `load` is asked in one go for all that neither are kept nor under way. What it does not know is null,
   * what it could not read is that id's Error and nobody else's. */
  getOrLoadMany<Id extends string, T>(
    ids: readonly Id[],
    keyOf: (id: Id) => CacheKey,
    load: LoadMany<Id, T>,
    cause: Cause,
  ): Promise<ReadonlyMap<Id, Fetched<T> | null | Error>>;
}

type LoadOne<T> = (cause: Cause) => Promise<T>;
type LoadMany<Id, T> = (missing: readonly Id[], cause: Cause) => Promise<ReadonlyMap<Id, T | Error>>;

/** What a cache is made from. */
export interface CacheDeps {
  /** How much the process keeps, in bytes; null keeps nothing anywhere, and only loads under way are shared. */
  readonly memoryBytes: number | null;
  /** Where replicas share what they have loaded; null for a process that is alone. */
  readonly shared: Shared | null;
  /** Known to those who share answers and to nobody else. */
  readonly secret: string;
  readonly tally: Tally;
  /** How long a replica may load before another one does, in milliseconds: about one attempt. */
  readonly leaseMs?: number;
}

/** One cache a process. */
export const createCache = (deps: CacheDeps): Cache => {
  const room = createRoom(deps);
  return {
    getOrLoad: (key, load, cause) => getOrLoad(room, key, load, cause),
    getOrLoadMany: (ids, keyOf, load, cause) => getOrLoadMany(room, { ids, keyOf, load }, cause),
  };
};

const createRoom = ({ memoryBytes, shared, secret, tally, leaseMs = 4_000 }: CacheDeps): Room => {
  const tiers = memoryBytes === null ? null : createTiers({ memoryBytes, shared, secret, tally });
  const replicas = tiers &&
    shared && { leases: createLeases(shared, leaseMs), news: createNews(shared, { secret, onKept: tiers.forget }) };
  const loads = createLoads({ tiers, replicas });
  return { tiers, loads, revalidation: createRevalidation(loads), tally };
};

const getOrLoad = async <T>(room: Room, key: CacheKey, load: LoadOne<T>, cause: Cause): Promise<Fetched<T>> => {
  const refusals: GatewayError[] = [];
  const loadOne = async (_: unknown, all: Cause): Promise<ReadonlyMap<string, Found>> => {
    try {
      return new Map([[key.text, { value: await load(all) }]]);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'NOT_FOUND') throw error;
      refusals.push(error);
      return new Map([[key.text, { absent: error.message }]]);
    }
  };
  const [result] = await ask(room, { keys: [key], load: loadOne, cause });
  if (result?.status !== 'fulfilled') throw result?.reason;
  const { entry } = result.value;
  if ('absent' in entry) throw refusals[0] ?? new GatewayError('NOT_FOUND', { message: entry.absent });
  return asFetched<T>(result.value, entry.value);
};

interface Many<Id extends string, T> {
  readonly ids: readonly Id[];
  readonly keyOf: (id: Id) => CacheKey;
  readonly load: LoadMany<Id, T>;
}

const getOrLoadMany = async <Id extends string, T>(room: Room, { ids, keyOf, load }: Many<Id, T>, cause: Cause) => {
  const keyed = new Map([...new Set(ids)].map((id) => [id, keyOf(id)]));
  const idOf = new Map([...keyed].map(([id, { text }]) => [text, id]));
  const loadAll = async (keys: readonly CacheKey[], all: Cause): Promise<ReadonlyMap<string, Found | Error>> => {
    const wanted = keys.flatMap(({ text }) => idOf.get(text) ?? []);
    const found = await load(wanted, all);
    return new Map(wanted.map((id) => [keyed.get(id)?.text ?? '', toFound(found.get(id))]));
  };
  const results = await ask(room, { keys: [...keyed.values()], load: loadAll, cause });
  return new Map(
    [...keyed.keys()].map((id, index): [Id, Fetched<T> | null | Error] => {
      const result = results[index];
      if (result?.status === 'fulfilled') {
        const { entry } = result.value;
        return [id, 'absent' in entry ? null : asFetched<T>(result.value, entry.value)];
      }
      cause.signal.throwIfAborted(); // a caller that has gone gets no answer at all; else a failure is its own id's alone
      return [id, asError(result?.reason)];
    }),
  );
};

const toFound = (value: unknown): Found | Error => {
  if (value instanceof Error) return value;
  return value === undefined ? { absent: errorTable.NOT_FOUND.message } : { value };
};

// The key names kind and version of what was put there.
const asFetched = <T>({ freshness }: Answer, value: unknown): Fetched<T> => ({ value: value as T, freshness });
