import { GatewayError } from '../model/errors.ts';
import type { Quota } from '../model/quota.ts';
import type { Feedback } from './feedback.ts';
import { createBurst, type Burst, type BurstOptions } from './burst.ts';
import { createDaily, type Daily } from './daily.ts';

/** Upstream budgets by holder key, each made at its first use. */
export interface Budgets {
  /** Waits in line for a permit. Throws UPSTREAM_RATE_LIMITED at once when none comes free within `maxWaitMs`, also when that
   * turns out later. */
  take(key: string, maxWaitMs: number, signal: AbortSignal): Promise<void>;
  /** Gives the permit back; `feedback` is null where no answer came. */
  settle(key: string, feedback: Feedback | null): void;
  /** Upstream said 429: nothing more for `ms` (a day at most), or one window where it did not say. */
  block(key: string, ms: number | null): void;
  /** Milliseconds until the next request could go. */
  waitMs(key: string): number;
  quota(key: string): Quota;
}

interface Waiter {
  readonly grant: () => void;
  readonly refuse: (waitMs: number) => void;
  /** When waiting makes no sense any more. */
  readonly until: number;
}
interface Budget {
  readonly burst: Burst;
  readonly daily: Daily;
  /** In the order in which they came. */
  waiters: Waiter[];
  timer: NodeJS.Timeout | null;
  observedAt: number | null;
}

const dayMs = 86_400_000;
/** Beyond that many, budgets that hold nothing are forgotten; the next answer's headers tell again what was spent. */
const mostBudgets = 10_000;

/** Budgets of this process. `limit` and `dailyLimit` are first assumptions, corrected by what upstream tells. */
export const createBudgets = ({ burst, dailyLimit }: { burst: BurstOptions; dailyLimit: number }): Budgets => {
  const budgets = new Map<string, Budget>();
  const made = (): Budget => ({
    burst: createBurst(burst),
    daily: createDaily(dailyLimit),
    waiters: [],
    timer: null,
    observedAt: null,
  });
  const of = (key: string): Budget => {
    const known = budgets.get(key);
    if (known) return known;
    if (budgets.size >= mostBudgets) forgetIdle(budgets);
    const budget = made();
    budgets.set(key, budget);
    return budget;
  };
  return {
    take: (key, maxWaitMs, signal) => take(of(key), maxWaitMs, signal),
    settle: (key, feedback) => {
      const budget = of(key);
      const now = Date.now();
      budget.burst.release(now);
      if (feedback !== null) {
        budget.burst.correct(now, feedback.burst);
        budget.daily.correct(now, feedback.daily);
        if (feedback.isCounted) budget.observedAt = now;
      }
      serve(budget);
    },
    block: (key, ms) => {
      const budget = of(key);
      const now = Date.now();
      budget.burst.block(now + Math.min(ms ?? budget.burst.view(now).windowMs, dayMs));
      serve(budget);
    },
    waitMs: (key) => leastWaitMs(of(key), Date.now(), of(key).waiters.length),
    quota: (key) => toQuota(budgets.get(key) ?? made()),
  };
};

const take = async (budget: Budget, maxWaitMs: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted();
  const now = Date.now();
  const waitMs = leastWaitMs(budget, now, budget.waiters.length);
  if (waitMs === 0 && budget.waiters.length === 0) {
    spend(budget, now);
    return;
  }
  if (waitMs > maxWaitMs) throw exhausted(waitMs);
  await new Promise<void>((resolve, reject) => {
    const leave = () => {
      budget.waiters = budget.waiters.filter((one) => one !== waiter);
      serve(budget);
      reject(signal.reason as Error);
    };
    const waiter: Waiter = {
      grant: () => {
        signal.removeEventListener('abort', leave);
        resolve();
      },
      refuse: (ms) => {
        signal.removeEventListener('abort', leave);
        reject(exhausted(ms));
      },
      until: now + maxWaitMs,
    };
    signal.addEventListener('abort', leave, { once: true });
    budget.waiters.push(waiter);
    serve(budget);
  });
};

const exhausted = (waitMs: number): GatewayError =>
  new GatewayError('UPSTREAM_RATE_LIMITED', { retryAfterMs: Math.ceil(waitMs) });

const spend = (budget: Budget, now: number): void => {
  budget.burst.take();
  budget.daily.take(now);
};

const waitMsOf = ({ burst, daily }: Budget, now: number, ahead: number): number =>
  Math.max(daily.waitMs(now, ahead), burst.waitMs(now, ahead));

// While it depends on requests in flight nobody knows when a permit comes back, but not before a window has passed.
const leastWaitMs = ({ burst, daily }: Budget, now: number, ahead: number): number => {
  const burstMs = burst.waitMs(now, ahead);
  return Math.max(daily.waitMs(now, ahead), burstMs === Infinity ? burst.view(now).windowMs : burstMs);
};

const serve = (budget: Budget): void => {
  const now = Date.now();
  if (budget.timer !== null) clearTimeout(budget.timer);
  budget.timer = null;
  while (budget.waiters.length > 0 && waitMsOf(budget, now, 0) === 0) {
    spend(budget, now);
    budget.waiters.shift()?.grant();
  }
  refuseHopeless(budget, now);
  const nextMs = waitMsOf(budget, now, 0);
  if (budget.waiters.length > 0 && nextMs !== Infinity) budget.timer = setTimeout(serve, nextMs, budget);
};

// A 429 or a lower count may have come since they joined: they hear of it now rather than at their deadline.
const refuseHopeless = (budget: Budget, now: number): void => {
  const staying: Waiter[] = [];
  for (const waiter of budget.waiters) {
    const waitMs = leastWaitMs(budget, now, staying.length);
    if (now + waitMs > waiter.until) waiter.refuse(waitMs);
    else staying.push(waiter);
  }
  budget.waiters = staying;
};

const forgetIdle = (budgets: Map<string, Budget>): void => {
  const now = Date.now();
  for (const [key, { burst, daily, waiters }] of budgets) {
    const { limit, remaining } = burst.view(now);
    if (waiters.length === 0 && remaining === limit && daily.view(now).remaining > 0) budgets.delete(key);
  }
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
      windowSeconds: Math.ceil(short.windowMs / 1_000),
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
