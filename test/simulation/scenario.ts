import type { Lifetimes } from '../../src/cache/keys.ts';
import type { Lifetime } from '../../src/model/freshness.ts';
import type { WorldOptions } from './options.ts';
import type { Random } from './random.ts';
import type { UpstreamLimits } from './upstream-limits.ts';

/** What a world is like from its beginning to its end. */
export interface Scenario {
  readonly replicas: number;
  readonly locations: number;
  readonly hasStore: boolean;
  /** How far clocks of replicas, and the store's, may be off the true time, milliseconds. */
  readonly mostClockOffsetMs: number;
  readonly lifetimes: Lifetimes;
  readonly limits: UpstreamLimits;
  /** Mean milliseconds between people, between crowds, between faults; null for none of these. */
  readonly peopleGapMs: number;
  readonly crowdGapMs: number;
  readonly faultGapMs: number | null;
  readonly feeds: number;
  readonly readers: number;
}

/** The figures that are promised (issue of the budget, and upstream's documents). */
export const promised = { limit: 100, windowMs: 10_000, dailyLimit: 200_000, reserve: 20 } as const;

/** Drawn from the seed, where the options leave it open. */
export const drawScenario = ({ replicas, locations, hours, calls }: WorldOptions, random: Random): Scenario => {
  const isShort = hours < 1 && calls === null;
  const isDense = calls !== null;
  const tells = random.pick<UpstreamLimits['tells']>(['all', 'all', 'all', 'no-day-end', 'nothing']);
  const drawnReplicas = random.pick([1, 2, 2, 3]);
  const drawnLocations = random.between(2, 6);
  const count = locations ?? drawnLocations;
  // Small worlds mostly have small budgets: what happens at their edge is the same, and happens sooner.
  const limit = isShort && !random.chance(0.04) ? random.pick([8, 10, 10, 12, 12, 15, 20]) : promised.limit;
  const { windowMs } = promised;
  const aTightDay = random.between(Math.ceil(1.2 * limit), isShort ? 3 * limit : 100 * limit);
  const dailyLimit = tells !== 'nothing' && random.chance(0.25) ? aTightDay : promised.dailyLimit;
  return {
    replicas: replicas ?? drawnReplicas,
    locations: count,
    hasStore: random.chance(0.8),
    mostClockOffsetMs: random.pick([0, 1_000, 10_000]),
    lifetimes: drawLifetimes(isShort, random),
    limits: { limit, windowMs, dailyLimit, isSliding: random.chance(0.3), tells },
    peopleGapMs: isShort ? random.between(1_000, 5_000) : isDense ? 200 : 2_000,
    crowdGapMs: isShort ? random.between(12_000, 40_000) : isDense ? 30_000 : 300_000,
    faultGapMs: random.chance(0.2) && isShort ? null : isShort ? random.between(8_000, 30_000) : 600_000,
    feeds: isShort ? random.between(0, 1) : isDense ? 10 : 2,
    readers: isShort ? random.between(0, 2) : isDense ? 4 : 1,
  };
};

const drawLifetimes = (isShort: boolean, random: Random): Lifetimes => {
  const draw = (): Lifetime => {
    const freshSeconds = isShort ? random.between(1, 8) : random.between(30, 300);
    const revalidateSeconds = freshSeconds + (isShort ? random.between(0, 10) : random.between(0, 1_200));
    return {
      freshSeconds,
      revalidateSeconds,
      hardSeconds: revalidateSeconds + (isShort ? random.between(0, 15) : random.between(0, 1_800)),
    };
  };
  return { tagPage: draw(), tagDetails: draw(), socialAccounts: draw(), statistics: draw(), location: draw() };
};
