import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCache } from '../../src/cache/cache.ts';
import { createMemoryStore, createRedisStore } from '../../src/cache/store.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createRedis } from '../../src/stores/redis.ts';
import { untilConnected } from '../stores/connected.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';

/** What two gateways over one Redis have in common. */
const shared = { secret: 'known to both', spareBytes: 1_000_000 };

describe('the store in memory', () => {
  test.each([
    ['short', 100, 20_000],
    ['long', 10_000, 500],
  ])('%s values far beyond the bound leave what fits into it, the newest ones', async (_, length, count) => {
    const maxBytes = 500_000;
    const store = createMemoryStore(maxBytes);
    const keys = Array.from({ length: count }, (_, index) => `key ${index}`);
    for (const key of keys) await store.set(key, 'x'.repeat(length), 60_000);
    const kept = await store.getMany<string>(keys);
    const bytes = kept.reduce((sum, value) => sum + 2 * (value?.length ?? 0), 0);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(bytes).toBeGreaterThan(maxBytes / 4);
    expect(kept.at(-1)).toBeDefined();
    expect(kept[0]).toBeUndefined();
  });

  test('what has been read lately outlives what has not', async () => {
    const store = createMemoryStore(100_000);
    await store.set('read', 1, 60_000);
    await store.set('unread', 2, 60_000);
    for (let index = 0; index < 1_000; index += 1) {
      await store.set(`key ${index}`, 'x'.repeat(100), 60_000);
      await store.get('read');
    }
    expect(await store.getMany(['read', 'unread'])).toEqual([1, undefined]);
  });

  test('a value that is larger than all the memory is not kept, and drives nothing out', async () => {
    const store = createMemoryStore(10_000);
    await store.set('small', 1, 60_000);
    await store.set('large', 'x'.repeat(10_000), 60_000);
    expect(await store.getMany(['small', 'large'])).toEqual([1, undefined]);
  });
});

describe('the store in Redis', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(() => server.stop());

  const always = new AbortController().signal;
  /** A cache of one process over the shared server. The time limit is out of the way: these tests are not about time. */
  const connect = async () => {
    const problems: unknown[] = [];
    const tally = createTally();
    const redis = createRedis({
      url: server.url,
      readTimeoutMs: 60_000,
      writeTimeoutMs: 60_000,
      onProblem: (error) => problems.push(error),
      onBad: (error) => problems.push(error),
      onGood: () => problems.push('good again'),
    });
    await untilConnected(redis);
    const store = createRedisStore(redis, { ...shared, onProblem: (error) => problems.push(error) });
    return {
      redis,
      store,
      cache: createCache({ store, timeoutMs: 60_000, tally }),
      problems,
      counts: () => tally.snapshot(),
    };
  };
  const key = { text: 'users-gateway:1:space:location:one', ttlSeconds: 60 };

  test('what one process has loaded another is given, until its time is over in Redis, too', async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    const loaded = await one.cache.getOrLoad(key, () => Promise.resolve({ name: 'Padaria' }), always);
    // The write is not waited for; a command of the same connection comes after it.
    expect(await one.redis.read((client) => client.pTTL(key.text))).toBeGreaterThan(30_000);
    const never = () => Promise.reject(new Error('must not be loaded'));
    expect(await two.cache.getOrLoad(key, never, always)).toEqual(loaded);
    expect([...one.problems, ...two.problems]).toEqual([]);
    for (const { redis } of [one, two]) redis.close();
  });

  test('what somebody else writes, or copies under another key, is a miss', async () => {
    const { redis, cache, store } = await connect();
    const forged = createRedisStore(redis, { ...shared, secret: 'a guess', onProblem: () => undefined });
    const load = () => Promise.resolve('ours');
    await forged.set(key.text, { key: key.text, at: Date.now(), value: 'invented' }, 60_000);
    expect((await cache.getOrLoad(key, load, always)).value).toBe('ours');
    const other = { ...key, text: `${key.text}-of-another-tenant` };
    await store.set(key.text, { key: other.text, at: Date.now(), value: 'theirs' }, 60_000);
    expect((await cache.getOrLoad(key, load, always)).value).toBe('ours');
    redis.close();
  });

  test('an unknown id is kept for thirty seconds at most, and nobody can empty the shared store', async () => {
    const { redis, store, cache } = await connect();
    await cache.getOrLoadMany(
      ['x'],
      () => key,
      () => Promise.resolve(new Map()),
      always,
    );
    const ttl = await redis.read((client) => client.pTTL(key.text));
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(30_000);
    await store.clear();
    expect(await redis.read((client) => client.exists(key.text))).toBe(1);
    redis.close();
  });

  test('what one load brought is written in one go, each with a time of its own', async () => {
    const { redis, store, cache } = await connect();
    const written: string[][] = [];
    const setMany = store.setMany.bind(store);
    store.setMany = (entries) => {
      written.push(entries.map((entry) => entry.key));
      return setMany(entries);
    };
    const ids = Array.from({ length: 50 }, (_, index) => `tag ${index}`);
    const keyOf = (id: string) => ({ text: `${key.text}:${id}`, ttlSeconds: 60 });
    const load = () => Promise.resolve(new Map(ids.slice(1).map((id) => [id, `value of ${id}`])));
    await cache.getOrLoadMany(ids, keyOf, load, always);
    expect(written).toEqual([ids.map((id) => keyOf(id).text)]);
    const ttls = await Promise.all(ids.map((id) => redis.read((client) => client.pTTL(keyOf(id).text))));
    expect(ttls.every((ttl, index) => (index === 0 ? ttl > 0 && ttl <= 30_000 : ttl > 30_000 && ttl <= 60_000))).toBe(
      true,
    );
    redis.close();
  });

  test.each([
    '',
    'null',
    '{',
    '[]',
    '5',
    'true',
    '"x"',
    '<html>',
    '{"value":5}',
    '{"value":null}',
    '{"value":{"at":1}}',
    '\0\0',
  ])('the corrupted value %j is a miss, alone and beside a good one, and is written over', async (corrupted) => {
    const { redis, cache } = await connect();
    const keyOf = (id: string) => ({ text: `${key.text}:${id}`, ttlSeconds: 60 });
    await cache.getOrLoad(keyOf('good'), () => Promise.resolve('kept'), always);
    await redis.write((client) => client.set(keyOf('bad').text, corrupted));
    const asked: string[][] = [];
    const load = (missing: readonly string[]) => {
      asked.push([...missing]);
      return Promise.resolve(new Map(missing.map((id) => [id, 'loaded'])));
    };
    const valuesNow = async () => {
      const found = await cache.getOrLoadMany(['good', 'bad'], keyOf, load, always);
      return Object.fromEntries(
        [...found].map(([id, answer]) => [id, answer instanceof Error ? answer : answer?.value]),
      );
    };
    expect([await valuesNow(), await valuesNow()]).toEqual(Array(2).fill({ good: 'kept', bad: 'loaded' }));
    expect(asked).toEqual([['bad']]);
    redis.close();
  });

  test('a key that holds something else than a text is a miss', async () => {
    const { redis, cache } = await connect();
    await redis.write((client) => client.lPush(key.text, 'x'));
    const answer = await cache.getOrLoad(key, () => Promise.resolve('loaded'), always);
    expect(answer.value).toBe('loaded');
    redis.close();
  });
});
