import { describe, expect, test } from '@jest/globals';
import { judge, mayStandIn } from '../../src/cache/judge.ts';
import { anyFreshness, type FreshnessWish } from '../../src/model/freshness.ts';

const lifetime = { freshSeconds: 60, revalidateSeconds: 300, hardSeconds: 3_600 };
const never = { freshSeconds: 0, revalidateSeconds: 0, hardSeconds: 0 };
const maxAge = (maxAgeSeconds: number): FreshnessWish => ({ ...anyFreshness, maxAgeSeconds });
const maxStale = (maxStaleSeconds: number): FreshnessWish => ({ ...anyFreshness, maxStaleSeconds });
const onlyKept = (wish: FreshnessWish = anyFreshness): FreshnessWish => ({ ...wish, isOnlyIfCached: true });

describe('what becomes of a question', () => {
  test.each([
    // Nothing is wished.
    [null, anyFreshness, 'load'],
    [0, anyFreshness, 'fresh'],
    [59_999, anyFreshness, 'fresh'],
    [60_000, anyFreshness, 'stale'],
    [299_999, anyFreshness, 'stale'],
    [300_000, anyFreshness, 'load'],
    [3_600_000, anyFreshness, 'load'],
    // Not older than.
    [0, maxAge(0), 'fresh'],
    [1, maxAge(0), 'load'],
    [5_000, maxAge(5), 'fresh'],
    [5_001, maxAge(5), 'load'],
    [60_000, maxAge(100), 'stale'],
    [100_001, maxAge(100), 'load'],
    [null, maxAge(100), 'load'],
    // Stale by no more than.
    [59_999, maxStale(0), 'fresh'],
    [60_000, maxStale(0), 'load'],
    [69_999, maxStale(10), 'stale'],
    [70_000, maxStale(10), 'load'],
    [1_059_999, maxStale(1_000), 'stale'],
    [3_599_999, maxStale(Infinity), 'stale'],
    [3_600_000, maxStale(Infinity), 'load'],
    [100_001, { ...maxStale(Infinity), maxAgeSeconds: 100 }, 'load'],
    // Without upstream.
    [null, onlyKept(), 'refuse'],
    [59_999, onlyKept(), 'fresh'],
    [299_999, onlyKept(), 'stale'],
    [300_000, onlyKept(), 'refuse'],
    [300_000, onlyKept(maxStale(1_000)), 'stale'],
    [60_000, onlyKept(maxStale(0)), 'refuse'],
    [3_600_000, onlyKept(maxStale(Infinity)), 'refuse'],
    [5_001, onlyKept(maxAge(5)), 'refuse'],
  ] as const)('%j ms old and %j: %s', (ageMs, wish, verdict) => {
    expect(judge(ageMs, lifetime, wish)).toBe(verdict);
  });

  test('what is not kept at all is loaded each time, whatever the wish', () => {
    for (const wish of [anyFreshness, maxAge(100), maxStale(Infinity)]) expect(judge(0, never, wish)).toBe('load');
    expect(judge(0, never, onlyKept(maxStale(Infinity)))).toBe('refuse');
  });

  test('what was kept may stand in for a failure until its hard limit', () => {
    expect([0, 3_599_999, 3_600_000].map((ageMs) => mayStandIn(ageMs, lifetime))).toEqual([true, true, false]);
    expect(mayStandIn(0, never)).toBe(false);
  });
});
