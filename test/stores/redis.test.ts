import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createRedis } from '../../src/stores/redis.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { untilConnected } from './connected.ts';

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const connect = (timeoutMs = 60_000, url = server.url) => {
  const problems: unknown[] = [];
  const changes: string[] = [];
  const redis = createRedis({
    url,
    readTimeoutMs: timeoutMs,
    writeTimeoutMs: 3 * timeoutMs,
    onProblem: (error) => problems.push(error),
    onBad: (error) => changes.push(`bad: ${String(error)}`),
    onGood: () => changes.push('good'),
  });
  return { problems, changes, redis };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const never = () => new Promise<never>(() => undefined);

describe('a connection to Redis', () => {
  test('runs commands and gives their answers; many at once share it', async () => {
    const { redis, problems } = connect();
    await untilConnected(redis);
    await redis.write((client) => client.set('a', '1'));
    const answers = await Promise.all(Array.from({ length: 500 }, () => redis.read((client) => client.get('a'))));
    expect(new Set(answers)).toEqual(new Set(['1']));
    expect(await redis.read(async (client) => (await client.info('clients')).includes('connected_clients:1\r'))).toBe(
      true,
    );
    expect(problems).toEqual([]);
    redis.close();
  });

  test('a command fails at once while there is no server, and the process lives on', async () => {
    await server.stop();
    const { redis, problems } = connect();
    await expect(redis.read((client) => client.get('a'))).rejects.toThrow('not connected');
    while (problems.length === 0) await turn();
    await expect(redis.read((client) => client.get('a'))).rejects.toThrow('not connected');
    redis.close();
  });

  test.each([
    ['read', 'write', 50],
    ['write', 'read', 150],
  ] as const)(
    'a %s without an answer fails after its time limit; after three of them none is tried for a second, while a %s goes through',
    async (kind, other, limitMs) => {
      const { redis, changes } = connect(50);
      await untilConnected(redis);
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      try {
        for (let attempt = 0; attempt < 3; attempt += 1) {
          let state = 'waiting';
          const failing = redis[kind](never).catch(() => (state = 'failed'));
          await jest.advanceTimersByTimeAsync(limitMs - 1);
          await turn();
          expect(state).toBe('waiting');
          await jest.advanceTimersByTimeAsync(1);
          expect(await failing).toBe('failed');
        }
        let tried = 0;
        const command = () => Promise.resolve((tried += 1));
        await expect(redis[kind](command)).rejects.toThrow(/breaker/i);
        await jest.advanceTimersByTimeAsync(999);
        await expect(redis[kind](command)).rejects.toThrow(/breaker/i);
        expect(tried).toBe(0);
        expect(await redis[other]((client) => client.ping())).toBe('PONG');
        expect(changes).toEqual([`bad: Error: no answer within ${limitMs} ms`]);
        await jest.advanceTimersByTimeAsync(1);
        expect(await redis[kind](command)).toBe(1);
        expect(await redis[kind](command)).toBe(2);
        expect(changes).toEqual([`bad: Error: no answer within ${limitMs} ms`, 'good']);
      } finally {
        jest.useRealTimers();
        redis.close();
      }
    },
  );

  test('answers that lay unread while the process stood still are not late', async () => {
    const { redis } = connect(50);
    await untilConnected(redis);
    const standStill = () => {
      for (const until = performance.now() + 200; performance.now() < until;);
    };
    const asked = Promise.all(Array.from({ length: 5 }, () => redis.read((client) => client.ping())));
    standStill();
    expect(new Set(await asked)).toEqual(new Set(['PONG']));
    redis.close();
  });

  test('it is told once that Redis went away and once that it is back, however many problems there are', async () => {
    const { redis, problems, changes } = connect();
    await untilConnected(redis);
    expect(changes).toEqual([]);
    server.kill();
    while (problems.length < 3) await turn();
    expect(changes).toEqual([expect.stringMatching(/^bad: /)]);
    await server.restart();
    await untilConnected(redis);
    expect(changes).toEqual([expect.stringMatching(/^bad: /), 'good']);
    redis.close();
    await turn();
    expect(changes).toHaveLength(2);
  });

  test('that the password is wrong is told once, in the words of Redis, and what it lets in later is good', async () => {
    const admin = connect();
    await untilConnected(admin.redis);
    await admin.redis.write((client) => client.configSet('requirepass', 'right-password'));
    const { redis, problems, changes } = connect(60_000, server.url.replace('redis://', 'redis://:later-password@'));
    while (problems.length < 2) await turn();
    expect(changes).toEqual([expect.stringContaining('WRONGPASS')]);
    await admin.redis.write((client) => client.configSet('requirepass', 'later-password'));
    await untilConnected(redis);
    expect(changes).toEqual([expect.stringContaining('WRONGPASS'), 'good']);
    for (const one of [redis, admin.redis]) one.close();
  });

  test('no text of a problem shows the password of the address', async () => {
    const { redis, problems } = connect(50, server.url.replace('redis://', 'redis://user:very-secret@'));
    while (problems.length === 0) await turn();
    expect(problems.map(String).join('\n')).not.toContain('very-secret');
    redis.close();
  });
});
