import { describe, expect, test } from '@jest/globals';
import { draw, readingOf, type Draft } from '../../src/limiter/allowance.ts';
import { chance, type Chance } from '../support/chance.ts';

const t0 = 1_800_000_000_000;

/** One balance and its moment, for stories. */
const story = (perMinute: number) => {
  let [balance, now] = [0, t0];
  const step = (kind: 'admit' | 'charge', amount: number): boolean => {
    const drawn = draw([balance], { kind, drafts: [{ perMinute, amount }] }, now);
    [balance = 0] = drawn.balances;
    return drawn.isAdmitted;
  };
  return {
    /** Whether a request was let in. */
    request: () => step('admit', 1),
    /** Whether one that is counted elsewhere would be let in. */
    look: () => step('admit', 0),
    charge: (amount: number) => step('charge', amount),
    /** How many of so many are let in. */
    requests: (count: number) => Array.from({ length: count }, () => step('admit', 1)).filter(Boolean).length,
    pass: (ms: number) => {
      now += ms;
    },
    left: () => readingOf(balance, perMinute, now),
  };
};

describe('a quota', () => {
  test.each([1, 7, 60, 999, 6_000, 7_001])(
    'of %i may be used at once, to the last request, and comes back evenly within a minute',
    (perMinute) => {
      const { requests, pass } = story(perMinute);
      expect(requests(perMinute + 10)).toBe(perMinute);
      pass(30_000);
      expect(requests(perMinute)).toBe(Math.floor(perMinute / 2));
      pass(60_000);
      expect(requests(perMinute + 10)).toBe(perMinute);
    },
  );

  test.each([100_000, 1_000_000])('of %i comes back half a per cent too fast at most', (perMinute) => {
    const { charge, pass, left } = story(perMinute);
    charge(perMinute);
    pass(30_000);
    expect(left().remaining).toBeGreaterThanOrEqual(perMinute * 0.5);
    expect(left().remaining).toBeLessThanOrEqual(perMinute * 0.5 * 1.005);
  });

  test('is no larger after a long quiet than after a minute', () => {
    const { requests, pass } = story(10);
    requests(10);
    pass(86_400_000);
    expect(requests(100)).toBe(10);
  });

  test('tells what is left, and when there is one more', () => {
    const { requests, pass, left } = story(6);
    expect(left()).toEqual({ remaining: 6, resetSeconds: 10, retryAfterMs: null });
    requests(5);
    pass(4_000);
    expect(left()).toEqual({ remaining: 1, resetSeconds: 6, retryAfterMs: null });
    requests(1);
    expect(left()).toEqual({ remaining: 0, resetSeconds: 6, retryAfterMs: 6_000 });
  });

  test('lets in whoever waited as long as it was told, and nobody a millisecond earlier', () => {
    const { requests, request, pass, left } = story(7);
    requests(7);
    const { retryAfterMs } = left();
    pass((retryAfterMs ?? 0) - 1);
    expect(request()).toBe(false);
    pass(1);
    expect(request()).toBe(true);
  });

  test('is not held back for refusals: who knocks all the time waits no longer', () => {
    const { requests, pass } = story(60);
    requests(60);
    expect(requests(1_000)).toBe(0);
    pass(1_000);
    expect(requests(1_000)).toBe(1);
  });
});

describe('what is charged afterwards', () => {
  test('may exceed the quota once, and is paid for before the next request', () => {
    const { look, charge, pass, left } = story(60);
    expect(look()).toBe(true);
    charge(90.5);
    expect(left()).toEqual({ remaining: 0, resetSeconds: 32, retryAfterMs: 31_500 });
    pass(31_499);
    expect(look()).toBe(false);
    pass(1);
    expect(look()).toBe(true);
  });

  test('counts while a caller is over its quota already', () => {
    const { charge, left } = story(60);
    charge(60);
    charge(10);
    expect(left().retryAfterMs).toBe(11_000);
  });

  test('shuts nobody out for more than two minutes and a unit, whatever it was', () => {
    const { charge, left } = story(60);
    charge(1_000_000);
    expect(left().retryAfterMs).toBe(121_000);
  });

  test('adds up in fractions of a unit', () => {
    const { charge, left } = story(60);
    for (let count = 0; count < 500; count += 1) charge(1 / 500);
    expect(left().remaining).toBe(59);
  });
});

test('a clock that was set back by a day holds nobody up for more than two minutes and a unit', () => {
  const { requests, left, pass } = story(60);
  requests(60);
  pass(-86_400_000);
  expect(left().retryAfterMs).toBe(121_000);
});

test('several balances are taken from together or not at all', () => {
  const drafts: readonly Draft[] = [
    { perMinute: 10, amount: 1 },
    { perMinute: 2, amount: 1 },
  ];
  const kind = 'admit';
  const once = draw([], { kind, drafts }, t0);
  const twice = draw(once.balances, { kind, drafts }, t0);
  const refused = draw(twice.balances, { kind, drafts }, t0);
  expect([once, twice, refused].map(({ isAdmitted }) => isAdmitted)).toEqual([true, true, false]);
  expect(refused.balances).toEqual(twice.balances);
});

// Moments, in milliseconds, at which somebody comes: bursts and pauses of all sizes.
const arrivals = (random: Chance, count: number): readonly number[] => {
  let at = t0;
  return Array.from({ length: count }, () => {
    const gapMs = random() < 0.6 ? 0 : random() < 0.9 ? random() * 500 : random() * 90_000;
    return (at += Math.floor(gapMs));
  });
};

test('nobody gets more than its quota and what comes back in any stretch of time', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const random = chance(seed);
    const perMinute = 1 + Math.floor(random() * 120);
    let balance = 0;
    const admitted = arrivals(random, 800).filter((now) => {
      const drawn = draw([balance], { kind: 'admit', drafts: [{ perMinute, amount: 1 }] }, now);
      [balance = 0] = drawn.balances;
      return drawn.isAdmitted;
    });
    const tooMany = admitted.flatMap((end, last) =>
      admitted
        .slice(0, last + 1)
        .filter((start, first) => last - first + 1 > perMinute + (perMinute * (end - start)) / 60_000 + 1e-3),
    );
    expect({ seed, perMinute, tooMany }).toEqual({ seed, perMinute, tooMany: [] });
    expect(admitted.length).toBeGreaterThan(perMinute);
  }
});

test('who never asks more than its quota in any minute is never refused', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const random = chance(seed);
    const perMinute = 1 + Math.floor(random() * 120);
    let balance = 0;
    const asked: number[] = [];
    const refused = arrivals(random, 800).filter((now) => {
      const aMinuteAgo = asked.at(-perMinute);
      if (aMinuteAgo !== undefined && now - aMinuteAgo < 60_000) return false; // it would be too many: it keeps still
      asked.push(now);
      const drawn = draw([balance], { kind: 'admit', drafts: [{ perMinute, amount: 1 }] }, now);
      [balance = 0] = drawn.balances;
      return !drawn.isAdmitted;
    });
    expect({ seed, perMinute, refused }).toEqual({ seed, perMinute, refused: [] });
    expect(asked.length).toBeGreaterThan(perMinute);
  }
});
