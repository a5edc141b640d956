import { describe, expect, test } from '@jest/globals';
import { run } from '../support/process.ts';
import { breakNames } from './break-names.ts';
import { breaks } from './breaks.ts';
import { invariants, type Invariant } from './checks.ts';
import type { Summary } from './summary.ts';

// Time is replaced for a whole process, before anything is imported, so each run is one of its own. It is busy all the time: a slow
// machine may take minutes.
const minutes = 300_000;

const simulate = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
  await using running = run(process.execPath, ['test/simulation/main.ts', ...args]);
  const { code } = await running.exited;
  return { code, output: running.output() };
};

const summaryOf = async (...args: string[]): Promise<Summary> =>
  JSON.parse((await simulate(...args, '--json')).output) as Summary;

describe('the simulation', () => {
  test(
    'two hundred worlds keep every invariant, and have met what they are there for',
    async () => {
      const summary = await summaryOf('--seeds', '200');
      expect(summary.failures).toEqual([]);
      expect(summary.worlds).toBe(200);
      expect(summary.upstreamCalls).toBeGreaterThan(5_000);
      expect(summary.refusedUpstream).toBeGreaterThan(50);
      expect(summary.judgedCrowds).toBeGreaterThan(50);
      expect(summary.cost).toBeLessThanOrEqual(1.02);
      expect(Object.keys(summary.faults)).toEqual([
        '429 storm',
        'clocks apart',
        'lost on the way',
        'others spend the budget',
        'replica killed',
        'slow answers',
        'store away',
        'store away from one replica',
        'store emptied',
        'store slow',
        'upstream down',
      ]);
      for (const outcome of [
        'FRESH',
        'STALE_WHILE_REVALIDATE',
        'STALE_IF_ERROR',
        'UPSTREAM_RATE_LIMITED',
        'NOT_CACHED',
        'gone',
      ]) {
        expect(summary.parts).toHaveProperty(outcome, expect.any(Number));
      }
    },
    minutes,
  );

  test.each(breakNames.filter((name) => name !== 'none'))(
    'what is broken on purpose is noticed: %s',
    async (name) => {
      const { failures } = await summaryOf('--seeds', '60', '--break', name);
      expect(failures.at(-1)?.invariant).toBe(breaks[name].noticedBy);
    },
    minutes,
  );

  test('every check has noticed something', () => {
    const noticed = new Set(Object.values(breaks).map(({ noticedBy }) => noticedBy));
    expect(Object.keys(invariants).filter((name) => !noticed.has(name as Invariant))).toEqual([]);
  });

  test(
    'a failing seed prints the line that replays it, and it replays to the same event',
    async () => {
      const found = await simulate('--seeds', '60', '--break', 'reserve');
      expect(found.code).toBe(1);
      const words = [...found.output.matchAll(/^replay: npm run simulate -- (.+)$/gm)].at(-1)?.[1] ?? '';
      const event = [...found.output.matchAll(/^seed .* is broken at event .*$/gm)].at(-1)?.[0];
      const again = await simulate(...words.split(' '));
      expect(event).toMatch(/is broken at event \d+: loc/);
      expect(again.output).toContain(event);
    },
    minutes,
  );

  test('the same seed gives the same events, alone and after others, and another seed gives others', async () => {
    const together = await summaryOf('--seed', '11', '--seeds', '3');
    const alone = await summaryOf('--seed', '13');
    expect(alone.hashes).toEqual([together.hashes[2]]);
    expect(new Set(together.hashes).size).toBe(3);
  });

  test('replicas, locations, time and calls can be given, and the end is a table', async () => {
    const { code, output } = await simulate('--seed', '7', '--replicas', '3', '--locations', '20', '--calls', '300');
    expect(code).toBe(0);
    expect(output).toMatch(/^upstream calls +3\d\d$/m);
    expect(output).toMatch(/^invariants broken +0$/m);
    expect(output).toMatch(/^events +\d+, hash [0-9a-f]{16}$/m);
  });

  test.each([
    [['--help'], 0, /npm run simulate -- \[options\]/],
    [['--seed', 'seven'], 2, /--seed takes a number above 0/],
    [['--break', 'hearts'], 2, /--break takes one of none, limiter/],
    [['--seede', '7'], 2, /Unknown option '--seede'/],
  ])('%j ends with %i', async (args, expected, words) => {
    const { code, output } = await simulate(...args);
    expect({ code, output }).toEqual({ code: expected, output: expect.stringMatching(words) });
  });
});
