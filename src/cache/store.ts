import { Keyv, KeyvMemoryAdapter, type KeyvSerializationAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { Redis } from '../stores/redis.ts';

/** Where answers are kept: a Keyv over bounded memory or over Redis. */
export type Store = Keyv;

interface Kept {
  value: unknown;
  expires?: number;
}

/** What Keyv gives a store of its own: `ttl` in milliseconds. */
interface Written {
  readonly key: string;
  readonly value: string;
  readonly ttl: number | undefined;
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

/** Redis behind Keyv; every command is limited by `redis`. A failed read is a miss, a failed write is forgotten; `onProblem` hears of both. */
export const createRedisStore = (redis: Redis, onProblem: (error: unknown) => void): Store => {
  const getMany = (keys: string[]) =>
    redis.read(async (client) => (await client.mGet(keys)).map((value) => value ?? undefined));
  // One pipeline: what is written together is one command to `redis`, with one time limit.
  const setMany = (entries: readonly Written[]) =>
    redis.write(async (client) => {
      const pipeline = client.multi();
      for (const { key, value, ttl } of entries) {
        pipeline.set(key, value, ttl === undefined ? {} : { expiration: { type: 'PX', value: Math.ceil(ttl) } });
      }
      await pipeline.execAsPipeline();
    });
  const store = {
    opts: {},
    getMany,
    setMany,
    get: async (key: string) => (await getMany([key]))[0],
    set: (key: string, value: string, ttl?: number) => setMany([{ key, value, ttl }]),
    delete: (key: string) => redis.write(async (client) => (await client.unlink(key)) > 0),
    clear: () => Promise.resolve(), // shared with others: nobody may empty it
  };
  return quiet(new Keyv({ serialization: plainJson, store }), onProblem);
};

// Keyv throws where nobody listens for its errors.
const quiet = (keyv: Keyv, onProblem: (error: unknown) => void): Keyv => {
  keyv.on('error', onProblem);
  return keyv;
};
