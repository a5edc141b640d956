import { describe, expect, test } from '@jest/globals';
import { adopt, oneFlying } from '../../src/limiter/adoption.ts';
import { newBudget, settle, thaw } from '../../src/limiter/budget.ts';
import { readFeedback } from '../../src/limiter/feedback.ts';

const [dayMs, now] = [86_400_000, 1_800_000_000_000];

/** The budget of a store that has just begun, and what replicas bring to it. */
const create = () => {
  let state = newBudget({ burst: { limit: 100, windowMs: 10_000 }, dailyLimit: 1_000 });
  return {
    state: () => state,
    bring: (id: string, spent: 0 | 1, remembered: number) => {
      state = adopt(thaw(state, now), { ...oneFlying(id, 100, spent), remembered }, now);
    },
    /** An answer of upstream that so much of the day is left. */
    tell: (remaining: number) => {
      const feedback = readFeedback({ headers: { 'x-ratelimit-daily-remaining': String(remaining) } });
      state = settle(thaw(state, now), { id: 'z', takenAt: now, feedback, blockedMs: null }, now);
    },
    passDay: () => {
      state = thaw(state, now + dayMs);
    },
  };
};

describe('of the day', () => {
  test('what each has spent by itself adds up, but what many remember counts once, the highest of them', () => {
    const { bring, state } = create();
    bring('a', 1, 0);
    bring('b', 0, 0);
    expect(state().spentToday).toBe(1);
    bring('c', 1, 30);
    expect(state().spentToday).toBe(32);
    bring('d', 1, 40);
    bring('e', 0, 35);
    expect(state().spentToday).toBe(43);
    expect(Object.keys(state().flying).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('who remembers no more than upstream tells adds nothing', () => {
    const { bring, tell, state } = create();
    tell(900);
    bring('a', 0, 90);
    expect(state().spentToday).toBe(100);
    bring('b', 0, 110);
    expect(state().spentToday).toBe(110);
  });

  test('nobody remembers anything once it is over', () => {
    const { bring, passDay, state } = create();
    bring('a', 1, 40);
    passDay();
    expect(state().spentToday).toBe(0);
    bring('b', 0, 30);
    expect(state().spentToday).toBe(30);
  });
});
