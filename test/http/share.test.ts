import { expect, test } from '@jest/globals';
import { createShares, type Shares } from '../../src/http/share.ts';
import { chance } from '../support/chance.ts';

/** So many requests as come in; gives what ends each. */
const fill = (shares: Shares, key: string | null): (() => void)[] => {
  const taken: (() => void)[] = [];
  for (let one = shares.take(key); typeof one === 'function'; one = shares.take(key)) taken.push(one);
  return taken;
};

test('a caller alone may have half of all requests under way, and is told that it is its own doing', () => {
  for (const [most, half] of [
    [2_000, 1_000],
    [7, 4],
    [2, 1],
  ] as const) {
    const shares = createShares({ most });
    expect(fill(shares, 'a')).toHaveLength(half);
    expect(shares.take('a')).toBe('caller');
  }
});

test('one place goes to whoever comes, and the next one is told that there is none', () => {
  const shares = createShares({ most: 1 });
  expect(typeof shares.take('a')).toBe('function');
  expect(shares.take('b')).toBe('all');
});

test('two callers who take all they can leave places for a third, and three for a fourth', () => {
  const shares = createShares({ most: 100 });
  expect(['a', 'b', 'c', 'd'].map((key) => fill(shares, key).length)).toEqual([50, 25, 13, 6]);
});

test('callers who cannot be told apart are refused only once all places are taken', () => {
  const shares = createShares({ most: 10 });
  expect(fill(shares, null)).toHaveLength(10);
  expect(shares.take(null)).toBe('all');
});

test('a place that was given back can be taken once, however often it was given back', () => {
  const shares = createShares({ most: 4 });
  const [first] = fill(shares, 'a');
  first?.();
  first?.();
  expect(fill(shares, 'a')).toHaveLength(1);
  expect(shares.take('a')).toBe('caller');
});

test('whatever four greedy callers do, who has nothing under way comes in, and all places come back', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const random = chance(seed);
    const most = 40 + Math.floor(random() * 60); // each of the four leaves half of what was free
    const shares = createShares({ most });
    const held: (() => void)[] = [];
    const turnedAway: number[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      const one = random() < 0.7 ? shares.take(`greedy-${Math.floor(random() * 4)}`) : 'none';
      if (typeof one === 'function') held.push(one);
      else if (random() < 0.5) held.splice(Math.floor(random() * held.length), 1)[0]?.();
      const modest = shares.take('modest');
      if (typeof modest === 'function') modest();
      else turnedAway.push(step);
    }
    expect({ seed, turnedAway }).toEqual({ seed, turnedAway: [] });
    for (const release of held) release();
    expect(fill(shares, null)).toHaveLength(most);
  }
});
