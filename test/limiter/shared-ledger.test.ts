import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitMs } from '../../src/limiter/budget.ts';
import { readFeedback } from '../../src/limiter/feedback.ts';
import type { Ledger } from '../../src/limiter/ledger.ts';
import { chance } from '../support/chance.ts';
import { burst, createReplicas, leaseMs, silentMs, takeAll, takeOne, waitFor } from './replicas.ts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

/** Milliseconds until a person could have a permit, by what the ledger knows. */
const waitOf = (ledger: Ledger): number => {
  const { state, ...share } = ledger.look('a');
  return waitMs(state, { reservePercent: 0, ...share }, Date.now(), 0);
};

/** Two replicas that have met. */
const pair = async (options: Parameters<typeof createReplicas>[1] = {}) => {
  const { all, ...room } = createReplicas(2, options);
  const [one, other] = all;
  if (one === undefined || other === undefined) throw new Error('two replicas');
  await waitFor(10);
  return { ...room, one, other };
};

/** One request and its answer, which may be a 429. */
const call = async (ledger: Ledger, headers: Record<string, string>, blockedMs: number | null = null) => {
  const permit = await takeOne(ledger);
  if (permit === null) throw new Error('no permit');
  void ledger.settle('a', permit, { feedback: readFeedback({ headers }), blockedMs });
  await waitFor(2);
};
const stateOf = (ledger: Ledger) => ledger.look('a').state;

/** What all of them together have spent by the store's word. */
const spentBy = async (ledger: Ledger): Promise<number> => {
  const asking = ledger.ask('a');
  await waitFor(2);
  return (await asking).state.spentToday;
};

describe('replicas with one store', () => {
  test('take the whole budget between them and no more, however it falls to them', async () => {
    const { one, other, heard } = await pair();
    expect(await takeAll(one.ledger, 70)).toBe(70);
    expect(await takeAll(other.ledger)).toBe(30);
    await waitFor(11_000);
    expect(await takeAll(other.ledger)).toBe(100);
    expect(heard).toEqual([]);
  });

  test('leave the part of one that is not there, and all of it until that one could have nothing out any more', async () => {
    const { all } = createReplicas(1, { replicas: 2 });
    await waitFor(10);
    const [first] = all;
    if (first === undefined) throw new Error('one replica');
    expect(await takeAll(first.ledger)).toBe(0);
    await waitFor(leaseMs + burst.windowMs);
    expect(await takeAll(first.ledger)).toBe(50);
  });

  test('that start one after the other send nobody away in between: the first does not know yet that it will not be alone', async () => {
    const { start } = createReplicas(0, { replicas: 2 });
    const first = start(1);
    await waitFor(10);
    expect(await takeOne(first.ledger)).toBeNull();
    expect(waitOf(first.ledger)).toBe(100);
    start(2);
    await waitFor(10);
    expect(waitOf(first.ledger)).toBe(100); // it has not heard of it
    expect(await takeOne(first.ledger)).not.toBeNull();
  });

  test('of which only one starts tell those who wait the whole time, once the other one should have come', async () => {
    const { start } = createReplicas(0, { replicas: 2 });
    const { ledger } = start(1);
    await waitFor(2_100);
    expect(waitOf(ledger)).toBeGreaterThan(leaseMs + burst.windowMs - 2_200);
  });

  test('one that dies with permits in its hands keeps them until they count as answered and a window has passed', async () => {
    const { one: dead, other } = await pair();
    for (let count = 0; count < 40; count += 1) expect(await takeOne(dead.ledger)).not.toBeNull();
    dead.ledger.close();
    dead.cut(true);
    await waitFor(4_000); // nobody hears of it any more, so its part of 50 is left, and what it holds counts beside it
    expect(await takeAll(other.ledger)).toBe(10);
    await waitFor(leaseMs + burst.windowMs);
    expect(await takeAll(other.ledger)).toBe(50);
  });

  test('hear through one another what upstream tells, also of a day that is over', async () => {
    const { one, other } = await pair();
    await call(one.ledger, { 'x-ratelimit-daily-remaining': '0', 'x-ratelimit-daily-reset': '20000' });
    expect(await takeOne(other.ledger)).toBeNull();
    await waitFor(20_000);
    // Whoever comes first is the probe, and its answer counts although the clocks are apart.
    await call(other.ledger, { 'x-ratelimit-daily-remaining': '150', 'x-ratelimit-max': '40' });
    expect(await takeAll(one.ledger)).toBe(39);
  });

  test('a grant that took so long that no whole attempt is left of it is not used', async () => {
    const { one, other } = await pair();
    one.slow(1_500);
    expect(await takeOne(one.ledger, 'a', 2_000)).toBeNull();
    expect(await spentBy(other.ledger)).toBe(1);
  });
});

describe('a replica that loses the store', () => {
  test('is silent until the others have missed it and a window has passed, then takes its part; they leave it', async () => {
    const { one: lost, other, heard } = await pair();
    lost.cut(true);
    expect(await takeAll(lost.ledger)).toBe(0);
    await waitFor(4_000);
    expect(await takeAll(other.ledger)).toBe(50);
    await waitFor(silentMs - 4_200);
    expect(await takeAll(lost.ledger)).toBe(0);
    await waitFor(200);
    expect(await takeAll(lost.ledger)).toBe(50);
    expect(heard).toEqual(['0 alone, silent for 17000']);
  });

  test('shows those who wait a short wait at first, as the store may be back, then all of it', async () => {
    const { one: lost, other } = await pair();
    lost.cut(true);
    await takeOne(lost.ledger);
    expect(stateOf(lost.ledger).blockedUntil).toBe(Date.now() + 100);
    await waitFor(2_000);
    expect(stateOf(lost.ledger).blockedUntil).toBeGreaterThan(Date.now() + 14_000);
    expect(stateOf(other.ledger).blockedUntil).toBe(0);
  });

  test('brings along what it took when it is back, once, and takes no more than what is left', async () => {
    const { one: lost, other, heard } = await pair();
    lost.cut(true);
    await waitFor(30_000);
    const alone = await takeAll(lost.ledger);
    expect(alone).toBe(50);
    lost.cutFor('enter'); // it tells what it took and does not get in
    await waitFor(3_000);
    lost.cut(false);
    await waitFor(1_100);
    expect(heard).toEqual(['0 alone, silent for 17000', '0 shared']);
    expect(await takeAll(other.ledger)).toBe(100 - alone);
    expect(await takeAll(lost.ledger)).toBe(0);
    expect(await spentBy(other.ledger)).toBe(100);
  });

  test('is silent again when it may have got in without hearing of it: the others count on it then', async () => {
    const { one: lost, other } = await pair();
    lost.cut(true);
    await waitFor(30_000);
    lost.loseAnswersTo('enter');
    await waitFor(1_100);
    lost.cut(true);
    expect(await takeAll(other.ledger)).toBe(100);
    expect(await takeAll(lost.ledger)).toBe(0);
    await waitFor(silentMs);
    expect(await takeAll(lost.ledger)).toBe(50);
  });

  test('asking in vain whether the store is back does not prolong the silence', async () => {
    const { one: lost } = await pair();
    lost.cutFor('greet', 'beat', 'take');
    await waitFor(1_000);
    lost.loseAnswersTo('greet');
    await waitFor(silentMs);
    expect(await takeAll(lost.ledger)).toBe(50);
  });

  test('is not counted in by what it said before and the store hears late', async () => {
    const { one: lost, other } = await pair();
    lost.slow(1_900);
    await waitFor(1_000); // a beat goes out, and comes in when nobody waits for it any more
    lost.slow(1);
    lost.cutFor('greet', 'take');
    await takeOne(lost.ledger);
    await waitFor(3_100);
    expect(await takeAll(other.ledger)).toBe(50);
  });

  test('brings what it has spent of the day, not what upstream told it of the day', async () => {
    const { one: lost, other } = await pair();
    await call(other.ledger, { 'x-ratelimit-daily-remaining': '600000' });
    lost.cut(true);
    await waitFor(silentMs + 1_000);
    await call(lost.ledger, { 'x-ratelimit-daily-remaining': '599999' });
    await call(lost.ledger, {});
    lost.cut(false);
    await waitFor(1_100);
    expect(await spentBy(other.ledger)).toBe(400_002);
  });

  test('alone in the world it goes on at once with what it knows', async () => {
    const { all } = createReplicas(1);
    await waitFor(10);
    const [only] = all;
    if (only === undefined) throw new Error('one replica');
    expect(await takeAll(only.ledger, 60)).toBe(60);
    only.cut(true);
    expect(await takeAll(only.ledger)).toBe(40);
  });

  test('one that starts while the store is away is silent, too: the others may have spent everything', async () => {
    const { way, start } = createReplicas(0, { replicas: 2 });
    const cut = way();
    cut.cut(true);
    const { ledger } = start(7, cut);
    await waitFor(1_100);
    expect(await takeAll(ledger)).toBe(0);
    await waitFor(silentMs);
    expect(await takeAll(ledger)).toBe(50);
  });

  test('keeps to the 429 and to the limit that the others heard of, and they to those that it hears of alone', async () => {
    const { one: lost, other } = await pair();
    await call(other.ledger, { 'x-ratelimit-max': '40' }, 60_000);
    await takeOne(lost.ledger);
    lost.cut(true);
    await waitFor(58_000);
    expect(await takeAll(lost.ledger)).toBe(0);
    await waitFor(15_000);
    expect(await takeAll(lost.ledger, 19)).toBe(19);
    await call(lost.ledger, {}, 90_000);
    lost.cut(false);
    await waitFor(15_000);
    expect(await takeOne(other.ledger)).toBeNull();
    await waitFor(75_000);
    expect(await takeOne(other.ledger)).not.toBeNull();
  });

  test('comes back with thousands of budgets, but not with all of them at once', async () => {
    const { one: lost, other } = await pair();
    lost.cut(true);
    await waitFor(silentMs + 3_000);
    for (let count = 0; count < 1_000; count += 1)
      expect(lost.ledger.take(`location ${count}`, 0)).toBeInstanceOf(Promise);
    lost.cut(false);
    await waitFor(2_000);
    expect(lost.mostOnWay()).toBeLessThanOrEqual(51);
    expect(await takeAll(other.ledger, 200, 'location 999')).toBe(99);
  });
});

describe('a store that comes back empty', () => {
  test('learns from everybody what they hold before they take more', async () => {
    const { one, other, store } = await pair();
    expect(await takeAll(one.ledger, 60)).toBe(60);
    expect(await takeAll(other.ledger, 30)).toBe(30);
    await waitFor(5);
    store.empty();
    await waitFor(1_100);
    expect((await takeAll(one.ledger)) + (await takeAll(other.ledger))).toBe(10);
    await waitFor(5_000);
    store.empty(); // a second time: whoever enters first is the same one
    await waitFor(1_100);
    expect((await takeAll(one.ledger)) + (await takeAll(other.ledger))).toBe(0);
  });

  test('learns of 429s and of the day, which nobody has asked for lately', async () => {
    const { one, other, store } = await pair();
    await call(one.ledger, { 'x-ratelimit-daily-remaining': '0', 'x-ratelimit-daily-reset': '50000' }, 30_000);
    await takeOne(other.ledger);
    await waitFor(20_000);
    store.empty();
    await waitFor(1_100);
    expect(await takeOne(other.ledger)).toBeNull();
    expect(stateOf(other.ledger)).toMatchObject({ spentToday: 1_000_000 });
    await waitFor(50_000 - 21_100);
    expect(await takeAll(one.ledger)).toBe(1); // the probe
  });

  test('learns all that was taken of the day, also by each alone, and once more when it is emptied again', async () => {
    const { one, other, store } = await pair();
    expect(await takeAll(one.ledger, 30)).toBe(30);
    expect(await takeAll(other.ledger, 10)).toBe(10);
    for (const each of [one, other]) each.cut(true);
    await waitFor(silentMs + 1_000);
    expect([await takeAll(one.ledger), await takeAll(other.ledger)]).toEqual([50, 50]);
    store.empty();
    for (const each of [one, other]) each.cut(false);
    await waitFor(2_500);
    store.empty(); // before anybody has asked for it
    await waitFor(2_500);
    expect(await spentBy(one.ledger)).toBe(140);
  });

  test('lets nobody in that has just told what it holds to the store before it', async () => {
    const { one, other, store } = await pair();
    expect(await takeAll(one.ledger, 80)).toBe(80);
    one.cut(true);
    await waitFor(1_000);
    one.cut(false);
    one.slow(300);
    await waitFor(1_450); // it has greeted the store
    store.empty();
    one.slow(1);
    await waitFor(2_500);
    expect((await takeAll(one.ledger)) + (await takeAll(other.ledger))).toBe(20);
  });

  test('gives nothing while one is missing that may have taken its part', async () => {
    const { one, other, store } = await pair();
    other.cut(true);
    await waitFor(silentMs + 1_000);
    expect(await takeAll(other.ledger)).toBe(50);
    store.empty();
    await waitFor(1_100);
    expect(await takeAll(one.ledger)).toBe(0);
    await waitFor(leaseMs + burst.windowMs);
    expect(await takeAll(one.ledger)).toBe(50);
  });
});

test('a closed one says nothing more and leaves no timer behind, wherever it was', async () => {
  const { way, start, heard } = createReplicas(0, { replicas: 2 });
  const ways = [way(), way(), way()] as const;
  ways[1].cut(true); // is still trying to get in
  const ledgers = ways.map((one, index) => start(index, one).ledger);
  await waitFor(100);
  for (const ledger of ledgers) ledger.close();
  for (const one of ways) one.cut(true);
  await Promise.all([...ledgers.map((ledger) => ledger.take('a', 0)), waitFor(10)]);
  await waitFor(1_000);
  expect(jest.getTimerCount()).toBe(0);
  expect(heard).toEqual([]);
});

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'never more than the limit in any window, whatever happens to the store and the ways to it (seed %i)',
  async (seed) => {
    const random = chance(seed);
    const { all, store, heard } = createReplicas(3);
    const sent: number[] = [];
    await waitFor(10);
    for (let step = 0; step < 200; step += 1) {
      const one = all[Math.floor(random() * 3)];
      if (one === undefined) throw new Error('three replicas');
      const fault = random();
      if (fault < 0.05) one.cut(random() < 0.5);
      else if (fault < 0.07) one.loseAnswersTo('enter', 'take');
      else if (fault < 0.08) one.loseAnswersTo('beat', 'settle', 'look');
      else if (fault < 0.09) one.loseAnswersTo('enter', 'adopt');
      else if (fault < 0.1) one.cutFor('settle', 'beat');
      else if (fault < 0.12) one.slow(1 + Math.floor(random() * random() * 3_000));
      else if (fault < 0.13) store.empty();
      else if (fault < 0.17) for (const each of all) each.cut(false);
      for (let count = Math.floor(random() * 30); count > 0; count -= 1) {
        void one.ledger.take('a', 0).then((permit) => {
          if (permit === null) return;
          setTimeout(() => sent.push(Date.now()), random() * 1_000);
          const outcome = { feedback: null, blockedMs: null };
          setTimeout(() => void one.ledger.settle('a', permit, outcome), 1_000 + random() * 2_000);
        });
      }
      await waitFor(random() < 0.05 ? 15_000 : Math.floor(random() * 800));
    }
    await waitFor(5_000);
    const most = Math.max(
      ...sent.map((moment) => sent.filter((other) => other >= moment && other < moment + burst.windowMs).length),
    );
    expect(most).toBeLessThanOrEqual(burst.limit);
    for (const each of all) {
      each.cut(false);
      each.slow(1);
    }
    await waitFor(20_000);
    for (const { ledger } of all) expect(await spentBy(ledger)).toBeGreaterThanOrEqual(sent.length);
    expect(sent.length).toBeGreaterThan(200);
    expect(heard.length).toBeGreaterThan(2);
  },
);
