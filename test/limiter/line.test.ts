import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBudgets } from '../../src/limiter/budgets.ts';
import { createLedger } from '../../src/limiter/ledger.ts';
import { fixedUrgency, sharedUrgency, type Priority, type Urgency } from '../../src/model/urgency.ts';
import { chance } from './chance.ts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

const waitFor = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const always = new AbortController().signal;

/** Ten permits in a second, two of them for people only; who was granted, in order. */
const create = ({ limit = 10, windowMs = 1_000 } = {}) => {
  const ledger = createLedger({ burst: { limit, windowMs }, dailyLimit: 100_000, replicas: 1, attemptMs: 60_000 });
  const budgets = createBudgets(ledger, { interactiveReserve: 20 });
  const granted: string[] = [];
  const refused: string[] = [];
  const come = (name: string, urgency: Urgency, signal = always) => {
    void budgets.take('a', urgency, signal).then(
      (permit) => {
        granted.push(name);
        budgets.settle('a', permit, null);
      },
      () => refused.push(name),
    );
  };
  return {
    granted,
    refused,
    come,
    crowd: (count: number, priority: Priority, ms = 60_000) => {
      for (let index = 0; index < count; index += 1) come(priority, fixedUrgency(priority, Date.now() + ms));
    },
    left: async () => (await budgets.quota('a')).burst.remaining,
  };
};

describe('three classes', () => {
  test('people go first, then live feeds, then background work, whatever the order in which they came', async () => {
    const { granted, crowd } = create();
    crowd(10, 'interactive');
    await waitFor(0);
    crowd(2, 'background');
    crowd(2, 'live');
    crowd(2, 'interactive');
    await waitFor(1_000);
    expect(granted.slice(10)).toEqual(['interactive', 'interactive', 'live', 'live', 'background', 'background']);
  });

  test.each(['live', 'background'] as const)(
    '%s leaves the reserve to people, who find it at once',
    async (priority) => {
      const { granted, crowd, left } = create();
      crowd(30, priority);
      await waitFor(500);
      expect(granted).toHaveLength(8);
      expect(await left()).toBe(2);
      crowd(3, 'interactive');
      await waitFor(0);
      expect(granted.slice(8)).toEqual(['interactive', 'interactive']);
    },
  );

  test('a live feed that never ends does not starve background work', async () => {
    const { granted, crowd } = create();
    crowd(1, 'background');
    for (let second = 0; second < 12; second += 1) {
      crowd(12, 'live', 2_000);
      await waitFor(1_000);
    }
    expect(granted.filter((name) => name === 'background')).toHaveLength(1);
  });

  test('background work that somebody else joins goes with them, and waits as long as they do', async () => {
    const { granted, refused, crowd, come } = create();
    crowd(10, 'interactive');
    await waitFor(0);
    crowd(7, 'live');
    const urgency = sharedUrgency(fixedUrgency('background', Date.now() + 1_000));
    come('joined', urgency);
    await waitFor(100);
    urgency.join(fixedUrgency('interactive', Date.now() + 5_000));
    await waitFor(900);
    expect(granted[10]).toBe('joined');
    expect(refused).toEqual([]);
  });
});

describe('those who wait', () => {
  test('are spread over the windows: 300 calls cost 300 permits, never more than ten in a second', async () => {
    const { granted, crowd } = create();
    const times: number[] = [];
    crowd(300, 'interactive', 60_000);
    while (granted.length < 300) {
      const before = granted.length;
      await waitFor(10);
      times.push(...Array.from({ length: granted.length - before }, () => Date.now()));
    }
    expect(granted).toHaveLength(300);
    const most = Math.max(...times.map((at) => times.filter((other) => other > at - 985 && other <= at).length));
    expect(most).toBe(10);
  });

  test('hear at once that they cannot make it', async () => {
    const { refused, crowd } = create();
    crowd(10, 'interactive');
    crowd(5, 'interactive', 999);
    await waitFor(0);
    expect(refused).toHaveLength(5);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'are served in the order of their classes, or refused in time (seed %i)',
    async (seed) => {
      const random = chance(seed);
      const { granted, refused, come } = create();
      const waiting = new Map<string, { priority: Priority; endsAt: number; done: boolean }>();
      const classes = ['interactive', 'live', 'background'] as const;
      for (let count = 0; count < 200; count += 1) {
        const priority = classes[Math.floor(random() * 3)] ?? 'live';
        const endsAt = Date.now() + 500 + Math.floor(random() * 4_000);
        waiting.set(String(count), { priority, endsAt, done: false });
        come(String(count), fixedUrgency(priority, endsAt));
        const before = granted.length;
        await waitFor(Math.floor(random() * 60));
        for (const name of granted.slice(before)) {
          const one = waiting.get(name);
          if (one === undefined) throw new Error(name);
          one.done = true;
          expect(Date.now()).toBeLessThanOrEqual(one.endsAt + 60);
        }
        for (const name of refused) Object.assign(waiting.get(name) ?? {}, { done: true });
        // Whoever is not a person was served only when no person was left waiting.
        const last = waiting.get(granted.at(-1) ?? '');
        const people = [...waiting.values()].filter(({ priority, done }) => priority === 'interactive' && !done);
        if (granted.length > before && last !== undefined && last.priority !== 'interactive')
          expect(people.length).toBeLessThanOrEqual(1); // the one that came in this very step
      }
      await waitFor(5_000);
      expect(granted.length + refused.length).toBe(200);
    },
  );
});
