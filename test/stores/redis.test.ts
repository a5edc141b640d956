import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { createRedis, type Redis } from '../../src/stores/redis.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { untilConnected } from './connected.ts';

let server: RedisServer;
const open: Redis[] = [];
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.close(); // also after a failure, or the process would go on connecting
  await server.stop();
});

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
  open.push(redis);
  return { problems, changes, redis };
};
const connected = async () => {
  const room = connect();
  await untilConnected(room.redis);
  return room;
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What an operator does at the server's own console. */
const asOperator = async (...words: string[]): Promise<string> => {
  const client = await createClient({ url: server.url }).connect();
  try {
    const reply: unknown = await client.sendCommand(words);
    return typeof reply === 'string' ? reply : JSON.stringify(reply);
  } finally {
    client.destroy();
  }
};
const entry = (key: string, value = '1', ttlMs = 60_000) => ({ key, value, ttlMs });

/** One call of each kind, by what must not get in the way of the others. */
const calls = {
  read: (redis: Redis) => redis.getMany(['a']),
  claim: (redis: Redis) => redis.claim([entry('a')]),
  write: (redis: Redis) => redis.setMany([entry('a')]),
} as const;

describe('what is shared in Redis', () => {
  test('what is written is read, in the order of the keys and for its time; what is deleted is gone', async () => {
    const { redis, problems } = await connected();
    await redis.setMany([entry('a'), entry('b', '2', 1_000), entry('c', '3', 0.2)]);
    expect(await redis.getMany(['b', 'x', 'a', 'b'])).toEqual(['2', null, '1', '2']);
    expect(Number(await asOperator('PTTL', 'a'))).toBeGreaterThan(30_000);
    expect(Number(await asOperator('PTTL', 'b'))).toBeLessThanOrEqual(1_000);
    await redis.delete(['a', 'x']);
    expect(await redis.getMany(['a', 'b'])).toEqual([null, '2']);
    expect(problems).toEqual([]);
  });

  test('nothing to do is done without Redis', async () => {
    await server.stop();
    const { redis } = connect();
    expect(await Promise.all([redis.getMany([]), redis.claim([]), redis.setMany([]), redis.delete([])])).toEqual([
      [],
      [],
      undefined,
      undefined,
    ]);
  });

  test('of many who claim the same key at once one gets it, until its time is over or it is deleted', async () => {
    const rooms = await Promise.all([connected(), connected(), connected()]);
    const claims = await Promise.all(
      rooms.map(({ redis }, index) => redis.claim([entry('lease', `owner ${index}`), entry(`own ${index}`)])),
    );
    expect(claims.map(([, own]) => own)).toEqual([true, true, true]);
    const winner = claims.findIndex(([lease]) => lease);
    expect(claims.filter(([lease]) => lease)).toHaveLength(1);
    const { redis } = rooms[0];
    expect(await redis.getMany(['lease'])).toEqual([`owner ${winner}`]);
    expect(Number(await asOperator('PTTL', 'lease'))).toBeGreaterThan(30_000);
    expect(await redis.claim([entry('lease')])).toEqual([false]);
    await redis.delete(['lease']);
    expect(await redis.claim([entry('lease')])).toEqual([true]);
  });

  test('a script runs as one step, also after Redis has forgotten it; one that fails says why', async () => {
    const { redis } = await connected();
    const script = {
      name: 'add',
      lua: `redis.call('incrby', KEYS[1], ARGV[1]); return redis.call('get', KEYS[1])`,
    };
    const add = () => redis.run(script, ['sum'], ['2']);
    expect([await add(), await add()]).toEqual(['2', '4']);
    await asOperator('SCRIPT', 'FLUSH');
    expect(
      (await Promise.all(Array.from({ length: 20 }, add)))
        .map(Number)
        .toSorted((a, b) => a - b)
        .at(-1),
    ).toBe(44);
    await expect(redis.run({ name: 'bad', lua: 'return {1}' }, [], [])).rejects.toThrow('bad');
    await expect(redis.run({ name: 'worse', lua: 'error("no")' }, [], [])).rejects.toThrow('no');
  });

  test('many calls at once share one connection', async () => {
    const { redis } = await connected();
    await redis.setMany([entry('a')]);
    const answers = await Promise.all(Array.from({ length: 500 }, () => redis.getMany(['a'])));
    expect(new Set(answers.flat())).toEqual(new Set(['1']));
    expect(await asOperator('INFO', 'clients')).toContain('connected_clients:2\r'); // the operator is the other
  });
});

describe('channels', () => {
  const listener = (redis: Redis, channel = 'news') => {
    const heard: string[] = [];
    redis.subscribe(channel, (text) => heard.push(text));
    return heard;
  };
  /** Publishes until it is heard: nobody tells when a subscription stands. */
  const untilHeard = async (redis: Redis, heard: readonly string[]) => {
    const before = heard.length;
    while (heard.length === before) {
      await redis.publish('news', 'are you there?').catch(() => undefined);
      await turn();
    }
  };

  test('what one publishes all hear, itself included, each on its own channels', async () => {
    const [one, two] = await Promise.all([connected(), connected()]);
    const [ones, twos] = [listener(one.redis), listener(two.redis)];
    const others = listener(two.redis, 'other');
    await untilHeard(one.redis, ones);
    await untilHeard(one.redis, twos);
    await one.redis.publish('news', 'hello');
    while (!twos.includes('hello') || !ones.includes('hello')) await turn();
    expect(others).toEqual([]);
    expect([...one.problems, ...two.problems]).toEqual([]);
  });

  test('one that subscribes while there is no server hears when there is, and again after a restart', async () => {
    await server.stop();
    const { redis, problems } = connect();
    const heard = listener(redis);
    while (problems.length < 2) await turn();
    await server.restart();
    await untilHeard(redis, heard);
    server.kill();
    await server.restart();
    await untilHeard(redis, heard);
  });

  test('both connections are gone when it is closed, and closing it twice does no harm', async () => {
    const { redis, problems } = await connected();
    await untilHeard(redis, listener(redis));
    expect(await asOperator('INFO', 'clients')).toContain('connected_clients:3\r');
    redis.close();
    redis.close();
    while (!(await asOperator('INFO', 'clients')).includes('connected_clients:1\r')) await turn();
    expect(problems).toEqual([]);
  });
});

describe('a Redis that is away', () => {
  test('a call fails at once while there is no server, and the process lives on', async () => {
    await server.stop();
    const { redis, problems } = connect();
    for (const call of Object.values(calls)) await expect(call(redis)).rejects.toThrow('not connected');
    while (problems.length === 0) await turn();
    for (const call of Object.values(calls)) await expect(call(redis)).rejects.toThrow('not connected');
  });

  test.each([
    ['read', 50],
    ['claim', 50],
    ['write', 150],
  ] as const)(
    'a %s without an answer fails after its time limit; after three of them none is tried for a second, then it is used again',
    async (kind, limitMs) => {
      const { redis, changes } = connect(50);
      await untilConnected(redis);
      const call = () => calls[kind](redis);
      server.pause();
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
      try {
        for (let attempt = 0; attempt < 3; attempt += 1) {
          let state = 'waiting';
          const failing = call().catch(() => (state = 'failed'));
          await jest.advanceTimersByTimeAsync(limitMs - 1);
          await turn();
          expect(state).toBe('waiting');
          await jest.advanceTimersByTimeAsync(1);
          expect(await failing).toBe('failed');
        }
        await expect(call()).rejects.toThrow(/breaker/i);
        await jest.advanceTimersByTimeAsync(999);
        await expect(call()).rejects.toThrow(/breaker/i);
        expect(changes).toEqual([`bad: Error: no answer within ${limitMs} ms`]);
        server.resume();
        await jest.advanceTimersByTimeAsync(1);
        await call();
        expect(changes).toEqual([`bad: Error: no answer within ${limitMs} ms`, 'good']);
      } finally {
        jest.useRealTimers();
        server.resume();
      }
    },
  );

  test('one that has no room is read all the same, however many writes and claims it refuses', async () => {
    const { redis, changes } = await connected();
    await redis.setMany([entry('a', 'kept')]);
    await asOperator('CONFIG', 'SET', 'maxmemory', '1');
    for (let round = 0; round < 4; round += 1) {
      await expect(redis.setMany([entry('b')])).rejects.toThrow();
      await expect(redis.claim([entry('c')])).rejects.toThrow();
      expect(await redis.getMany(['a'])).toEqual(['kept']);
    }
    expect(changes).toEqual([expect.stringMatching(/^bad: /)]);
  });

  test('answers that lay unread while the process stood still are not late', async () => {
    const { redis } = connect(50);
    await untilConnected(redis);
    const standStill = () => {
      for (const until = performance.now() + 200; performance.now() < until;);
    };
    const asked = Promise.all(Array.from({ length: 5 }, () => redis.getMany(['a'])));
    standStill();
    expect(await asked).toEqual(Array(5).fill([null]));
  });

  test('it is told once that Redis went away and once that it is back, however many problems there are', async () => {
    const { redis, problems, changes } = await connected();
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
    await asOperator('ACL', 'SETUSER', 'somebody', 'on', '~*', '&*', '+@all', '>right-password');
    const { redis, problems, changes } = connect(60_000, server.url.replace('//', '//somebody:later-password@'));
    while (problems.length < 2) await turn();
    expect(changes).toEqual([expect.stringContaining('WRONGPASS')]);
    await asOperator('ACL', 'SETUSER', 'somebody', '>later-password');
    await untilConnected(redis);
    expect(changes).toEqual([expect.stringContaining('WRONGPASS'), 'good']);
  });

  test('no text of a problem shows the password of the address', async () => {
    const { redis, problems } = connect(50, server.url.replace('//', '//user:very-secret@'));
    redis.subscribe('news', () => undefined);
    while (problems.length < 2) await turn();
    expect(problems.map(String).join('\n')).not.toContain('very-secret');
  });
});
