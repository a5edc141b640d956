import { Keyv, KeyvMemoryAdapter, type KeyvSerializationAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { Shared } from '../stores/shared.ts';
import { createMarks, type Marks } from './marks.ts';

/** Where answers are kept: a Keyv over bounded memory or over what replicas share. */
export type Store = Keyv;

interface Kept {
  value: unknown;
  expires?: number;
}

/** What Keyv gives a store of its own: `ttl` in milliseconds. */
interface Written {
  readonly key: string;
  readonly value: string;
  readonly ttl?: number | undefined;
}

// Keyv passes a time to live in milliseconds as third argument, on which lru-cache throws.
class BoundedMemory extends LRUCache<string, Kept> {
  override set(key: string, kept: Kept, ttl?: LRUCache.SetOptions<string, Kept, unknown> | number): this {
    return super.set(key, kept, typeof ttl === 'number' ? (ttl > 0 ? { ttl } : {}) : ttl);
  }
}

// Keyv's own serializer looks at every value for buffers and large integers; ours are plain data.
const plainJson = JSON as KeyvSerializationAdapter;

/** Memory that never holds more than `maxBytes` (keys and texts at two bytes a character, and what each entry costs by itself). */
export const createMemoryStore = (maxBytes: number): Store => {
  const memory = new BoundedMemory({
    maxSize: maxBytes,
    sizeCalculation: ({ value }, key) => 64 + 2 * key.length + (typeof value === 'string' ? 2 * value.length : 512),
  });
  return quiet(new Keyv({ store: new KeyvMemoryAdapter(memory), serialization: plainJson }), () => undefined);
};

/** What a shared store gives for every key while it cannot be read. */
export const away = Symbol('the shared store cannot be read');

/** What replicas share, behind Keyv; `shared` limits every command. What others write under our keys is a miss: whoever can write there
 * could invent answers (threat T12). Whatever fails or is not ours is heard by `onProblem`. */
export const createSharedStore = (
  shared: Shared,
  { secret, onProblem }: { readonly secret: string; readonly onProblem: (error: unknown) => void },
): Store => {
  const getMany = async (keys: string[]) => {
    try {
      return (await shared.getMany(keys)).map((text) => text ?? undefined);
    } catch (error) {
      onProblem(error);
      return keys.map(() => ({ value: away })); // to Keyv a failed read and a miss are the same
    }
  };
  const setMany = async (entries: readonly Written[]): Promise<boolean[]> => {
    await shared.setMany(entries.map(({ key, value, ttl }) => ({ key, value, ttlMs: ttl ?? 0 })));
    return entries.map(() => true);
  };
  const store = {
    opts: {},
    getMany,
    setMany,
    get: async (key: string) => (await getMany([key]))[0],
    set: async (key: string, value: string, ttl?: number) => (await setMany([{ key, value, ttl }]))[0],
    delete: () => Promise.resolve(false), // what is over is removed by the store itself
    clear: () => Promise.resolve(), // shared with others: nobody may empty it
  };
  const serialization = signedJson(createMarks(secret, 'answer'));
  return quiet(new Keyv({ store, serialization, checkExpired: false }), onProblem);
};

const signedJson = ({ sign, open }: Marks): KeyvSerializationAdapter => ({
  stringify: (value) => sign(JSON.stringify(value)),
  parse: (signed) => {
    const text = open(signed);
    if (text === null) throw new Error('an entry that is not ours');
    return JSON.parse(text) as never;
  },
});

// Keyv throws where nobody listens for its errors.
const quiet = (keyv: Keyv, onProblem: (error: unknown) => void): Keyv => {
  keyv.on('error', onProblem);
  return keyv;
};
