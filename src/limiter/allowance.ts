// What a caller may still ask of this gateway, as plain numbers and pure functions: the generic cell rate algorithm (ITU-T I.371),
// with the quota of a whole minute as its burst. The same steps run as a Lua script where replicas share the balances
// (allowance-script.ts); a property test holds the two together, so what is changed here is changed there.

/** What a step asks of one balance. A balance is one number: the moment, epoch milliseconds, at which all that was taken is made good. No
 * balance, or one in the past, has its whole quota. */
export interface Draft {
  /** Units that a minute gives, and the most that can be saved up; from 1 to 100,000,000. */
  readonly perMinute: number;
  /** Units to take; may be a fraction, or 0. */
  readonly amount: number;
}

/** `admit` takes from all balances where each has a unit left, else from none. `charge` takes what is owed already, so always. */
export interface Step {
  readonly kind: 'admit' | 'charge';
  readonly drafts: readonly Draft[];
}

/** Balances after a step, in the order of its drafts. */
export interface Drawn {
  readonly isAdmitted: boolean;
  readonly balances: readonly number[];
  /** The moment of the step, by the clock of who keeps the balances. */
  readonly now: number;
}

/** A balance as people read it. */
export interface Reading {
  /** Whole units that can be taken at once. */
  readonly remaining: number;
  /** Seconds until there is one more than that, rounded up. */
  readonly resetSeconds: number;
  /** Null while there is a unit left. */
  readonly retryAfterMs: number | null;
}

/** Debt above that many quotas is forgiven, or one monster of an operation would shut its caller out for hours. */
const mostDebt = 2;

/** Balances are doubles of epoch milliseconds, and those have 12 bits behind the point until 2039: with units that fit, sums are exact, and the
 * last request of a quota is never refused for a rounding. Up to 1,000,000 a minute that gives at most 0.5 % more than the quota. */
const grid = 4_096;

const unitMsOf = (perMinute: number): number => Math.floor((60_000 / perMinute) * grid) / grid;

// Never in the past, and no further ahead than debt goes: a clock that was set back must not shut anybody out.
const within = (balance: number, now: number, quotaMs: number): number =>
  Math.min(Math.max(balance, now), now + (1 + mostDebt) * quotaMs);

/** The step, on plain numbers. Its twin for Redis is `allowanceScript`. */
export const draw = (balances: readonly (number | undefined)[], { kind, drafts }: Step, now: number): Drawn => {
  const asked = drafts.map(({ perMinute, amount }, index) => {
    const unitMs = unitMsOf(perMinute);
    const quotaMs = perMinute * unitMs;
    const before = within(balances[index] ?? 0, now, quotaMs);
    return {
      isFree: before - now + unitMs <= quotaMs,
      before,
      after: within(before + amount * unitMs, now, quotaMs),
    };
  });
  const isAdmitted = kind === 'charge' || asked.every(({ isFree }) => isFree);
  return { isAdmitted, balances: asked.map(({ before, after }) => (isAdmitted ? after : before)), now };
};

/** What is left of a balance. */
export const readingOf = (balance: number, perMinute: number, now: number): Reading => {
  const unitMs = unitMsOf(perMinute);
  const quotaMs = perMinute * unitMs;
  const freeMs = now + quotaMs - within(balance, now, quotaMs);
  const remaining = Math.max(0, Math.floor(freeMs / unitMs));
  const nextMs = (remaining + 1) * unitMs - freeMs;
  return {
    remaining,
    resetSeconds: Math.ceil(nextMs / 1_000),
    retryAfterMs: remaining > 0 ? null : Math.ceil(nextMs),
  };
};
