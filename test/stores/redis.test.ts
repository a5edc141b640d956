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
  return { problems, redis: createRedis({ url, timeoutMs, onProblem: (error) => problems.push(error) }) };
};
const never = () => new Promise<never>(() => undefined);

describe('a connection to Redis', () => {
  test('runs commands and gives their answers; many at once share it', async () => {
    const { redis, problems } = connect();
    await untilConnected(redis);
    await redis.run((client) => client.set('a', '1'));
    const answers = await Promise.all(Array.from({ length: 500 }, () => redis.run((client) => client.get('a'))));
    expect(new Set(answers)).toEqual(new Set(['1']));
    expect(await redis.run(async (client) => (await client.info('clients')).includes('connected_clients:1\r'))).toBe(
      true,
    );
    expect(problems).toEqual([]);
    redis.close();
  });

  test('a command fails at once while there is no server, and the process lives on', async () => {
    await server.stop();
    const { redis, problems } = connect();
    await expect(redis.run((client) => client.get('a'))).rejects.toThrow('not connected');
    while (problems.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await expect(redis.run((client) => client.get('a'))).rejects.toThrow('not connected');
    redis.close();
  });

  test('a command without an answer fails after its time limit; after three of them none is tried for a second', async () => {
    const { redis } = connect(50);
    await untilConnected(redis);
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        let state = 'waiting';
        const failing = redis.run(never).catch(() => (state = 'failed'));
        await jest.advanceTimersByTimeAsync(49);
        expect(state).toBe('waiting');
        await jest.advanceTimersByTimeAsync(1);
        expect(await failing).toBe('failed');
      }
      let tried = 0;
      const command = () => Promise.resolve((tried += 1));
      await expect(redis.run(command)).rejects.toThrow(/breaker/i);
      await jest.advanceTimersByTimeAsync(999);
      await expect(redis.run(command)).rejects.toThrow(/breaker/i);
      expect(tried).toBe(0);
      await jest.advanceTimersByTimeAsync(1);
      expect(await redis.run(command)).toBe(1);
      expect(await redis.run(command)).toBe(2);
    } finally {
      jest.useRealTimers();
      redis.close();
    }
  });

  test('no text of a problem shows the password of the address', async () => {
    const { redis, problems } = connect(50, server.url.replace('redis://', 'redis://user:very-secret@'));
    while (problems.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(problems.map(String).join('\n')).not.toContain('very-secret');
    redis.close();
  });
});
