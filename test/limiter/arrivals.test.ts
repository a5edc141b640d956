import { expect, test } from '@jest/globals';
import { newBudget, settle, take, thaw, type Claim } from '../../src/limiter/budget.ts';
import type { Feedback } from '../../src/limiter/feedback.ts';
import { chance, type Chance } from '../support/chance.ts';

const t0 = 1_800_000_000_000;
const person: Claim = { reservePercent: 0, replicas: 1, present: 1 };

const leftInWindow = (remaining: number): Feedback => ({
  burst: { limit: null, remaining, windowMs: null },
  daily: { limit: null, remaining: null, resetMs: null },
  isCounted: true,
});

/** Arrivals upstream of calls with random latencies, where every answer tells what a window there has left. */
const arrivalsOf = (random: Chance, { limit, windowMs }: { limit: number; windowMs: number }) => {
  const slowestMs = 1 + Math.floor(random() * windowMs * 2);
  const isTelling = random() < 0.5;
  let state = newBudget({ burst: { limit, windowMs }, dailyLimit: 1_000_000 });
  const phase = Math.floor(random() * windowMs);
  const arrivals: number[] = [];
  const due: { at: number; id: string; takenAt: number; arrivesAt: number; hasAnswer: boolean }[] = [];
  for (let now = t0; now < t0 + 15 * windowMs; now += 1 + Math.floor((random() * windowMs) / 50)) {
    for (const one of due.splice(0)) {
      if (one.at > now) {
        due.push(one);
        continue;
      }
      // A window that lies anywhere, and counts what has arrived in it so far.
      const begins = one.arrivesAt - ((one.arrivesAt + phase) % windowMs);
      const used = arrivals.filter((at) => at >= begins && at <= one.arrivesAt).length;
      const feedback = one.hasAnswer && isTelling ? leftInWindow(Math.max(0, limit - used)) : null;
      state = settle(thaw(state, now), { id: one.id, takenAt: one.takenAt, feedback, blockedMs: null }, now);
    }
    for (let tries = Math.floor(random() * 4); tries > 0; tries -= 1) {
      const id = `${now}-${tries}`;
      const after = take(thaw(state, now), person, { id, now, flyingUntil: now + 2 * slowestMs + windowMs });
      if (after === null) continue;
      state = after;
      const arrivesAt = now + Math.floor(random() * slowestMs);
      const hasAnswer = random() < 0.9;
      arrivals.push(arrivesAt);
      due.push({ id, takenAt: now, arrivesAt, at: arrivesAt + Math.floor(random() * slowestMs), hasAnswer });
    }
  }
  return arrivals.toSorted((a, b) => a - b);
};

test('no more than the limit arrive in any window, fixed or sliding, wherever between send and answer they arrive', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = chance(seed);
    const burst = { limit: 2 + Math.floor(random() * 20), windowMs: 200 + Math.floor(random() * 1_000) };
    const arrivals = arrivalsOf(random, burst);
    const tooClose = arrivals.filter((at, index) => at - (arrivals[index - burst.limit] ?? -Infinity) < burst.windowMs);
    expect({ seed, tooClose }).toEqual({ seed, tooClose: [] });
    expect(arrivals.length).toBeGreaterThan(2 * burst.limit);
  }
});
