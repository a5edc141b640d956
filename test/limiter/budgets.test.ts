import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBudgets } from '../../src/limiter/budgets.ts';
import { readFeedback, type Feedback } from '../../src/limiter/feedback.ts';
import { createLedger, type Permit } from '../../src/limiter/ledger.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';

import { chance } from '../support/chance.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
const dayMs = 86_400_000;
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

const always = new AbortController().signal;
const waitFor = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** Budgets of one process, all callers people; permits go back in the order in which they were taken. */
const create = (burst = { limit: 3, windowMs: 1_000 }, dailyLimit = 1_000) => {
  const ledger = createLedger({ burst, dailyLimit, replicas: 1, attemptMs: 600_000 });
  const budgets = createBudgets(ledger, { interactiveReserve: 0 });
  const permits = new Map<string, Permit[]>();
  const oldest = (key: string): Permit => permits.get(key)?.shift() ?? { id: 'none', takenAt: Date.now() };
  return {
    take: async (key: string, maxWaitMs: number, signal: AbortSignal) => {
      const permit = await budgets.take(key, fixedUrgency('interactive', Date.now() + maxWaitMs), signal);
      permits.set(key, [...(permits.get(key) ?? []), permit]);
    },
    settle: (key: string, feedback: Feedback | null) => budgets.settle(key, oldest(key), feedback),
    block: (key: string, ms: number | null): void =>
      void budgets.settleRefused(key, { id: 'none', takenAt: Date.now() }, { feedback: told({}), ms }),
    quota: budgets.quota,
  };
};
type Budgets = ReturnType<typeof create>;
const told = (headers: Record<string, string>) => readFeedback({ headers });

/** What has become of a caller so far: 'waiting', 'granted' or what it was refused with. */
const caller = (budgets: Budgets, { key = 'a', maxWaitMs = 60_000, signal = always } = {}) => {
  let state: unknown = 'waiting';
  budgets.take(key, maxWaitMs, signal).then(
    () => (state = 'granted'),
    (error: unknown) => (state = error),
  );
  return () => (state instanceof GatewayError ? `${state.code} ${state.retryAfterMs ?? 'unknown'}` : state);
};
const callers = async (budgets: Budgets, count: number, how: Parameters<typeof caller>[1] = {}) => {
  const all = Array.from({ length: count }, () => caller(budgets, how));
  await waitFor(0);
  return () => all.map((state) => state());
};
/** Takes and gives back that many permits, one after another, without time passing. */
const spend = async (budgets: Budgets, count: number, headers: Record<string, string> = {}, key = 'a') => {
  for (let call = 0; call < count; call += 1) {
    await budgets.take(key, 0, always);
    budgets.settle(key, told(headers));
  }
};

describe('the short window', () => {
  test('a permit is held while its request is under way and for one window after its answer', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 });
    await budgets.take('a', 0, always);
    const second = caller(budgets);
    await waitFor(5_000);
    expect(second()).toBe('waiting');
    budgets.settle('a', null);
    await waitFor(999);
    expect(second()).toBe('waiting');
    await waitFor(1);
    expect(second()).toBe('granted');
  });

  test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
    'never more than the limit arrive in any window, whatever the latencies (seed %i)',
    async (seed) => {
      const random = chance(seed);
      const limit = 2 + Math.floor(random() * 18);
      const windowMs = 200 + Math.floor(random() * 1_800);
      const slowestMs = Math.floor(random() * windowMs * 2);
      const budgets = create({ limit, windowMs });
      const arrivals: number[] = [];
      let done = 0;
      const call = async () => {
        await waitUntil(random() * 3_000);
        await budgets.take('a', 1e9, always);
        await waitUntil(random() * slowestMs);
        arrivals.push(Date.now());
        await waitUntil(random() * slowestMs);
        const hasAnswer = random() < 0.8;
        budgets.settle('a', hasAnswer ? told({ 'x-ratelimit-remaining': String(limit) }) : null);
        done += 1;
      };
      const calls = 120;
      const all = Promise.all(Array.from({ length: calls }, call));
      // Every round costs at most a window and a round trip, so a limiter that loses permits does not get through either.
      await waitFor(3_000 + Math.ceil(calls / limit) * (windowMs + 2 * slowestMs + 2));
      expect(done).toBe(calls);
      await all;
      const tooClose = arrivals
        .toSorted((a, b) => a - b)
        .filter((at, index, sorted) => at - (sorted[index - limit] ?? -Infinity) < windowMs);
      expect(tooClose).toEqual([]);
    },
  );

  test('those who wait are served in the order in which they came, as many as come free', async () => {
    const budgets = create({ limit: 2, windowMs: 1_000 });
    await spend(budgets, 2);
    const order: number[] = [];
    for (const place of [1, 2, 3, 4, 5]) void budgets.take('a', 60_000, always).then(() => order.push(place));
    await waitFor(1_000);
    expect(order).toEqual([1, 2]);
    budgets.settle('a', null);
    await waitFor(999);
    expect(order).toEqual([1, 2]);
    await waitFor(1);
    expect(order).toEqual([1, 2, 3]);
    budgets.settle('a', null);
    budgets.settle('a', null);
    await waitFor(1_000);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  test('a wait that cannot make it is refused at once, with the time until a permit is expected', async () => {
    const budgets = create({ limit: 2, windowMs: 1_000 });
    await spend(budgets, 1);
    await waitFor(400);
    await spend(budgets, 1);
    const states = await callers(budgets, 4, { maxWaitMs: 700 });
    // The first permit is due in 600 ms, the second in 1,000; what comes after waits for those who wait already.
    expect(states()).toEqual([
      'waiting',
      'UPSTREAM_RATE_LIMITED 1000',
      'UPSTREAM_RATE_LIMITED 1000',
      'UPSTREAM_RATE_LIMITED 1000',
    ]);
  });

  test('while all permits are under way the wait is known to be at least a window', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 });
    await budgets.take('a', 0, always);
    expect((await callers(budgets, 1, { maxWaitMs: 999 }))()).toEqual(['UPSTREAM_RATE_LIMITED 1000']);
    expect((await callers(budgets, 1, { maxWaitMs: 1_000 }))()).toEqual(['waiting']);
  });

  test('one who leaves frees the place for those behind, and one who had left already never takes one', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 });
    await spend(budgets, 1);
    const leaver = new AbortController();
    const leaving = caller(budgets, { signal: leaver.signal });
    const behind = caller(budgets);
    leaver.abort(new Error('gone'));
    const gone = caller(budgets, { signal: leaver.signal });
    await waitFor(1_000);
    expect(leaving()).toEqual(new Error('gone'));
    expect(gone()).toEqual(new Error('gone'));
    expect(behind()).toBe('granted');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('the last one to leave leaves no timer behind', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 });
    await spend(budgets, 1);
    const leaver = new AbortController();
    await callers(budgets, 3, { signal: leaver.signal });
    expect(jest.getTimerCount()).toBe(1);
    leaver.abort(new Error('gone'));
    await waitFor(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a clock that is set back holds permits for one window at most', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 });
    await spend(budgets, 1);
    jest.setSystemTime(start - 3_600_000);
    expect((await callers(budgets, 1, { maxWaitMs: 1_000 }))()).toEqual(['waiting']);
  });

  test('budgets of different holders know nothing of each other', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 }, 1);
    await spend(budgets, 1);
    budgets.block('a', 60_000);
    expect((await callers(budgets, 1, { key: 'b', maxWaitMs: 0 }))()).toEqual(['granted']);
    expect(await budgets.quota('c')).toMatchObject({
      burst: { remaining: 1 },
      daily: { remaining: 1 },
      observedAt: null,
    });
  });
});

describe('what upstream tells', () => {
  test.each([
    ['less is left than we think', { 'x-ratelimit-remaining': '1' }, { limit: 10, remaining: 1, windowSeconds: 1 }],
    ['more is left than we think', { 'x-ratelimit-remaining': '10' }, { limit: 10, remaining: 9, windowSeconds: 1 }],
    ['a lower limit', { 'x-ratelimit-max': '4' }, { limit: 4, remaining: 3, windowSeconds: 1 }],
    ['a higher limit', { 'x-ratelimit-max': '30' }, { limit: 30, remaining: 29, windowSeconds: 1 }],
    ['another window', { 'x-ratelimit-interval-milliseconds': '7000' }, { limit: 10, remaining: 9, windowSeconds: 7 }],
  ])('%s: it is believed as far as it is safe', async (_, headers, expected) => {
    const budgets = create({ limit: 10, windowMs: 1_000 });
    await spend(budgets, 1, headers);
    expect((await budgets.quota('a')).burst).toMatchObject(expected);
    expect((await callers(budgets, expected.remaining + 1, { maxWaitMs: 0 }))()).toEqual([
      ...Array.from({ length: expected.remaining }, () => 'granted'),
      `UPSTREAM_RATE_LIMITED ${expected.windowSeconds * 1_000}`,
    ]);
  });

  test('permits held back for what others spend come back after a window', async () => {
    const budgets = create({ limit: 10, windowMs: 1_000 });
    await spend(budgets, 1, { 'x-ratelimit-remaining': '0' });
    await waitFor(999);
    expect((await budgets.quota('a')).burst.remaining).toBe(0);
    await waitFor(1);
    expect((await budgets.quota('a')).burst.remaining).toBe(10);
  });

  test('a limit below what is spent already lets nothing through until enough has come back', async () => {
    const budgets = create({ limit: 4, windowMs: 1_000 });
    for (const headers of [{}, {}, {}, { 'x-ratelimit-max': '2' }]) {
      await spend(budgets, 1, headers);
      await waitFor(100);
    }
    // Answers came at 0, 100, 200 and 300: two must be over before the third request of a window of two.
    expect((await callers(budgets, 1, { maxWaitMs: 0 }))()).toEqual(['UPSTREAM_RATE_LIMITED 800']);
  });

  test.each(['-1', 'NaN', '', '1e3', '0x10', '1.5', ' 5', 'Infinity', '999999999999', '9'.repeat(30)])(
    'a header of "%s" is ignored',
    async (nonsense) => {
      const budgets = create({ limit: 10, windowMs: 1_000 }, 50);
      const names = ['max', 'remaining', 'interval-milliseconds', 'limit-daily', 'daily-remaining', 'daily-reset'];
      await spend(budgets, 1, Object.fromEntries(names.map((name) => [`x-ratelimit-${name}`, nonsense])));
      expect(await budgets.quota('a')).toEqual({
        burst: {
          limit: 10,
          remaining: 9,
          reservedForInteractive: 0,
          windowSeconds: 1,
          expectedResetAt: start + 1_000,
        },
        daily: {
          limit: 50,
          remaining: 49,
          reservedForInteractive: 0,
          windowSeconds: 86_400,
          expectedResetAt: start + dayMs,
        },
        mode: 'NORMAL',
        observedAt: null,
      });
    },
  );

  test('after a 429 nothing is sent until its time is over, and those whose wait is in vain hear of it at once', async () => {
    const budgets = create({ limit: 2, windowMs: 1_000 });
    await spend(budgets, 2);
    const hasty = caller(budgets, { maxWaitMs: 1_500 });
    const patient = caller(budgets, { maxWaitMs: 5_000 });
    budgets.block('a', 4_000);
    await waitFor(0);
    expect(hasty()).toBe('UPSTREAM_RATE_LIMITED 4000');
    expect((await budgets.quota('a')).burst).toMatchObject({ remaining: 0, expectedResetAt: start + 4_000 });
    expect((await callers(budgets, 1, { maxWaitMs: 3_999 }))()).toEqual(['UPSTREAM_RATE_LIMITED 5000']); // one is before it
    await waitFor(3_999);
    expect(patient()).toBe('waiting');
    await waitFor(1);
    expect(patient()).toBe('granted');
  });

  test('a second 429 never shortens what the first one asked for', async () => {
    const budgets = create();
    budgets.block('a', 4_000);
    budgets.block('a', 1_000);
    expect((await callers(budgets, 1, { maxWaitMs: 0 }))()).toEqual(['UPSTREAM_RATE_LIMITED 4000']);
  });

  test.each([
    ['a 429 that names no time ends after one window', null, 1_000],
    ['a 429 that names years ends after a day', 1e15, dayMs],
  ])('%s', async (_, ms, expectedMs) => {
    const budgets = create();
    budgets.block('a', ms);
    expect((await callers(budgets, 1, { maxWaitMs: 0 }))()).toEqual([`UPSTREAM_RATE_LIMITED ${expectedMs}`]);
    await waitFor(expectedMs);
    expect((await callers(budgets, 1, { maxWaitMs: 0 }))()).toEqual(['granted']);
  });
});

describe('the day', () => {
  test('a spent day refuses with the time until it ends, and is whole again after that', async () => {
    const budgets = create({ limit: 100, windowMs: 1_000 }, 3);
    await spend(budgets, 2);
    await waitFor(3_600_000);
    await spend(budgets, 1);
    expect((await callers(budgets, 1))()).toEqual([`UPSTREAM_RATE_LIMITED ${dayMs - 3_600_000}`]);
    expect(await budgets.quota('a')).toMatchObject({
      mode: 'EXHAUSTED',
      daily: { remaining: 0, expectedResetAt: start + dayMs },
    });
    await waitFor(dayMs - 3_600_000);
    // Whether it really is another day is learned by one probe, while everyone else waits.
    await budgets.take('a', 0, always);
    const second = await callers(budgets, 1);
    expect(second()).toEqual(['waiting']);
    budgets.settle('a', told({ 'x-ratelimit-daily-remaining': '2' }));
    await waitFor(0);
    expect(second()).toEqual(['granted']);
    expect(await budgets.quota('a')).toMatchObject({ mode: 'NORMAL', daily: { remaining: 1 } });
  });

  test('a probe that finds the day still used up sends everyone back to waiting', async () => {
    const budgets = create({ limit: 100, windowMs: 1_000 }, 1);
    await spend(budgets, 1);
    await waitFor(dayMs);
    await spend(budgets, 1, { 'x-ratelimit-daily-remaining': '0', 'x-ratelimit-daily-reset': '60000' });
    expect((await callers(budgets, 1, { maxWaitMs: 1_000 }))()).toEqual(['UPSTREAM_RATE_LIMITED 60000']);
    await waitFor(60_000);
    expect((await callers(budgets, 2, { maxWaitMs: 0 }))()).toEqual(['granted', 'UPSTREAM_RATE_LIMITED 1000']);
  });

  test("upstream's own count and the end of its day win over ours", async () => {
    const budgets = create();
    const headers = {
      'x-ratelimit-limit-daily': '500',
      'x-ratelimit-daily-remaining': '0',
      'x-ratelimit-daily-reset': '90000',
    };
    await spend(budgets, 1, headers);
    expect(await budgets.quota('a')).toMatchObject({
      mode: 'EXHAUSTED',
      daily: { limit: 500, remaining: 0, expectedResetAt: start + 90_000 },
      observedAt: start,
    });
    expect((await callers(budgets, 1))()).toEqual(['UPSTREAM_RATE_LIMITED 90000']);
    await waitFor(90_000);
    expect((await callers(budgets, 1, { maxWaitMs: 0 }))()).toEqual(['granted']);
  });

  test('an answer that comes late with an older count gives nothing back', async () => {
    const budgets = create({ limit: 100, windowMs: 1_000 }, 10);
    await spend(budgets, 4);
    await spend(budgets, 1, { 'x-ratelimit-daily-remaining': '9' });
    expect((await budgets.quota('a')).daily.remaining).toBe(5);
  });

  test('those who wait for the window do not wait on when the day ends before their turn', async () => {
    const budgets = create({ limit: 1, windowMs: 1_000 }, 3);
    await spend(budgets, 1);
    const states = await callers(budgets, 4);
    expect(states()).toEqual([
      'waiting',
      'waiting',
      `UPSTREAM_RATE_LIMITED ${dayMs}`,
      `UPSTREAM_RATE_LIMITED ${dayMs}`,
    ]);
  });
});

test('the budgets of ten thousand idle holders are forgotten, those in use are kept', async () => {
  const budgets = create({ limit: 1, windowMs: 1_000 });
  await spend(budgets, 1, {}, 'idle');
  await budgets.take('busy', 0, always);
  for (let holder = 0; holder < 10_000; holder += 1) budgets.block(`holder ${holder}`, 500);
  await waitFor(1_000);
  await spend(budgets, 1, {}, 'one more');
  expect((await budgets.quota('idle')).daily.expectedResetAt).toBeNull();
  expect((await budgets.quota('busy')).burst.remaining).toBe(0);
  expect((await budgets.quota('one more')).burst.remaining).toBe(0);
});

const waitUntil = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
