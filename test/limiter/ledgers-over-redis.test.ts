import { expect, test } from '@jest/globals';
import { readFeedback } from '../../src/limiter/feedback.ts';
import { createLedger, type Ledger, type Permit } from '../../src/limiter/ledger.ts';
import { createSharedLedger } from '../../src/limiter/shared-ledger.ts';
import type { Redis } from '../../src/stores/redis.ts';
import { connectAsOperator, connectAsProcess, leave, redisServer, withRedis } from './over-redis.ts';

withRedis();

// A window that no test outlives, so that nothing depends on how fast it runs.
const options = { burst: { limit: 100, windowMs: 600_000 }, dailyLimit: 1_000, attemptMs: 600_000 };

interface Replica {
  readonly ledger: Ledger;
  readonly redis: Redis;
  readonly heard: readonly string[];
}

const startReplica = async (replicas: number): Promise<Replica> => {
  const heard: string[] = [];
  const redis = await connectAsProcess();
  const ledger = createSharedLedger(redis, {
    ...options,
    replicas,
    space: 'test',
    onAlone: () => heard.push('alone'),
    onShared: () => heard.push('shared'),
  });
  leave(ledger);
  return { ledger, redis, heard };
};

const startReplicas = async (count: number): Promise<readonly Replica[]> => {
  const all = await Promise.all(Array.from({ length: count }, () => startReplica(count)));
  for (const { ledger } of all) await ledger.ask('a');
  await takeBy(all, 1, 'to let everybody enter');
  return all;
};

/** So many by each of them at once; gives the permits. */
const takeBy = async (all: readonly Pick<Replica, 'ledger'>[], each: number, key = 'a'): Promise<Permit[]> => {
  const takings = Array.from({ length: each }, () => all.map(({ ledger }) => ledger.take(key, 0))).flat();
  return (await Promise.all(takings)).filter((permit) => permit !== null);
};
const first = (all: readonly Replica[]): Replica => {
  const [one] = all;
  if (one === undefined) throw new Error('no replica');
  return one;
};

test('three replicas that take all at once get the limit together, each permit once', async () => {
  const all = await startReplicas(3);
  const permits = await takeBy(all, 60);
  expect(new Set(permits.map(({ id }) => id)).size).toBe(100);
  expect(permits).toHaveLength(100);
  expect(all.flatMap(({ heard }) => heard)).toEqual([]);
});

test('what one hears of upstream, or gives back, all know', async () => {
  const all = await startReplicas(2);
  const [permit, unused] = await takeBy([first(all)], 2);
  if (permit === undefined || unused === undefined) throw new Error('no permits');
  const feedback = readFeedback({
    headers: { 'x-ratelimit-max': '60', 'x-ratelimit-remaining': '9', 'x-ratelimit-daily-remaining': '400' },
  });
  await first(all).ledger.giveBack('a', unused);
  await first(all).ledger.settle('a', permit, { feedback, blockedMs: null });
  for (const { ledger } of all)
    expect((await ledger.ask('a')).state).toMatchObject({ limit: 60, spentToday: 600, flying: {} });
  expect(await takeBy(all, 20)).toHaveLength(9);
});

test('a Redis that was emptied is told by everybody what it holds before anybody takes more', async () => {
  const all = await startReplicas(2);
  expect(await takeBy(all, 40)).toHaveLength(80);
  const operator = await connectAsOperator();
  await operator.flushAll();
  expect(await takeBy(all, 15)).toEqual([]); // they find that they are strangers, and enter again
  expect(await takeBy(all, 100)).toHaveLength(20);
  expect(all.flatMap(({ heard }) => heard)).toEqual([]);
});

test('without Redis the only gateway goes on at once with what it knows, and takes no more than one without any', async () => {
  const { ledger, heard } = await startReplica(1);
  expect(await takeBy([{ ledger }], 70)).toHaveLength(70);
  redisServer().kill();
  // Each is answered by Redis still, or already by the gateway itself.
  const rest = [...(await takeBy([{ ledger }], 100)), ...(await takeBy([{ ledger }], 100))];
  expect(rest).toHaveLength(30);
  expect(heard).toEqual(['alone']);
  const plain = createLedger({ ...options, replicas: 1 });
  expect(await takeBy([{ ledger: plain }], 120)).toHaveLength(100);
});

test('budgets of other apps on the same Redis are others', async () => {
  const { ledger, redis } = await startReplica(1);
  const other = createSharedLedger(redis, {
    ...options,
    replicas: 1,
    space: 'other',
    onAlone: () => undefined,
    onShared: () => undefined,
  });
  leave(other);
  expect(await takeBy([{ ledger }], 120)).toHaveLength(100);
  expect(await takeBy([{ ledger: other }], 120)).toHaveLength(100);
});
