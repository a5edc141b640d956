import { describe, expect, test } from '@jest/globals';
import { adopt, foreignOf } from '../../src/limiter/adoption.ts';
import {
  giveBack,
  newBudget,
  remaining,
  settle,
  take,
  thaw,
  waitMs,
  type BudgetState,
  type Claim,
} from '../../src/limiter/budget.ts';
import type { Feedback } from '../../src/limiter/feedback.ts';
import { chance, type Chance } from '../support/chance.ts';

const options = { burst: { limit: 10, windowMs: 1_000 }, dailyLimit: 1_000 };
const [dayMs, t0] = [86_400_000, 1_800_000_000_000];
const person: Claim = { reservePercent: 0, replicas: 1, present: 1 };
const background: Claim = { ...person, reservePercent: 20 };
const told = (burst: Partial<Feedback['burst']>, daily: Partial<Feedback['daily']> = {}): Feedback => ({
  burst: { limit: null, remaining: null, windowMs: null, ...burst },
  daily: { limit: null, remaining: null, resetMs: null, ...daily },
  isCounted: burst.remaining !== undefined || daily.remaining !== undefined,
});

/** One budget and its moment, for stories; each permit's lease is four seconds. */
const story = (state: BudgetState = newBudget(options)) => {
  let now = t0;
  let count = 0;
  const takeOne = (claim = person): string | null => {
    const id = String((count += 1));
    state = thaw(state, now);
    const after = take(state, claim, { id, now, flyingUntil: now + 4_000 });
    state = after ?? state;
    return after === null ? null : id;
  };
  const settleOne = (id: string, feedback: Feedback | null = null, blockedMs: number | null = null, takenAt = now) => {
    state = settle(thaw(state, now), { id, takenAt, feedback, blockedMs }, now);
  };
  return {
    takeOne,
    /** As many as there are. */
    takeAll: (claim = person): string[] => {
      const ids: string[] = [];
      for (let id = takeOne(claim); id !== null; id = takeOne(claim)) ids.push(id);
      return ids;
    },
    settleOne,
    /** Takes and settles at once; throws where nothing is free. */
    call: (feedback: Feedback | null = null, blockedMs: number | null = null) => {
      const id = takeOne();
      if (id === null) throw new Error('no permit');
      settleOne(id, feedback, blockedMs);
    },
    giveBack: (id: string) => {
      state = giveBack(thaw(state, now), id);
    },
    adopt: (foreign: Parameters<typeof adopt>[1]) => {
      state = adopt(thaw(state, now), foreign, now);
    },
    pass: (ms: number) => {
      now += ms;
    },
    now: () => now,
    wait: (claim = person, ahead = 0) => waitMs(thaw(state, now), claim, now, ahead),
    left: (claim = person) => remaining(thaw(state, now), claim, now),
    state: () => thaw(state, now),
  };
};

describe('a permit', () => {
  test('is held from send until a window after the answer', () => {
    const { takeAll, settleOne, pass, wait } = story();
    const ids = takeAll();
    expect(ids).toHaveLength(10);
    pass(700);
    ids.forEach((id) => settleOne(id));
    pass(999);
    expect(takeAll()).toEqual([]);
    expect(wait()).toBe(1);
    pass(1);
    expect(takeAll()).toHaveLength(10);
  });

  test('counts as answered when its lease ends, as its holder may have died', () => {
    const { takeAll, pass } = story();
    takeAll();
    pass(4_999);
    expect(takeAll()).toEqual([]);
    pass(1);
    expect(takeAll()).toHaveLength(10);
  });

  test('that is settled after its lease is held for a window from then: its request may have been on the wire', () => {
    const { takeAll, settleOne, pass } = story();
    const ids = takeAll();
    pass(4_900);
    ids.forEach((id) => settleOne(id));
    pass(999);
    expect(takeAll()).toEqual([]);
    pass(1);
    expect(takeAll()).toHaveLength(10);
  });

  test('that was never used is given back whole, of the day too, and only once', () => {
    const { takeAll, takeOne, giveBack: back, state } = story();
    const [id = ''] = takeAll();
    back(id);
    back(id);
    expect(state().spentToday).toBe(9);
    expect([takeOne(), takeOne()]).toEqual([expect.any(String), null]);
  });

  test.each([
    ['a person', person, 10],
    ['others, who leave the reserve', background, 8],
    ['one of two gateways while the other is away', { reservePercent: 0, replicas: 2, present: 1 }, 5],
    ['one of three, in whole permits', { reservePercent: 0, replicas: 3, present: 1 }, 3],
    ['two of three', { reservePercent: 0, replicas: 3, present: 2 }, 6],
    ['others of one of two', { reservePercent: 20, replicas: 2, present: 1 }, 3],
    ['more gateways than are known of', { reservePercent: 0, replicas: 2, present: 5 }, 10],
    ['one of more than there are permits', { reservePercent: 0, replicas: 11, present: 1 }, 0],
  ] as const)('%s: %j may take %d of 10', (_, claim, count) => {
    const { takeAll, left, wait } = story();
    expect(takeAll(claim)).toHaveLength(count);
    expect(wait(claim)).toBeGreaterThan(0);
    expect(left({ ...claim, reservePercent: 0 }).burst).toBe(claim.reservePercent === 0 ? 0 : 2);
  });

  test('is not held longer because the clock was set back', () => {
    const { call, takeAll, pass } = story();
    for (let count = 0; count < 10; count += 1) call();
    pass(-3_600_000);
    expect(takeAll()).toEqual([]);
    pass(1_000);
    expect(takeAll()).toHaveLength(10);
  });
});

describe('what upstream counts', () => {
  test('holds permits back for a window where it is less than ours', () => {
    const { call, takeAll, pass } = story();
    call(told({ remaining: 4 }));
    expect(takeAll()).toHaveLength(4);
    pass(1_000);
    expect(takeAll()).toHaveLength(6); // the four are on the wire
  });

  test('gives nothing where it is more than ours, as what is on the wire has not arrived yet', () => {
    const { call, takeOne, takeAll } = story();
    for (let count = 0; count < 5; count += 1) takeOne();
    call(told({ remaining: 9 }));
    expect(takeAll()).toHaveLength(4);
  });

  test.each([
    ['a lower limit', told({ limit: 3 }), 2],
    ['a higher limit', told({ limit: 30 }), 29],
    ['a lower limit and how much of it is left', told({ limit: 8, remaining: 3 }), 3],
  ])('%s is believed', (_, feedback, count) => {
    const { call, takeAll } = story();
    call(feedback);
    expect(takeAll()).toHaveLength(count);
  });
});

describe('a 429', () => {
  test('stops everything until its time is over, and a second one never shortens that', () => {
    const { call, settleOne, takeAll, takeOne, pass, wait } = story();
    const other = takeOne() ?? '';
    call(told({}), 3_000);
    settleOne(other, told({}), 1_000);
    expect([takeAll(), wait()]).toEqual([[], 3_000]);
    pass(2_999);
    expect(takeAll()).toEqual([]);
    pass(1);
    expect(takeAll()).toHaveLength(1);
  });

  test('lets those who wait out over the window after it, not all together', () => {
    const { call, takeOne, settleOne, pass } = story();
    call(told({}), 2_000);
    pass(2_000);
    const counts: number[] = [];
    for (let tenth = 0; tenth < 10; tenth += 1) {
      let count = 0;
      for (let id = takeOne(); id !== null; id = takeOne()) {
        settleOne(id);
        count += 1;
      }
      counts.push(count);
      pass(100);
    }
    expect(counts).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test('of absurd length is believed for a day', () => {
    const { call, wait } = story();
    call(told({}), 1e15);
    expect(wait()).toBe(dayMs);
  });
});

describe('a day that is used up', () => {
  const usedUp = (daily: Partial<Feedback['daily']>) => {
    const one = story();
    one.call(told({}, { remaining: 0, ...daily }));
    return one;
  };

  test.each([
    ['until the moment that upstream told', { resetMs: 50_000 }, 50_000],
    ['for an hour where upstream does not say until when', {}, 3_600_000],
  ])('gives nothing %s, then exactly one probe', (_, daily, ms) => {
    const { takeAll, takeOne, pass, wait, left } = usedUp(daily);
    pass(1_000);
    expect([takeAll(), wait(), left().daily]).toEqual([[], ms - 1_000, 0]);
    pass(ms - 1_001);
    expect(takeAll()).toEqual([]);
    pass(1);
    expect([wait(), left().daily]).toEqual([0, 0]);
    expect(takeAll()).toHaveLength(1);
    pass(3_999);
    expect(takeOne()).toBeNull();
  });

  const probing = () => {
    const one = usedUp({ resetMs: 50_000 });
    one.pass(50_000);
    return { ...one, probe: one.takeOne() ?? '' };
  };

  test.each([
    ['is left by a probe that finds something', told({}, { remaining: 500 }), null, 9],
    ['is left by a probe that is answered without a count', told({}), null, 9],
    ['is entered again by a probe that finds nothing', told({}, { remaining: 0, resetMs: 7_000 }), null, 0],
  ])('%s', (_, feedback, blockedMs, count) => {
    const { probe, settleOne, takeAll } = probing();
    settleOne(probe, feedback, blockedMs);
    expect(takeAll()).toHaveLength(count);
  });

  test.each([
    ['without an answer', null, null],
    ['that is refused without a count', told({}), 1_000],
  ])('is probed again, by one, after a probe %s', (_, feedback, blockedMs) => {
    const { probe, settleOne, takeAll, pass } = probing();
    pass(100);
    settleOne(probe, feedback, blockedMs);
    pass(999);
    expect(takeAll()).toEqual([]);
    pass(1_000);
    expect(takeAll()).toHaveLength(1);
  });

  test('hears nothing of answers to requests from before it', () => {
    const { probe, settleOne, takeAll, state } = probing();
    settleOne('late', told({}, { remaining: 0, resetMs: 40_000 }), null, t0 + 49_000);
    expect(state()).toMatchObject({ isProbing: true, spentToday: 1 });
    settleOne(probe, told({}, { remaining: 999 }));
    expect(takeAll().length).toBeGreaterThan(0);
  });

  test('leaves the reserve of the day to people', () => {
    const one = story();
    one.call(told({ limit: 1_000 }, { limit: 1_000, remaining: 203 }));
    expect(one.takeAll(background)).toHaveLength(3);
    expect(one.wait(background)).toBeGreaterThan(1_000);
    expect(one.takeAll()).toHaveLength(200);
  });

  test('was counted by ourselves where upstream tells nothing, and is over a day after its first request', () => {
    const one = story(newBudget({ ...options, dailyLimit: 3 }));
    one.pass(5_000);
    expect(one.takeAll()).toHaveLength(3);
    expect(one.wait()).toBe(dayMs);
    one.pass(dayMs);
    expect(one.takeAll()).toHaveLength(1);
  });

  test('never grows again by an answer that comes late with an older count', () => {
    const one = story();
    one.call(told({}, { remaining: 300 }));
    one.call(told({}, { remaining: 350 }));
    expect(one.left().daily).toBe(299);
  });
});

describe('what was taken elsewhere', () => {
  test('counts as if it had been taken here, permits, block, day and all', () => {
    const there = story();
    there.takeOne();
    there.call(told({}, { remaining: 700, resetMs: 60_000 }));
    there.pass(400);
    there.call(told({}), 2_500);
    const here = story();
    here.pass(5_000_000); // clocks differ
    here.adopt(foreignOf(there.state(), there.now(), 0));
    const shift = here.now() - there.now();
    const { answered, flying, blockedUntil, spentToday, dayEndsAt } = there.state();
    expect(here.state()).toMatchObject({
      answered: answered.map((at) => at + shift),
      flying: { 1: (flying['1'] ?? 0) + shift },
      blockedUntil: blockedUntil + shift,
      spentToday,
      dayEndsAt: dayEndsAt + shift,
    });
  });
});

/** A budget after some random events, at a random moment; and whose turn it is. */
const anyState = (random: Chance) => {
  const one = story(newBudget({ burst: options.burst, dailyLimit: 5 + Math.floor(random() * 60) }));
  const out: string[] = [];
  const whole = (most: number) => Math.floor(random() * most);
  for (let step = whole(60); step > 0; step -= 1) {
    const kind = random();
    if (kind < 0.55) {
      const id = one.takeOne(random() < 0.5 ? person : background);
      if (id !== null) out.push(id);
    } else if (kind < 0.95) {
      const id = out.splice(whole(out.length), 1)[0];
      const daily =
        random() < 0.2 ? { remaining: whole(30), ...(random() < 0.5 ? { resetMs: whole(3_000) } : {}) } : {};
      const feedback = random() < 0.3 ? null : told(random() < 0.3 ? { remaining: whole(12) } : {}, daily);
      if (id !== undefined) one.settleOne(id, feedback, random() < 0.1 ? whole(2_000) : null);
    } else one.pass(random() < 0.1 ? 3_600_000 : -whole(100));
    one.pass(whole(200));
  }
  const replicas = 1 + whole(3);
  const claim = { reservePercent: random() < 0.5 ? 0 : 20, replicas, present: 1 + whole(replicas) };
  return { one, claim };
};
const manySeeds = Array.from({ length: 2_000 }, (_, seed) => seed);

describe('the wait', () => {
  test('is 0 exactly when a permit can be taken', () => {
    let granted = 0;
    for (const seed of manySeeds) {
      const { one, claim } = anyState(chance(seed));
      const ms = one.wait(claim);
      const isTaken = one.takeOne(claim) !== null;
      expect({ seed, isFree: ms === 0 }).toEqual({ seed, isFree: isTaken });
      if (isTaken) granted += 1;
    }
    expect(granted).toBeGreaterThan(400);
    expect(granted).toBeLessThan(1_600);
  });

  test('is never too long, and as long as it must be where nothing is on the wire', () => {
    let exact = 0;
    for (const seed of manySeeds) {
      const { one, claim } = anyState(chance(seed));
      const { isProbing, flying } = one.state();
      const ms = one.wait(claim);
      if (ms === 0 || isProbing) continue;
      one.pass(ms - 1);
      expect({ seed, early: one.takeOne(claim) }).toEqual({ seed, early: null });
      one.pass(1);
      const isAlone = claim.present < claim.replicas;
      if (Object.keys(flying).length > 0 || isAlone || one.state().isProbing) continue;
      expect({ seed, inTime: one.takeOne(claim) === null }).toEqual({ seed, inTime: false });
      exact += 1;
    }
    expect(exact).toBeGreaterThan(100);
  });

  test.each([
    [0, 600],
    [3, 600],
    [4, 1_000],
    [9, 1_000],
    [10, 1_600],
    [13, 1_600],
    [14, 2_000],
    [99, 10_000],
    [103, 10_600],
  ])('of one with %d ahead is %d ms: what comes back goes round once in a window', (ahead, ms) => {
    const { takeAll, settleOne, call, pass, wait } = story();
    for (let count = 0; count < 4; count += 1) call();
    pass(400);
    takeAll().forEach((id) => settleOne(id));
    expect(wait(person, ahead)).toBe(ms);
  });
});
