import { createHmac } from 'node:crypto';
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

/** Options of a store over Redis. */
export interface RedisStoreOptions {
  /** Known to those who share the answers and to nobody else: what others write under our keys is a miss. */
  readonly secret: string;
  /** Memory that stands in while Redis does not take or give anything. */
  readonly spareBytes: number;
  /** Hears of each read and write that failed. */
  readonly onProblem: (error: unknown) => void;
}

/** Redis behind Keyv; every command is limited by `redis`. While it is away this process keeps its own answers, in bounded memory. */
export const createRedisStore = (redis: Redis, { secret, spareBytes, onProblem }: RedisStoreOptions): Store => {
  const spare = new LRUCache<string, string>({
    maxSize: spareBytes,
    sizeCalculation: (value, key) => 64 + 2 * (key.length + value.length),
  });
  const getMany = (keys: string[]) =>
    redis
      .read(async (client) => (await client.mGet(keys)).map((value) => value ?? undefined))
      .catch((error: unknown) => {
        onProblem(error);
        return keys.map((key) => spare.get(key));
      });
  // One pipeline: what is written together is one command to `redis`, with one time limit.
  const setMany = (entries: readonly Written[]) =>
    redis
      .write(async (client) => {
        const pipeline = client.multi();
        for (const { key, value, ttl } of entries) {
          pipeline.set(key, value, ttl === undefined ? {} : { expiration: { type: 'PX', value: Math.ceil(ttl) } });
        }
        await pipeline.execAsPipeline();
      })
      .catch((error: unknown) => {
        onProblem(error);
        for (const { key, value, ttl } of entries) spare.set(key, value, ttl === undefined ? {} : { ttl });
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
  return quiet(new Keyv({ serialization: markedJson(secret), store }), onProblem);
};

// Whoever can write to Redis could invent answers (threat T12): each text carries a mark that takes the secret to make.
const markedJson = (secret: string): KeyvSerializationAdapter => {
  const markOf = (text: string) => createHmac('sha256', secret).update(text).digest('base64url').slice(0, 22);
  return {
    stringify: (value) => {
      const text = JSON.stringify(value);
      return markOf(text) + text;
    },
    parse: (marked) => {
      const text = marked.slice(22);
      if (!marked.startsWith(markOf(text))) throw new Error('an entry that is not ours');
      return JSON.parse(text) as never;
    },
  };
};

// Keyv throws where nobody listens for its errors.
const quiet = (keyv: Keyv, onProblem: (error: unknown) => void): Keyv => {
  keyv.on('error', onProblem);
  return keyv;
};
