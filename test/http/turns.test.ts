import { setImmediate as nextRound } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createTurns, type Turns } from '../../src/http/turns.ts';

const patient = () => createTurns({ mostMs: 60_000 });

/** Lets `count` requests of a caller come; `begun` hears of each that begins. */
const come = (
  turns: Turns,
  key: string | null,
  count: number,
  begun: (key: string | null, isLate: boolean) => void,
) => {
  for (let index = 0; index < count; index += 1) turns.take(key, (isLate) => begun(key, isLate));
};

/** Rounds of the event loop until `isDone`; a hundred at most. */
const roundsUntil = async (isDone: () => boolean): Promise<number> => {
  for (let rounds = 0; rounds < 100; rounds += 1) {
    if (isDone()) return rounds;
    await nextRound();
  }
  return Infinity;
};

/** Keeps the process busy, as an operation does. */
const work = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test('a request that finds no line begins at once', async () => {
  const turns = patient();
  for (const key of ['a', null, 'a']) {
    const begun: unknown[] = [];
    turns.take(key, (isLate) => begun.push(isLate));
    expect(begun).toEqual([false]);
    for (let rounds = 0; rounds < 3; rounds += 1) await nextRound();
  }
});

test('callers take turns, and of one caller who came first begins first', async () => {
  const turns = patient();
  const begun: string[] = [];
  const note = (name: string) => () => begun.push(name);
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) turns.take(name.slice(0, 1), note(name));
  await roundsUntil(() => begun.length === 7);
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
});

test('who comes while another one has a hundred in line waits for few of them', async () => {
  const turns = patient();
  let others = 0;
  come(turns, 'greedy', 100, () => {
    others += 1;
    work(2);
  });
  await roundsUntil(() => others > 10);
  const before = others;
  let waitedFor = Infinity;
  turns.take('modest', () => (waitedFor = others - before));
  await roundsUntil(() => waitedFor < Infinity);
  expect(waitedFor).toBeLessThan(10);
  expect(others).toBeLessThan(100);
  await roundsUntil(() => others === 100);
});

test('between rounds of a long line the sockets are looked at', async () => {
  const turns = patient();
  let begun = 0;
  come(turns, 'a', 100, () => {
    begun += 1;
    work(1);
  });
  expect(begun).toBe(1);
  const seen: number[] = [];
  await roundsUntil(() => {
    seen.push(begun);
    return begun === 100;
  });
  const most = Math.max(...seen.map((count, index) => count - (seen[index - 1] ?? 0)));
  expect(most).toBeLessThanOrEqual(16);
});

test('whose turn comes after the limit is told that it is late, and who comes after all that is not', async () => {
  const turns = createTurns({ mostMs: 0 });
  const late: boolean[] = [];
  come(turns, 'a', 4, (_key, isLate) => late.push(isLate));
  await roundsUntil(() => late.length === 4);
  await nextRound();
  await nextRound();
  come(turns, 'b', 1, (_key, isLate) => late.push(isLate));
  expect(late).toEqual([false, true, true, true, false]);
});

test('whatever comes when, everybody begins once and nobody is forgotten', async () => {
  const turns = patient();
  const begun = new Map<string | null, number>();
  const note = (key: string | null) => void begun.set(key, (begun.get(key) ?? 0) + 1);
  for (let round = 0; round < 20; round += 1) {
    for (const key of ['a', 'b', null]) come(turns, key, round % 5, note);
    if (round % 3 === 0) await nextRound();
  }
  await roundsUntil(() => [...begun.values()].reduce((sum, count) => sum + count, 0) === 120);
  expect([...begun]).toEqual([
    ['a', 40],
    ['b', 40],
    [null, 40],
  ]);
});
