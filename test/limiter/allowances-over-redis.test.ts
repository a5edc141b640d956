import { describe, expect, test } from '@jest/globals';
import { draw, type Step } from '../../src/limiter/allowance.ts';
import { allowanceScript } from '../../src/limiter/allowance-script.ts';
import { createAllowances, type Allowances } from '../../src/limiter/allowances.ts';
import { chance, type Chance } from '../support/chance.ts';
import { connectAsOperator, connectAsProcess, redisServer, withRedis } from './over-redis.ts';

withRedis();

describe('the script in Redis', () => {
  const quotas = [1, 7, 60, 6_000, 12_345, 1_000_000];
  const keys = quotas.flatMap((perMinute) => [`a:${perMinute}`, `b:${perMinute}`]);

  const stepOf = (random: Chance): Step & { readonly keys: string[] } => {
    const isCharge = random() < 0.3;
    const some = keys.filter(() => random() < 0.3);
    const amountOf = (perMinute: number) => (isCharge ? random() * perMinute * 2 ** (random() * 12 - 9) : 1);
    const drafts = some.map((key) => {
      const perMinute = Number(key.slice(2));
      return { perMinute, amount: random() < 0.2 ? 0 : amountOf(perMinute) };
    });
    return { kind: isCharge ? 'charge' : 'admit', keys: some, drafts };
  };

  test.each([1, 2, 3, 4])('does what the pure function does, to the last bit (seed %i)', async (seed) => {
    const client = await connectAsOperator();
    const random = chance(seed);
    const kept = new Map<string, number>();
    let now = 1_800_000_000_000;
    const seen = { admitted: 0, refused: 0 };
    for (let count = 0; count < 800; count += 1) {
      now += random() < 0.02 ? -3_000 : random() < 0.05 ? 200_000 : Math.floor(random() * 2_000);
      const { kind, keys: some, drafts } = stepOf(random);
      if (some.length === 0) continue;
      const balances = some.map((key) => kept.get(key));
      // What is kept lives by Redis' own clock, which goes another way than ours: so it is laid there anew.
      await client.flushAll();
      for (const key of some) if (kept.has(key)) await client.set(key, String(kept.get(key)));
      const args = drafts.flatMap(({ perMinute, amount }) => [String(perMinute), String(amount)]);
      const told = await client.eval(allowanceScript.lua, { keys: some, arguments: [kind, ...args, String(now)] });
      const drawn = draw(balances, { kind, drafts }, now);
      expect({ count, told: (typeof told === 'string' ? told : '').split(' ').map(Number) }).toEqual({
        count,
        told: [drawn.isAdmitted ? 1 : 0, now, ...drawn.balances],
      });
      some.forEach((key, index) => kept.set(key, drawn.balances[index] ?? 0));
      seen[drawn.isAdmitted ? 'admitted' : 'refused'] += 1;
    }
    expect(Math.min(seen.admitted, seen.refused)).toBeGreaterThan(50);
  });
});

const limits = { caller: { requests: 100, cost: 500 }, location: { requests: 100, cost: 500 } };
/** What comes at all comes long before; a test that waits for ever would hold up all others. */
const patienceMs = 15_000;
const none: ReadonlyMap<string, number> = new Map();

/** A process of its own, as far as Redis can see. */
const startProcess = async (space = 'test'): Promise<Allowances> =>
  createAllowances(limits, await connectAsProcess(), space);

const isIn = async (allowances: Allowances, key: string): Promise<boolean> =>
  (await allowances.admitCaller(key)).retryAfterMs === null;

const knock = async (allowances: Allowances, key: string, count: number): Promise<number> =>
  (await Promise.all(Array.from({ length: count }, () => isIn(allowances, key)))).filter(Boolean).length;

/** The most that may have been let in since, burst and all, however slow the test runs. */
const mostSince = (beganAt: number): number => 100 * (1 + (Date.now() - beganAt + 1) / 60_000);

test('two processes together let nobody in more often than one would, and who keeps to its limit always', async () => {
  const processes = await Promise.all([startProcess(), startProcess()]);
  const random = chance(5);
  const beganAt = Date.now();
  const knocks = Array.from({ length: 1_500 }, async (_, index) => {
    const allowances = processes[random() < 0.5 ? 0 : 1];
    // One in sixteen is the modest one's: 94 in all, fewer than its limit for a minute.
    const key = index % 16 === 0 ? 'modest' : `greedy-${Math.floor(random() * 3)}`;
    return { key, isAdmitted: await isIn(allowances, key) };
  });
  const all = await Promise.all(knocks);
  const most = mostSince(beganAt);
  const admitted = (key: string) => all.filter((one) => one.key === key && one.isAdmitted).length;
  for (const key of ['greedy-0', 'greedy-1', 'greedy-2']) {
    expect(admitted(key)).toBeGreaterThanOrEqual(100);
    expect(admitted(key)).toBeLessThanOrEqual(most);
  }
  expect(admitted('modest')).toBe(94);
});

test('what one process charges all know, for callers and for locations', async () => {
  const [one, other] = await Promise.all([startProcess(), startProcess()]);
  one.charge('a', 5_000, new Map([['location', 5_000]]));
  await one.admitCaller('a'); // commands of one connection are carried out in their order
  expect(await isIn(other, 'a')).toBe(false);
  expect(await other.admitLocations(['free', 'location'])).toMatchObject({ policies: [{}, { remaining: 0 }] });
});

test('of locations that are refused together none is counted, by whichever process', async () => {
  const [one, other] = await Promise.all([startProcess(), startProcess()]);
  one.charge(null, 0, new Map([['full', 5_000]]));
  for (let count = 0; count < 20; count += 1) await one.admitLocations(['free', 'full']);
  expect(await other.admitLocations(['free'])).toMatchObject({ retryAfterMs: null, policies: [{ remaining: 99 }, {}] });
});

test('gateways of other apps on the same Redis count for themselves', async () => {
  const [one, other] = await Promise.all([startProcess('test'), startProcess('other')]);
  one.charge('a', 5_000, none);
  expect(await isIn(one, 'a')).toBe(false);
  expect(await isIn(other, 'a')).toBe(true);
});

test('what is kept goes by itself: each key has a life, of three minutes at the very most', async () => {
  const allowances = await startProcess();
  const client = await connectAsOperator();
  allowances.charge('a', 1_000_000, new Map([['location', 1_000_000]]));
  await knock(allowances, 'b', 90);
  await Promise.all(Array.from({ length: 90 }, () => allowances.admitLocations(['other'])));
  const lives = await Promise.all((await client.keys('*')).map((key) => client.pTTL(key)));
  expect(lives).toHaveLength(4); // who only looks at its cost leaves nothing
  for (const life of lives) {
    expect(life).toBeGreaterThan(0);
    expect(life).toBeLessThanOrEqual(180_000);
  }
});

test('without Redis each process lets in and counts by itself; with Redis back all count together again', async () => {
  const allowances = await startProcess();
  redisServer().kill();
  const beganAt = Date.now();
  expect(await isIn(allowances, 'a')).toBe(true); // by Redis still, or not any more
  const alone = await knock(allowances, 'a', 300);
  expect(alone).toBeGreaterThanOrEqual(99);
  expect(alone).toBeLessThanOrEqual(mostSince(beganAt));
  await redisServer().restart();
  const other = await startProcess();
  // Once the first has found Redis again, the other knows what it charges.
  const triedFrom = Date.now();
  let [round, isKnown] = [0, false];
  while (!isKnown && Date.now() < triedFrom + patienceMs) {
    const key = `round-${(round += 1)}`;
    allowances.charge(key, 5_000, none);
    await isIn(allowances, 'a'); // commands of one connection are carried out in their order
    isKnown = !(await isIn(other, key));
  }
  expect(isKnown).toBe(true);
  expect(await isIn(other, 'round-never')).toBe(true);
});
