import { asError } from '../model/errors.ts';
import { freshAt, type Fetched } from '../model/freshness.ts';
import type { Tally } from '../observe/tally.ts';
import { inTime } from '../stores/in-time.ts';
import { createFlights, type Flights } from './flights.ts';
import { absentSeconds, type CacheKey } from './keys.ts';
import type { Store } from './store.ts';

/** Answers that may be given again. A store that is slow, silent or dead costs at most the time limit, never an answer. */
export interface Cache {
  /** The kept answer, or that of `load`, which runs once however many ask. */
  getOrLoad<T>(key: CacheKey, load: Load<T>, signal: AbortSignal): Promise<Fetched<T>>;
  /** The same for many ids at once: `load` is asked for all that are not kept, in one go. What it does not know is null, what it could
   * not read is that id's Error and nobody else's. */
  getOrLoadMany<Id extends string, T>(
    ids: readonly Id[],
    keyOf: (id: Id) => CacheKey,
    load: LoadMany<Id, T>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Id, Fetched<T> | null | Error>>;
}

type Load<T> = (signal: AbortSignal) => Promise<T>;
type LoadMany<Id, T> = (missing: readonly Id[], signal: AbortSignal) => Promise<ReadonlyMap<Id, T | Error>>;

interface Entry {
  /** Whose answer it is: an entry copied under another key is none. */
  readonly key: string;
  /** When upstream gave it, epoch milliseconds. */
  readonly at: number;
  readonly value: unknown;
}

/** Dependencies of a cache; `store` null keeps nothing between requests. */
export interface CacheDeps {
  readonly store: Store | null;
  /** How long a read from the store may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly tally: Tally;
}

/** One cache a process; loads under way are shared even where nothing is kept. */
export const createCache = (deps: CacheDeps): Cache => {
  const flights = createFlights();
  return {
    getOrLoad: (key, load, signal) =>
      flights.join(
        key.text,
        async (shared) => {
          const [kept] = await lookUp(deps, [key]);
          if (kept !== undefined) return asFetched(kept);
          const value = await load(shared);
          const at = Date.now();
          keep(deps, [{ key, at, value }]);
          return { value, freshness: freshAt(at) };
        },
        signal,
      ),
    getOrLoadMany: (ids, keyOf, load, signal) => loadMany(deps, flights, { ids, keyOf, load, signal }),
  };
};

interface Many<Id extends string, T> {
  readonly ids: readonly Id[];
  readonly keyOf: (id: Id) => CacheKey;
  readonly load: LoadMany<Id, T>;
  readonly signal: AbortSignal;
}

// Each id is a flight of its own, so that operations which share some ids share those; the ids that nobody had asked for yet travel together.
const loadMany = async <Id extends string, T>(deps: CacheDeps, flights: Flights, many: Many<Id, T>) => {
  const travelling: Id[] = [];
  const nobody = new AbortController();
  let waiting = 0;
  // Starts a microtask later, when all ids of this call have been gathered.
  const batch = Promise.resolve().then(() => lookUpOrLoad(deps, { ...many, ids: travelling, signal: nobody.signal }));
  batch.catch(() => undefined);
  const start = (id: Id) => async (left: AbortSignal) => {
    travelling.push(id);
    waiting += 1;
    left.addEventListener('abort', () => {
      waiting -= 1;
      if (waiting === 0) nobody.abort(left.reason);
    });
    const found = (await batch).get(id) ?? null;
    if (found instanceof Error) throw found;
    return found;
  };
  // A caller that has left gets no answer at all; else a failure is its own id's alone.
  const own = (error: unknown): Error => {
    if (many.signal.aborted) throw error;
    return asError(error);
  };
  const unique = [...new Set(many.ids)];
  const found = await Promise.all(
    unique.map(async (id) => [id, await flights.join(many.keyOf(id).text, start(id), many.signal).catch(own)] as const),
  );
  return new Map(found);
};

const lookUpOrLoad = async <Id extends string, T>(deps: CacheDeps, { ids, keyOf, load, signal }: Many<Id, T>) => {
  const found = new Map<Id, Fetched<T> | null | Error>();
  if (ids.length === 0) return found;
  const kept = await lookUp(deps, ids.map(keyOf));
  const missing = ids.filter((id, index) => {
    const entry = kept[index];
    if (entry !== undefined) found.set(id, entry.value === null ? null : asFetched<T>(entry));
    return entry === undefined;
  });
  if (missing.length === 0) return found;
  const loaded = await load(missing, signal);
  const at = Date.now();
  const toKeep = missing.flatMap((id): Kept[] => {
    const key = keyOf(id);
    const value = loaded.get(id);
    if (value instanceof Error) {
      found.set(id, value);
      return [];
    }
    found.set(id, value === undefined ? null : { value, freshness: freshAt(at) });
    const ttlSeconds = value === undefined ? Math.min(absentSeconds, key.ttlSeconds) : key.ttlSeconds;
    return [{ key: { ...key, ttlSeconds }, at, value: value ?? null }];
  });
  keep(deps, toKeep);
  return found;
};

const lookUp = async (
  { store, timeoutMs, tally }: CacheDeps,
  keys: readonly CacheKey[],
): Promise<(Entry | undefined)[]> => {
  if (store === null) return keys.map(() => undefined);
  const asked = store.getMany<unknown>(keys.map(({ text }) => text));
  const answers = await inTime(timeoutMs, asked).catch(() => null);
  if (answers === null) tally.add('cache broken');
  return keys.map((key, index) => {
    const entry = toEntry(answers?.[index], key);
    if (answers !== null) tally.add(entry === undefined ? 'cache miss' : 'cache hit');
    return entry;
  });
};

// An entry is believed when it has our shape, was put under this key and is fresh. A shared store gives back only what bears our mark.
const toEntry = (raw: unknown, { text, ttlSeconds }: CacheKey): Entry | undefined => {
  if (typeof raw !== 'object' || raw === null || !('at' in raw) || !('value' in raw)) return undefined;
  if (!('key' in raw) || raw.key !== text) return undefined;
  const { at, value } = raw;
  const ageMs = typeof at === 'number' ? Date.now() - at : NaN;
  return typeof at === 'number' && ageMs > -60_000 && ageMs < ttlSeconds * 1_000 ? { key: text, at, value } : undefined;
};

// The key names kind and version of what was put there.
const asFetched = <T>({ at, value }: Entry): Fetched<T> => ({ value: value as T, freshness: freshAt(at) });

interface Kept {
  readonly key: CacheKey;
  readonly at: number;
  readonly value: unknown;
}

// What one load brought is written together, and nobody waits for it: a store that does not take it costs a second call later, no answer now.
const keep = ({ store, tally }: CacheDeps, all: readonly Kept[]): void => {
  const lasting = all.filter(({ key }) => key.ttlSeconds > 0);
  if (store === null || lasting.length === 0) return;
  const entries = lasting.map(({ key: { text, ttlSeconds }, at, value }) => {
    const entry: Entry = { key: text, at, value };
    return { key: text, value: entry, ttl: ttlSeconds * 1_000 };
  });
  void store.setMany(entries).catch(() => tally.add('cache broken'));
};
