import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBudgets } from '../../src/limiter/budgets.ts';
import { readFeedback } from '../../src/limiter/feedback.ts';
import { createLedger } from '../../src/limiter/ledger.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency, sharedUrgency, type Priority, type Urgency } from '../../src/model/urgency.ts';
import { chance } from '../support/chance.ts';

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
  const waits: unknown[] = [];
  const come = (name: string, urgency: Urgency, signal = always) => {
    void budgets.take('a', urgency, signal).then(
      (permit) => {
        granted.push(name);
        budgets.settle('a', permit, null);
      },
      (error: unknown) => {
        refused.push(name);
        waits.push(error instanceof GatewayError ? error.retryAfterMs : error);
      },
    );
  };
  return {
    granted,
    refused,
    /** What the refused were told to wait. */
    waits,
    come,
    /** A 429 that asks for so long. */
    refuse: async (ms: number) => {
      const permit = await budgets.take('a', fixedUrgency('interactive', Date.now() + 60_000), always);
      void budgets.settleRefused('a', permit, { feedback: readFeedback({ headers: {} }), ms });
    },
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

  test('hear at once that they cannot make it, and when they could, also where many windows lie before them', async () => {
    const { refused, waits, crowd } = create();
    crowd(10, 'interactive');
    crowd(5, 'interactive', 999);
    await waitFor(0);
    expect(refused).toHaveLength(5);
    crowd(40, 'interactive', 3_500);
    await waitFor(0);
    expect(waits).toEqual([...Array.from({ length: 5 }, () => 1_000), ...Array.from({ length: 10 }, () => 4_000)]);
  });

  test('hear it as soon as a 429 puts an end to their hopes', async () => {
    const { granted, waits, crowd, refuse } = create();
    crowd(9, 'interactive');
    await waitFor(0);
    await refuse(3_000);
    crowd(1, 'live', 2_000);
    crowd(1, 'background', 10_000);
    await waitFor(0);
    expect(waits).toEqual([3_000]);
    await waitFor(5_000);
    expect(granted.at(-1)).toBe('background');
  });

  test('who leaves costs nothing, and a permit that was on its way is had by the next', async () => {
    const { granted, refused, come, left } = create();
    const leaver = new AbortController();
    come('leaves', fixedUrgency('interactive', Date.now() + 5_000), leaver.signal);
    leaver.abort(new Error('gone'));
    await waitFor(0);
    expect([refused, await left()]).toEqual([['leaves'], 10]);
    come('stays', fixedUrgency('interactive', Date.now() + 5_000));
    await waitFor(0);
    expect([granted, await left()]).toEqual([['stays'], 9]);
  });

  test.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'nobody who is no person is served while a person could be, and nobody waits beyond its end (seed %i)',
    async (seed) => {
      const random = chance(seed);
      const { granted, refused, come } = create();
      const endsAt = new Map<string, number>();
      const people = new Set<string>();
      const heard = new Set<string>();
      // Everything that is heard of is looked at in the millisecond in which it was heard.
      const hear = (): void => {
        for (const name of [...granted, ...refused]) {
          if (heard.has(name)) continue;
          heard.add(name);
          expect(Date.now()).toBeLessThanOrEqual(endsAt.get(name) ?? 0);
        }
      };
      for (let ms = 0; ms < 9_500; ms += 1) {
        if (ms < 5_000 && random() < 0.03) {
          const name = String(ms);
          const priority = (['interactive', 'live', 'background'] as const)[Math.floor(random() * 3)] ?? 'live';
          endsAt.set(name, Date.now() + 300 + Math.floor(random() * 4_000));
          if (priority === 'interactive') people.add(name);
          come(name, fixedUrgency(priority, endsAt.get(name) ?? 0));
        }
        const before = granted.length;
        const waiting = [...people].filter((name) => !heard.has(name));
        await waitFor(1);
        const served = granted.slice(before);
        const isWaiting = waiting.some((name) => !granted.includes(name) && !refused.includes(name));
        if (isWaiting) expect(served.filter((name) => !people.has(name))).toEqual([]);
        hear();
      }
      expect(heard.size).toBe(endsAt.size);
      expect(refused.length).toBeGreaterThan(10);
      expect(granted.some((name) => !people.has(name))).toBe(true);
    },
  );
});
