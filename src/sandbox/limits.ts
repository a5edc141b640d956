import type { Clock } from './clock.ts';

/** How much one app may ask of one resource (a location or a company). */
export interface LimitSettings {
  readonly burst: { readonly limit: number; readonly windowMs: number };
  readonly dailyLimit: number;
}

/** One call's verdict and the X-RateLimit headers that go with it. */
export interface Spent {
  readonly isAllowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Budgets by resource; their number is that of the locations. */
export interface Limits {
  readonly settings: () => LimitSettings;
  /** Takes effect with the next call; what is spent stays spent. */
  readonly change: (settings: Partial<LimitSettings>) => void;
  /** Counts one call of the resource. A refused call is not counted. */
  readonly spend: (resource: string) => Spent;
  /** The headers of a resource that has spent nothing. */
  readonly untouched: () => Readonly<Record<string, string>>;
}

interface Budget {
  windowStart: number;
  used: number;
  day: number;
  usedToday: number;
}

const DAY_MS = 86_400_000;

const headersOf = (settings: LimitSettings, remaining: { burst: number; daily: number }, now: number) => ({
  'X-RateLimit-Max': String(settings.burst.limit),
  'X-RateLimit-Remaining': String(Math.max(0, remaining.burst)),
  'X-RateLimit-Interval-Milliseconds': String(settings.burst.windowMs),
  'X-RateLimit-Limit-Daily': String(settings.dailyLimit),
  'X-RateLimit-Daily-Remaining': String(Math.max(0, remaining.daily)),
  'X-RateLimit-Daily-Reset': String(DAY_MS - (now % DAY_MS)), // milliseconds left, as seen live
});

/** Fixed windows; whether the vendor's slide is not documented. A window starts with its first call, a day at 00:00 UTC. */
export const createLimits = (initial: LimitSettings, clock: Clock): Limits => {
  let settings = initial;
  const budgets = new Map<string, Budget>();

  const budgetOf = (resource: string, now: number): Budget => {
    const day = Math.floor(now / DAY_MS);
    const budget = budgets.get(resource) ?? { windowStart: now, used: 0, day, usedToday: 0 };
    budgets.set(resource, budget);
    if (now - budget.windowStart >= settings.burst.windowMs || now < budget.windowStart)
      Object.assign(budget, { windowStart: now, used: 0 });
    if (budget.day !== day) Object.assign(budget, { day, usedToday: 0 });
    return budget;
  };

  return {
    settings: () => settings,
    change: (changed) => {
      settings = { ...settings, ...changed };
    },
    spend: (resource) => {
      const now = clock();
      const budget = budgetOf(resource, now);
      const isAllowed = budget.used < settings.burst.limit && budget.usedToday < settings.dailyLimit;
      if (isAllowed) {
        budget.used += 1;
        budget.usedToday += 1;
      }
      const remaining = { burst: settings.burst.limit - budget.used, daily: settings.dailyLimit - budget.usedToday };
      return { isAllowed, headers: headersOf(settings, remaining, now) };
    },
    untouched: () => headersOf(settings, { burst: settings.burst.limit, daily: settings.dailyLimit }, clock()),
  };
};
