import { anyFreshness, type FreshnessWish } from '../model/freshness.ts';
import { fixedUrgency, type Priority, type Urgency } from '../model/urgency.ts';
import { createCostMeter, type CostMeter } from '../observe/cost.ts';

/** On whose behalf something is read, until when, and how fresh it should be. */
export interface Cause {
  /** Ends when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Names of the GraphQL operations that caused it. */
  readonly operations: readonly string[];
  readonly urgency: Urgency;
  /** Where calls are counted. */
  readonly meter: CostMeter;
  readonly wish: FreshnessWish;
}

/** Work of the gateway itself, that nobody waits for and nobody calls off; it may take `ms` milliseconds. */
export const ownCause = (priority: Priority, ms: number): Cause => ({
  signal: new AbortController().signal,
  operations: [],
  urgency: fixedUrgency(priority, Date.now() + ms),
  meter: createCostMeter(),
  wish: anyFreshness,
});
