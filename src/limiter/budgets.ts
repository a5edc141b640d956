import { GatewayError } from '../model/errors.ts';
import type { Quota } from '../model/quota.ts';
import type { Feedback } from './feedback.ts';
import { createBurst, type Burst, type BurstOptions } from './burst.ts';
import { createDaily, type Daily } from './daily.ts';

/** Upstream budgets by holder key, each made at its first use. */
export interface Budgets {
  /** Waits in line for a permit. Throws UPSTREAM_RATE_LIMITED at once when none comes free within `maxWaitMs`. */
  take(key: string, maxWaitMs: number, signal: AbortSignal): Promise<void>;
  /** Gives the permit back; `feedback` is null where no answer came. */
  settle(key: string, feedback: Feedback | null): void;
  /** Upstream said 429: nothing more for `ms`, or one window where it did not say. */
  block(key: string, ms: number | null): void;
  quota(key: string): Quota;
}

interface Waiter {
  readonly grant: () => void;
}
interface Budget {
  readonly burst: Burst;
  readonly daily: Daily;
  readonly waiters: Waiter[];
  timer: NodeJS.Timeout | null;
  observedAt: number | null;
}

/** Budgets of this process. `limit` and `dailyLimit` are first assumptions, corrected by what upstream tells. */
export const createBudgets = ({ burst, dailyLimit }: { burst: BurstOptions; dailyLimit: number }): Budgets => {
  const budgets = new Map<string, Budget>();
  const of = (key: string): Budget => {
    const known = budgets.get(key);
    if (known) return known;
    const made: Budget = {
      burst: createBurst(burst),
      daily: createDaily(dailyLimit),
      waiters: [],
      timer: null,
      observedAt: null,
    };
    budgets.set(key, made);
    return made;
  };
  return {
    take: (key, maxWaitMs, signal) => take(of(key), maxWaitMs, signal),
    settle: (key, feedback) => {
      const budget = of(key);
      const now = Date.now();
      budget.burst.release(now);
      if (feedback?.isTold) {
        budget.burst.correct(now, feedback.burst);
        budget.daily.correct(now, feedback.daily);
        budget.observedAt = now;
      }
      serve(budget);
    },
    block: (key, ms) => {
      const budget = of(key);
      budget.burst.block(Date.now() + (ms ?? budget.burst.view(Date.now()).windowMs));
    },
    quota: (key) => toQuota(of(key)),
  };
};

const take = async (budget: Budget, maxWaitMs: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  const now = Date.now();
  const waitMs = Math.max(budget.daily.waitMs(now), budget.burst.waitMs(now, budget.waiters.length));
  if (waitMs === 0 && budget.waiters.length === 0) {
    spend(budget);
    return;
  }
  // While all permits are in flight nobody knows when the first comes back, but none comes back before a window has passed.
  const knownWaitMs = waitMs === Infinity ? budget.burst.view(now).windowMs : waitMs;
  if (knownWaitMs > maxWaitMs) throw new GatewayError('UPSTREAM_RATE_LIMITED', { retryAfterMs: knownWaitMs });
  await new Promise<void>((resolve, reject) => {
    const leave = () => {
      budget.waiters.splice(budget.waiters.indexOf(waiter), 1);
      reject(signal.reason as Error);
    };
    const waiter: Waiter = {
      grant: () => {
        signal.removeEventListener('abort', leave);
        resolve();
      },
    };
    signal.addEventListener('abort', leave, { once: true });
    budget.waiters.push(waiter);
    serve(budget);
  });
};

const spend = (budget: Budget): void => {
  budget.burst.take();
  budget.daily.take();
};

const serve = (budget: Budget): void => {
  if (budget.timer !== null) clearTimeout(budget.timer);
  budget.timer = null;
  const waitMs = () => Math.max(budget.daily.waitMs(Date.now()), budget.burst.waitMs(Date.now(), 0));
  while (budget.waiters.length > 0 && waitMs() === 0) {
    spend(budget);
    budget.waiters.shift()?.grant();
  }
  const nextMs = waitMs();
  if (budget.waiters.length > 0 && nextMs !== Infinity) budget.timer = setTimeout(serve, nextMs, budget);
};

const toQuota = ({ burst, daily, observedAt }: Budget): Quota => {
  const short = burst.view(Date.now());
  const day = daily.view(Date.now());
  const window = { reservedForInteractive: 0 };
  return {
    burst: {
      ...window,
      limit: short.limit,
      remaining: short.remaining,
      windowSeconds: short.windowMs / 1_000,
      expectedResetAt: short.resetAt,
    },
    daily: {
      ...window,
      limit: day.limit,
      remaining: day.remaining,
      windowSeconds: 86_400,
      expectedResetAt: day.resetAt,
    },
    mode: day.remaining === 0 ? 'EXHAUSTED' : 'NORMAL',
    observedAt,
  };
};
