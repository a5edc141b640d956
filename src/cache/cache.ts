import { freshAt, type Fetched } from '../model/freshness.ts';
import type { Tally } from '../observe/tally.ts';
import { createFlights, type Flights } from './flights.ts';
import { absentSeconds, type CacheKey } from './keys.ts';
import type { Store } from './store.ts';

/** Answers that may be given again. A store that is slow, silent or dead costs at most the time limit, never an answer. */
export interface Cache {
  /** The kept answer, or that of `load`, which runs once however many ask. */
  getOrLoad<T>(key: CacheKey, load: Load<T>, signal: AbortSignal): Promise<Fetched<T>>;
  /** The same for many ids at once: `load` is asked for all that are not kept, in one go; what it does not know is null. */
  getOrLoadMany<Id extends string, T>(
    ids: readonly Id[],
    keyOf: (id: Id) => CacheKey,
    load: (missing: readonly Id[], signal: AbortSignal) => Promise<ReadonlyMap<Id, T>>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Id, Fetched<T> | null>>;
}

type Load<T> = (signal: AbortSignal) => Promise<T>;

interface Entry {
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
          return kept === undefined ? fetched(deps, key, await load(shared)) : asFetched(kept);
        },
        signal,
      ),
    getOrLoadMany: (ids, keyOf, load, signal) => loadMany(deps, flights, { ids, keyOf, load, signal }),
  };
};

interface Many<Id extends string, T> {
  readonly ids: readonly Id[];
  readonly keyOf: (id: Id) => CacheKey;
  readonly load: (missing: readonly Id[], signal: AbortSignal) => Promise<ReadonlyMap<Id, T>>;
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
    return (await batch).get(id) ?? null;
  };
  const unique = [...new Set(many.ids)];
  const found = await Promise.all(
    unique.map(async (id) => [id, await flights.join(many.keyOf(id).text, start(id), many.signal)] as const),
  );
  return new Map(found);
};

const lookUpOrLoad = async <Id extends string, T>(deps: CacheDeps, { ids, keyOf, load, signal }: Many<Id, T>) => {
  const found = new Map<Id, Fetched<T> | null>();
  if (ids.length === 0) return found;
  const kept = await lookUp(deps, ids.map(keyOf));
  const missing = ids.filter((id, index) => {
    const entry = kept[index];
    if (entry !== undefined) found.set(id, entry.value === null ? null : asFetched<T>(entry));
    return entry === undefined;
  });
  if (missing.length === 0) return found;
  const loaded = await load(missing, signal);
  for (const id of missing) {
    const value = loaded.get(id);
    const key = keyOf(id);
    if (value === undefined) keep(deps, { text: key.text, ttlSeconds: Math.min(absentSeconds, key.ttlSeconds) }, null);
    found.set(id, value === undefined ? null : fetched(deps, key, value));
  }
  return found;
};

const lookUp = async (
  { store, timeoutMs, tally }: CacheDeps,
  keys: readonly CacheKey[],
): Promise<(Entry | undefined)[]> => {
  if (store === null) return keys.map(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, null);
  });
  const answers = await Promise.race([store.getMany<unknown>(keys.map(({ text }) => text)).catch(() => null), late]);
  clearTimeout(timer);
  if (answers === null) tally.add('cache broken');
  return keys.map((key, index) => {
    const entry = toEntry(answers?.[index], key);
    if (answers !== null) tally.add(entry === undefined ? 'cache miss' : 'cache hit');
    return entry;
  });
};

// What comes out of a shared store is checked like what comes from upstream: an entry is believed only when it is ours and fresh.
const toEntry = (raw: unknown, { ttlSeconds }: CacheKey): Entry | undefined => {
  if (typeof raw !== 'object' || raw === null || !('at' in raw) || !('value' in raw)) return undefined;
  const { at, value } = raw;
  const ageMs = typeof at === 'number' ? Date.now() - at : NaN;
  return typeof at === 'number' && ageMs > -60_000 && ageMs < ttlSeconds * 1_000 ? { at, value } : undefined;
};

// The store holds what `fetched` put there under a key that names its kind and version.
const asFetched = <T>({ at, value }: Entry): Fetched<T> => ({ value: value as T, freshness: freshAt(at) });

const fetched = <T>(deps: CacheDeps, key: CacheKey, value: T): Fetched<T> => ({
  value,
  freshness: freshAt(keep(deps, key, value)),
});

// Nobody waits for a write: a store that does not take it costs a second call later, no answer now.
const keep = ({ store, tally }: CacheDeps, { text, ttlSeconds }: CacheKey, value: unknown): number => {
  const at = Date.now();
  if (store !== null && ttlSeconds > 0) {
    const entry: Entry = { at, value };
    void store.set(text, entry, ttlSeconds * 1_000).catch(() => tally.add('cache broken'));
  }
  return at;
};
