import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { createMarks } from '../../src/cache/marks.ts';
import { createMemoryStore } from '../../src/cache/store.ts';
import { createRedis, type Redis } from '../../src/stores/redis.ts';
import { untilConnected } from '../stores/connected.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { asker, cacheKey, createRoom } from './rooms.ts';
import { createSharedMemory } from './shared-memory.ts';

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

const secret = 'known to all replicas';
const { sign } = createMarks(secret, 'answer');
/** What lies in the shared store for an entry. */
const stored = (entry: unknown) => sign(JSON.stringify({ value: entry, expires: Date.now() + 60_000 }));

describe('what lies in the shared store', () => {
  const start = Date.parse('2026-11-24T10:00:00.000Z');
  beforeEach(() => void jest.useFakeTimers({ now: start, doNotFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void jest.useRealTimers());
  const key = cacheKey('a', 60);
  const ask = async (text: string) => {
    const shared = createSharedMemory();
    shared.texts.set('a', text);
    return createRoom(shared, { secret }).cache.getOrLoad(key, () => Promise.resolve('loaded'), asker());
  };

  test.each([
    ['nothing of ours', '{"value":{"key":"a","at":0,"value":"x"}}'],
    ['a text', stored('garbage')],
    ['a number', stored(5)],
    ['a list', stored([1, 2])],
    ['null', stored(null)],
    ['an object of another shape', stored({ fetchedAt: start, data: 'x' })],
    ['an entry without a value', stored({ key: 'a', at: start })],
    ['an entry of another key', stored({ key: 'b', at: start, value: 'x' })],
    ['an entry without a moment', stored({ key: 'a', value: 'x' })],
    ['an entry whose moment is a text', stored({ key: 'a', at: '2026-11-24', value: 'x' })],
    ['an entry whose moment is no number', stored({ key: 'a', at: null, value: 'x' })],
    ['an entry from the future', stored({ key: 'a', at: start + 60_000, value: 'x' })],
    ['an entry that is too old by its own date', stored({ key: 'a', at: start - 60_000, value: 'x' })],
    ['an absence that is too old by its own date', stored({ key: 'a', at: start - 30_000, absent: 'no' })],
    ['an absence without words', stored({ key: 'a', at: start, absent: null })],
    ['an entry that was signed as news', createMarks(secret, 'news').sign('{"value":{"key":"a","at":0,"value":"x"}}')],
  ])('%s is a miss', async (_, text) => {
    expect(await ask(text)).toMatchObject({ value: 'loaded' });
  });

  test('an entry of a replica whose clock is somewhat ahead is believed, and is not from the future', async () => {
    expect(await ask(stored({ key: 'a', at: start + 59_999, value: 'x' }))).toEqual({
      value: 'x',
      freshness: { fetchedAt: start, state: 'FRESH', staleReason: null },
    });
  });

  test('what is older than fresh is stale by its own age, also where it has just been found', async () => {
    const shared = createSharedMemory();
    shared.texts.set('a', stored({ key: 'a', at: start - 70_000, value: 'x' }));
    const { cache } = createRoom(shared, { secret });
    const stale = cacheKey('a', 60, { revalidateSeconds: 300, hardSeconds: 300 });
    const load = () => new Promise<string>(() => undefined);
    for (let round = 0; round < 2; round += 1) {
      expect(await cache.getOrLoad(stale, load, asker())).toMatchObject({
        freshness: { fetchedAt: start - 70_000, state: 'STALE_WHILE_REVALIDATE' },
      });
    }
  });
});

describe('over Redis', () => {
  let server: RedisServer;
  const open: Redis[] = [];
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const redis of open.splice(0)) redis.close();
    await server.stop();
  });

  /** A cache of one process over the shared server. The time limit is out of the way: these tests are not about time. */
  const connect = async (withSecret = secret) => {
    const problems: unknown[] = [];
    const redis = createRedis({
      url: server.url,
      readTimeoutMs: 60_000,
      writeTimeoutMs: 60_000,
      onProblem: (error) => problems.push(error),
      onBad: (error) => problems.push(error),
      onGood: () => problems.push('good again'),
    });
    open.push(redis);
    await untilConnected(redis);
    return { redis, problems, ...createRoom(redis, { secret: withSecret }) };
  };
  /** What an operator or an intruder does at the server itself. */
  const operator = () => createClient({ url: server.url });
  const atServer = async <T>(work: (client: ReturnType<typeof operator>) => Promise<T>): Promise<T> => {
    const client = operator();
    await client.connect();
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  };
  const key = cacheKey('users-gateway:2:space:location:one', 60);
  const never = () => Promise.reject(new Error('must not be loaded'));
  /** Writes to Redis are not waited for: until it is there. */
  const untilStored = async (redis: Redis, ...texts: string[]) => {
    while ((await redis.getMany(texts)).includes(null)) await new Promise((resolve) => setImmediate(resolve));
  };

  test('what one process has loaded another is given, until its hard limit in Redis, too', async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    const lasting = cacheKey(key.text, 1, { revalidateSeconds: 2, hardSeconds: 3_600 });
    const loaded = await one.cache.getOrLoad(lasting, () => Promise.resolve({ name: 'Padaria' }), asker());
    await untilStored(one.redis, key.text);
    expect(await atServer((client) => client.pTTL(key.text))).toBeGreaterThan(3_000_000);
    expect(
      await two.cache.getOrLoad(lasting, never, asker({ isOnlyIfCached: true, maxStaleSeconds: 3_600 })),
    ).toMatchObject({ value: loaded.value });
    expect([...one.problems, ...two.problems]).toEqual([]);
  });

  test('a hundred equal questions to each of two cold replicas are one call, and their lease is gone afterwards', async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    let loads = 0;
    const load = async () => {
      loads += 1;
      await untilStored(one.redis, `lease:${key.text}`); // both have asked for it by then, or never will
      return 'answer';
    };
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? one : two));
    const answers = await Promise.all(asked.map(({ cache }) => cache.getOrLoad(key, load, asker())));
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['answer']));
    expect(loads).toBeLessThanOrEqual(2);
    while ((await atServer((client) => client.exists(`lease:${key.text}`))) > 0);
    expect([...one.problems, ...two.problems]).toEqual([]);
  });

  test('what one reads again the other sees: its own copy is dropped', async () => {
    const [one, two] = await Promise.all([connect(), connect()]);
    let version = 0;
    const load = () => Promise.resolve(`version ${(version += 1)}`);
    await one.cache.getOrLoad(key, load, asker());
    await untilStored(one.redis, key.text);
    const seen = async () => (await two.cache.getOrLoad(key, never, asker())).value;
    expect(await seen()).toBe('version 1');
    // Nobody tells when a subscription stands: one reads again until the other sees it.
    while ((await seen()) === 'version 1') await one.cache.getOrLoad(key, load, asker({ maxAgeSeconds: -1 }));
    expect(version).toBeGreaterThan(1);
  });

  test("one that holds a lease for too long does not take away what is another one's by now", async () => {
    const { redis } = await connect();
    const releases: Promise<string>[] = [];
    const run: Redis['run'] = (...words) => {
      const release = redis.run(...words);
      releases.push(release);
      return release;
    };
    const { cache } = createRoom({ ...redis, run }, { secret });
    const lease = `lease:${key.text}`;
    const load = async () => {
      expect(await atServer((client) => client.pTTL(lease))).toBeGreaterThan(0);
      await atServer((client) => client.set(lease, 'another')); // its own is over meanwhile
      return 'answer';
    };
    await cache.getOrLoad(key, load, asker());
    while (releases.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await releases[0]).toBe('0');
    expect(await atServer((client) => client.get(lease))).toBe('another');
  });

  test('what somebody else writes, or copies under another key, is a miss', async () => {
    const forger = await connect('a guess');
    await forger.cache.getOrLoad(key, () => Promise.resolve('invented'), asker());
    await untilStored(forger.redis, key.text);
    const { redis, cache } = await connect();
    expect((await cache.getOrLoad(key, () => Promise.resolve('ours'), asker())).value).toBe('ours');
    const other = cacheKey(`${key.text}-of-another-tenant`, 60);
    await untilStored(redis, key.text);
    await atServer(async (client) => client.set(other.text, (await client.get(key.text)) ?? ''));
    const again = await connect();
    expect((await again.cache.getOrLoad(other, () => Promise.resolve('theirs'), asker())).value).toBe('theirs');
  });

  test('what one load brought is written in one go, each with a time of its own; what is unknown for thirty seconds', async () => {
    const { redis, cache } = await connect();
    const written: string[][] = [];
    const setMany = redis.setMany;
    const room = createRoom(
      { ...redis, setMany: (entries) => (written.push(entries.map((entry) => entry.key)), setMany(entries)) },
      { secret },
    );
    const ids = Array.from({ length: 50 }, (_, index) => `tag ${index}`);
    const keyOf = (id: string) => cacheKey(`${key.text}:${id}`, 60);
    const load = () => Promise.resolve(new Map(ids.slice(1).map((id) => [id, `value of ${id}`])));
    await room.cache.getOrLoadMany(ids, keyOf, load, asker());
    await untilStored(redis, ...ids.map((id) => keyOf(id).text));
    expect(written).toEqual([ids.map((id) => keyOf(id).text)]);
    const ttls = await atServer((client) => Promise.all(ids.map((id) => client.pTTL(keyOf(id).text))));
    expect(ttls.filter((ttl) => ttl > 30_000 && ttl <= 60_000)).toHaveLength(49);
    expect(ttls[0]).toBeLessThanOrEqual(30_000);
    expect((await cache.getOrLoadMany(ids, keyOf, never, asker())).get('tag 0')).toBeNull();
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
    const keyOf = (id: string) => cacheKey(`${key.text}:${id}`, 60);
    await cache.getOrLoad(keyOf('good'), () => Promise.resolve('kept'), asker());
    await untilStored(redis, keyOf('good').text);
    await atServer((client) => client.set(keyOf('bad').text, corrupted));
    const asked: string[][] = [];
    const load = (missing: readonly string[]) => {
      asked.push([...missing]);
      return Promise.resolve(new Map(missing.map((id) => [id, 'loaded'])));
    };
    for (let round = 0; round < 2; round += 1) {
      const another = await connect();
      const found = await another.cache.getOrLoadMany(['good', 'bad'], keyOf, load, asker());
      expect([...found].map(([id, answer]) => [id, answer !== null && 'value' in answer && answer.value])).toEqual([
        ['good', 'kept'],
        ['bad', 'loaded'],
      ]);
      while ((await atServer((client) => client.get(keyOf('bad').text))) === corrupted);
    }
    expect(asked).toEqual([['bad']]);
  });

  test('a key that holds something else than a text is a miss', async () => {
    const { cache } = await connect();
    await atServer((client) => client.lPush(key.text, 'x'));
    expect((await cache.getOrLoad(key, () => Promise.resolve('loaded'), asker())).value).toBe('loaded');
  });
});
