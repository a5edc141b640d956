/** The day of one holder. */
export interface Daily {
  /** Milliseconds until sending makes sense for one that has `ahead` others before it; 0 while something is left. */
  waitMs(now: number, ahead: number): number;
  take(now: number): void;
  /** What upstream's headers said: its own count, and the milliseconds until its day ends (README §7: seen, not documented). */
  correct(now: number, told: { limit: number | null; remaining: number | null; resetMs: number | null }): void;
  view(now: number): { readonly limit: number; readonly remaining: number; readonly resetAt: number | null };
}

const dayMs = 86_400_000;

/** Starts with the whole day left and its end a day after the first request, until headers tell better. */
export const createDaily = (assumedLimit: number): Daily => {
  let limit = assumedLimit;
  let spent = 0;
  let endsAt: number | null = null;

  const turn = (now: number) => {
    if (endsAt === null || now < endsAt) return;
    spent = 0;
    endsAt = null;
  };
  return {
    waitMs: (now, ahead) => {
      turn(now);
      return spent + ahead < limit ? 0 : (endsAt ?? now + dayMs) - now;
    },
    take: (now) => {
      spent += 1;
      endsAt ??= now + dayMs;
    },
    correct: (now, told) => {
      limit = told.limit ?? limit;
      if (told.remaining !== null) spent = Math.max(spent, limit - told.remaining);
      endsAt = told.resetMs === null ? (endsAt ?? now + dayMs) : now + told.resetMs;
    },
    view: (now) => {
      turn(now);
      return { limit, remaining: Math.max(0, limit - spent), resetAt: endsAt };
    },
  };
};
