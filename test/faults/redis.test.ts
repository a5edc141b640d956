import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createCache, type Cache } from '../../src/cache/cache.ts';
import { createRedisStore } from '../../src/cache/store.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createRedis, type Redis } from '../../src/stores/redis.ts';
import { untilConnected } from '../stores/connected.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';

/** The product's default, and what a busy machine may add to it. */
const timeoutMs = 50;
const slackMs = 250;

jest.setTimeout(30_000);

let server: RedisServer;
const open: Redis[] = [];
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.close(); // also after a failure, or the process would go on connecting
  await server.stop();
});

const always = new AbortController().signal;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const connect = () => {
  const tally = createTally();
  const changes: ('bad' | 'good')[] = [];
  const redis = createRedis({
    url: server.url,
    readTimeoutMs: timeoutMs,
    writeTimeoutMs: 150,
    onProblem: () => tally.add('redis problem'),
    onBad: () => changes.push('bad'),
    onGood: () => changes.push('good'),
  });
  open.push(redis);
  const store = createRedisStore(redis, {
    secret: 'test',
    spareBytes: 1_000_000,
    onProblem: () => tally.add('cache broken'),
  });
  return {
    redis,
    cache: createCache({ store, timeoutMs, tally }),
    hits: () => tally.snapshot()['cache hit'] ?? 0,
    changes,
  };
};

/** Asks for that many different things, a few at a time; gives the slowest answer's time. Throws when an answer is missing or wrong. */
const slowestOf = async (cache: Cache, count: number, name: string): Promise<number> => {
  const askOne = async (id: string) => {
    const startedAt = performance.now();
    const { value } = await cache.getOrLoad(
      { text: id, ttlSeconds: 60 },
      () => Promise.resolve(`value of ${id}`),
      always,
    );
    expect(value).toBe(`value of ${id}`);
    return performance.now() - startedAt;
  };
  const times: number[] = [];
  for (let round = 0; round < count; round += 5)
    times.push(...(await Promise.all([0, 1, 2, 3, 4].map((place) => askOne(`${name}:${round + place}`)))));
  return Math.max(...times);
};

/** Milliseconds until an answer comes out of Redis again and it is told that it is good again; fails after ten seconds. */
const untilUsed = async ({ cache, hits, changes }: ReturnType<typeof connect>): Promise<number> => {
  const startedAt = performance.now();
  const before = hits();
  const isUsed = () => hits() > before && changes.at(-1) !== 'bad';
  while (!isUsed() && performance.now() - startedAt < 10_000) {
    await slowestOf(cache, 5, 'again');
    await pause(20);
  }
  expect(hits()).toBeGreaterThan(before);
  expect(changes).toEqual(Array.from(changes, (_, index) => (index % 2 === 0 ? 'bad' : 'good')));
  expect(changes.length).toBeLessThanOrEqual(6);
  return performance.now() - startedAt;
};

describe('every answer comes, at most the time limit later, and Redis is used again', () => {
  test('when it is killed and comes back empty', async () => {
    const room = connect();
    await untilConnected(room.redis);
    await slowestOf(room.cache, 20, 'before');
    await slowestOf(room.cache, 20, 'before');
    expect(room.hits()).toBe(20);
    server.kill();
    expect(await slowestOf(room.cache, 100, 'killed')).toBeLessThan(timeoutMs + slackMs);
    await server.restart();
    expect(await untilUsed(room)).toBeLessThan(10_000);
  });

  test('when it falls silent in the middle of reading and speaks again', async () => {
    const room = connect();
    await untilConnected(room.redis);
    const reading = slowestOf(room.cache, 200, 'paused');
    server.pause();
    expect(await reading).toBeLessThan(timeoutMs + slackMs);
    const startedAt = performance.now();
    expect(await slowestOf(room.cache, 500, 'silent')).toBeLessThan(timeoutMs + slackMs);
    // After the first few nobody waits any more.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(10_000);
  });

  test('when it is restarted under load', async () => {
    const room = connect();
    await untilConnected(room.redis);
    const loads = [1, 2, 3].map((one) => slowestOf(room.cache, 500, `load ${one}`));
    await server.restart();
    expect(Math.max(...(await Promise.all(loads)))).toBeLessThan(timeoutMs + slackMs);
    expect(await untilUsed(room)).toBeLessThan(10_000);
  });

  test('when it is not there at the start and comes later', async () => {
    await server.stop();
    const room = connect();
    expect(await slowestOf(room.cache, 50, 'absent')).toBeLessThan(timeoutMs + slackMs);
    await pause(1_500); // some attempts to connect fail in the meantime
    await server.restart();
    expect(await untilUsed(room)).toBeLessThan(10_000);
  });

  test('when it is silent at the start and speaks later', async () => {
    server.pause();
    const room = connect();
    expect(await slowestOf(room.cache, 50, 'silent')).toBeLessThan(timeoutMs + slackMs);
    await pause(1_500);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(10_000);
  });

  test('when it takes connections but stays silent for long, which is told once', async () => {
    server.pause();
    const room = connect();
    while (room.changes.length === 0) await pause(50);
    await pause(1_000);
    expect(room.changes).toEqual(['bad']);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(10_000);
    expect(room.changes).toEqual(['bad', 'good']);
    room.redis.close();
  }, 20_000);
});
