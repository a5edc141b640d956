import { createSliding } from './sliding.ts';

/** How many calls came to an end, and how many of them failed. */
interface Count {
  total: number;
  failed: number;
}

/** How the calls of one route ended lately. */
export interface Outcomes {
  note(holder: string, isFailure: boolean, now: number): void;
  /** Whether the route fails for everyone. */
  isRouteSick(now: number): boolean;
  /** Whether it fails for this holder. */
  isHolderSick(holder: string, now: number): boolean;
  /** As if this holder had never called. */
  forget(holder: string, now: number): void;
  clear(): void;
}

// Reliability §1, circuit breaker: half of at least twenty in five seconds, over at least three locations.
const windowMs = 5_000;
const fewestOfRoute = 20;
const fewestHolders = 3;
const fewestOfHolder = 10;

/** What is older than five seconds does not count. */
export const createOutcomes = (): Outcomes => {
  const sliding = createSliding(windowMs, () => new Map<string, Count>());
  return {
    note: (holder, isFailure, now) => {
      const slot = sliding.current(now);
      slot.set(holder, sum([slot.get(holder) ?? none, { total: 1, failed: isFailure ? 1 : 0 }]));
    },
    isRouteSick: (now) => isRouteSick(byHolder(sliding.recent(now))),
    isHolderSick: (holder, now) => {
      const count = sum(sliding.recent(now).map((slot) => slot.get(holder) ?? none));
      return count.total >= fewestOfHolder && isHalfFailed(count);
    },
    forget: (holder, now) => {
      for (const slot of sliding.recent(now)) slot.delete(holder);
    },
    clear: () => sliding.clear(),
  };
};

const none: Count = { total: 0, failed: 0 };

const sum = (counts: Iterable<Count>): Count => {
  const all = { ...none };
  for (const { total, failed } of counts) {
    all.total += total;
    all.failed += failed;
  }
  return all;
};

const byHolder = (slots: readonly ReadonlyMap<string, Count>[]): readonly Count[] => {
  const counts = new Map<string, Count>();
  for (const slot of slots)
    for (const [holder, count] of slot) counts.set(holder, sum([counts.get(holder) ?? none, count]));
  return [...counts.values()];
};

const isHalfFailed = ({ total, failed }: Count): boolean => failed * 2 >= total;

// Also without the holder that failed most: however much one location asks, it never speaks for the others.
const isRouteSick = (counts: readonly Count[]): boolean => {
  const failed = counts.filter((count) => count.failed > 0).toSorted((one, other) => other.failed - one.failed);
  const others = sum(counts.filter((count) => count !== failed[0]));
  const all = sum(counts);
  return all.total >= fewestOfRoute && failed.length >= fewestHolders && isHalfFailed(all) && isHalfFailed(others);
};
