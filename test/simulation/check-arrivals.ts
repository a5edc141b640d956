import type { Priority } from '../../src/model/urgency.ts';
import type { Verdict } from './checks.ts';

/** Watches what the gateways together send to one holder's budget, and what of it arrives. */
export interface ArrivalChecks {
  readonly sent: (owner: string, priority: Priority, now: number) => void;
  /** `day` is upstream's. */
  readonly arrived: (owner: string, now: number, day: number) => void;
}

/** The figures that are promised. */
interface Promised {
  readonly limit: number;
  readonly windowMs: number;
  readonly dailyLimit: number;
  /** Percent of the limit. */
  readonly reserve: number;
}

/** The strictest reading: any window of that length, wherever it begins, and refused requests count too. */
export const createArrivalChecks = (
  { limit, windowMs, dailyLimit, reserve }: Promised,
  { broken }: Verdict,
): ArrivalChecks => {
  const mostOfOthers = limit - Math.floor((limit * reserve) / 100);
  const arrivals = new Map<string, Ring>();
  const byOthers = new Map<string, Ring>();
  const days = new Map<string, { day: number; count: number }>();
  const isOver = (rings: Map<string, Ring>, owner: string, size: number, now: number): boolean => {
    const ring = rings.get(owner) ?? createRing(size);
    rings.set(owner, ring);
    return now - ring.push(now) < windowMs;
  };
  return {
    sent: (owner, priority, now) => {
      if (priority === 'interactive' || !isOver(byOthers, owner, mostOfOthers, now)) return;
      broken(
        'reserve',
        `${owner}: more than ${mostOfOthers} requests of live feeds and background work in ${windowMs} ms`,
      );
    },
    arrived: (owner, now, day) => {
      if (isOver(arrivals, owner, limit, now)) {
        broken('budget', `${owner}: more than ${limit} requests have arrived within ${windowMs} ms`);
      }
      const known = days.get(owner);
      const today = known?.day === day ? known : { day, count: 0 };
      today.count += 1;
      days.set(owner, today);
      if (today.count > dailyLimit) broken('day', `${owner}: more than ${dailyLimit} requests have arrived in one day`);
    },
  };
};

interface Ring {
  /** Gives what was pushed that many pushes ago; long ago where there were fewer. */
  readonly push: (moment: number) => number;
}

const createRing = (size: number): Ring => {
  const moments = new Float64Array(size).fill(-Infinity);
  let next = 0;
  return {
    push: (moment) => {
      const before = moments[next] ?? -Infinity;
      moments[next] = moment;
      next = (next + 1) % size;
      return before;
    },
  };
};
