import { Keyv, KeyvMemoryAdapter, type KeyvSerializationAdapter } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { Redis } from '../stores/redis.ts';

/** Where answers are kept: a Keyv over bounded memory or over Redis. */
export type Store = Keyv;

interface Kept {
  value: unknown;
  expires?: number;
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

/** Redis behind Keyv; every command is limited by `redis`. A failed read is a miss, `onProblem` hears of it. */
export const createRedisStore = (redis: Redis, onProblem: (error: unknown) => void): Store =>
  quiet(
    new Keyv({
      serialization: plainJson,
      store: {
        opts: {},
        get: (key: string) => redis.run(async (client) => (await client.get(key)) ?? undefined),
        getMany: (keys: string[]) =>
          redis.run(async (client) => (await client.mGet(keys)).map((value) => value ?? undefined)),
        set: (key: string, value: string, ttlMs?: number) =>
          redis.run((client) =>
            client.set(key, value, ttlMs === undefined ? {} : { expiration: { type: 'PX', value: Math.ceil(ttlMs) } }),
          ),
        delete: (key: string) => redis.run(async (client) => (await client.unlink(key)) > 0),
        clear: () => Promise.resolve(), // shared with others: nobody may empty it
      },
    }),
    onProblem,
  );

// Keyv throws where nobody listens for its errors.
const quiet = (keyv: Keyv, onProblem: (error: unknown) => void): Keyv => {
  keyv.on('error', onProblem);
  return keyv;
};
