import { connect as openSocket, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Cache } from '../../src/cache/cache.ts';
import { createRedis, type Redis } from '../../src/stores/redis.ts';
import { asker, cacheKey, createRoom } from '../cache/rooms.ts';
import { untilConnected } from '../stores/connected.ts';
import { freePort } from '../support/free-port.ts';
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

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One replica. */
const connect = (url = server.url) => {
  const changes: ('bad' | 'good')[] = [];
  let problems = 0;
  const redis = createRedis({
    url,
    readTimeoutMs: timeoutMs,
    writeTimeoutMs: 150,
    onProblem: () => (problems += 1),
    onBad: () => changes.push('bad'),
    onGood: () => changes.push('good'),
  });
  open.push(redis);
  return { redis, changes, problems: () => problems, ...createRoom(redis) };
};
type Replica = ReturnType<typeof connect>;

/** Asks for that many different things, a few at a time; gives the slowest answer's time. Throws when an answer is missing or wrong. */
const slowestOf = async (cache: Cache, count: number, name: string): Promise<number> => {
  const askOne = async (id: string) => {
    const startedAt = performance.now();
    const { value } = await cache.getOrLoad(cacheKey(id, 60), () => Promise.resolve(`value of ${id}`), asker());
    expect(value).toBe(`value of ${id}`);
    return performance.now() - startedAt;
  };
  const times: number[] = [];
  for (let round = 0; round < count; round += 5)
    times.push(...(await Promise.all([0, 1, 2, 3, 4].map((place) => askOne(`${name}:${round + place}`)))));
  return Math.max(...times);
};

/** Milliseconds until an answer of one replica comes out of Redis to another one, and it is told that it is good again. */
const untilUsed = async (replica: Replica): Promise<number> => {
  const startedAt = performance.now();
  const other = connect();
  const isShared = async (id: string): Promise<boolean> => {
    await replica.cache.getOrLoad(cacheKey(id, 60), () => Promise.resolve('kept'), asker());
    await pause(20);
    const { value } = await other.cache.getOrLoad(cacheKey(id, 60), () => Promise.resolve('loaded'), asker());
    return value === 'kept' && replica.changes.at(-1) !== 'bad';
  };
  let attempt = 0;
  while (!(await isShared(`again ${(attempt += 1)}`)) && performance.now() - startedAt < 10_000);
  expect(await isShared('at last')).toBe(true);
  const { changes } = replica;
  expect(changes).toEqual(Array.from(changes, (_, index) => (index % 2 === 0 ? 'bad' : 'good')));
  expect(changes.length).toBeLessThanOrEqual(6);
  return performance.now() - startedAt;
};

describe('every answer comes, at most the time limit later, and Redis is used again within five seconds', () => {
  test('when it is killed and comes back empty', async () => {
    const room = connect();
    await untilConnected(room.redis);
    await slowestOf(room.cache, 20, 'before');
    server.kill();
    expect(await slowestOf(room.cache, 100, 'killed')).toBeLessThan(timeoutMs + slackMs);
    expect(await slowestOf(room.cache, 20, 'before')).toBeLessThan(timeoutMs + slackMs); // from memory
    await server.restart();
    expect(await untilUsed(room)).toBeLessThan(5_000);
  });

  test('when it falls silent in the middle of reading and speaks again', async () => {
    const room = connect();
    await untilConnected(room.redis);
    const reading = slowestOf(room.cache, 200, 'paused');
    server.pause();
    expect(await reading).toBeLessThan(2 * timeoutMs + slackMs); // the lease may be asked for when it falls silent
    const startedAt = performance.now();
    expect(await slowestOf(room.cache, 500, 'silent')).toBeLessThan(timeoutMs + slackMs);
    // After the first few nobody waits any more.
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(5_000);
  });

  test('when it is restarted under load', async () => {
    const room = connect();
    await untilConnected(room.redis);
    const loads = [1, 2, 3].map((one) => slowestOf(room.cache, 500, `load ${one}`));
    await server.restart();
    expect(Math.max(...(await Promise.all(loads)))).toBeLessThan(2 * timeoutMs + slackMs);
    expect(await untilUsed(room)).toBeLessThan(5_000);
  });

  test('when it is not there at the start and comes later', async () => {
    await server.stop();
    const room = connect();
    expect(await slowestOf(room.cache, 50, 'absent')).toBeLessThan(timeoutMs + slackMs);
    await pause(1_500); // some attempts to connect fail in the meantime
    await server.restart();
    expect(await untilUsed(room)).toBeLessThan(5_000);
  });

  test('when it is silent at the start and speaks later', async () => {
    server.pause();
    const room = connect();
    expect(await slowestOf(room.cache, 50, 'silent')).toBeLessThan(timeoutMs + slackMs);
    await pause(1_500);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(5_000);
  });

  test('when it takes connections but stays silent for long, which is told once', async () => {
    server.pause();
    const room = connect();
    while (room.changes.length === 0) await pause(50);
    await pause(1_000);
    expect(room.changes).toEqual(['bad']);
    server.resume();
    expect(await untilUsed(room)).toBeLessThan(5_000);
    expect(room.changes).toEqual(['bad', 'good']);
  }, 20_000);
});

describe('reads one after the other', () => {
  /** Milliseconds of each of so many answers, one after the other. */
  const timesOf = async (cache: Cache, count: number, name: string): Promise<number[]> => {
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const startedAt = performance.now();
      await cache.getOrLoad(cacheKey(`${name}:${index}`, 60), () => Promise.resolve('answer'), asker());
      times.push(performance.now() - startedAt);
    }
    return times;
  };
  const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;

  test('while Redis is silent the first few cost the time limit, and all others nothing once its breaker is open', async () => {
    const { redis, cache } = connect();
    await untilConnected(redis);
    server.pause();
    const times = await timesOf(cache, 200, 'silent');
    expect(times.filter((ms) => ms > timeoutMs / 2).length).toBeLessThanOrEqual(5); // three, and perhaps one trial a second later
    expect(Math.max(...times)).toBeLessThan(timeoutMs + slackMs);
    expect(median(times)).toBeLessThan(5);
  });

  test('while Redis is gone they cost nothing', async () => {
    const { redis, cache } = connect();
    await untilConnected(redis);
    server.kill();
    while (await redis.getMany(['any']).then(Boolean, () => false)) await pause(1);
    expect(median(await timesOf(cache, 200, 'gone'))).toBeLessThan(5);
  });

  test('while Redis is slow they cost no more than its answers take', async () => {
    await using slow = await startSlowly(server.port, 20);
    const { redis, cache, changes } = connect(slow.url);
    await untilConnected(redis);
    expect(Math.max(...(await timesOf(cache, 20, 'slow')))).toBeLessThan(2 * (timeoutMs + slackMs));
    expect(changes).toEqual([]);
  });
});

describe('the connection that listens', () => {
  test('is kept although nobody says anything for longer than a silent server is borne', async () => {
    const [one, two] = [connect(), connect()];
    await Promise.all([untilConnected(one.redis), untilConnected(two.redis)]);
    const heard: string[] = [];
    two.redis.subscribe('quiet', (text) => heard.push(text));
    await pause(7_000);
    await one.redis.publish('quiet', 'still there?');
    await pause(200);
    expect(heard).toEqual(['still there?']);
    expect([one.problems(), two.problems()]).toEqual([0, 0]);
  });
});

describe('what speaks something else than Redis', () => {
  test('costs nothing but its answers', async () => {
    await using garbage = await startGarbage();
    const { cache, changes } = connect(garbage.url);
    expect(await slowestOf(cache, 50, 'garbage')).toBeLessThan(timeoutMs + slackMs);
    await pause(1_500);
    expect(await slowestOf(cache, 50, 'more')).toBeLessThan(timeoutMs + slackMs);
    expect(changes).toEqual(['bad']);
  });
});

/** A way to `port` on which every answer takes that long. */
const startSlowly = (port: number, ms: number) =>
  listen((near) => {
    const far = openSocket(port, '127.0.0.1');
    near.pipe(far);
    far.on('data', (chunk) => setTimeout(() => near.write(chunk), ms));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => other.destroy());
    }
  });

const startGarbage = () =>
  listen((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n<html>'));
  });

const listen = async (serve: (socket: Socket) => void) => {
  const sockets = new Set<Socket>();
  const listening: Server = createServer((socket) => {
    sockets.add(socket);
    serve(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        listening.close(() => resolve());
      }),
  };
};
