import type { UpstreamResponse } from '../upstream/send.ts';

/** What an answer tells about the budget; null where a header is missing or lies (negative, no number). */
export interface Feedback {
  readonly burst: {
    readonly limit: number | null;
    readonly remaining: number | null;
    readonly windowMs: number | null;
  };
  readonly daily: { readonly limit: number | null; readonly remaining: number | null; readonly resetMs: number | null };
  /** Whether there was any such header at all. */
  readonly isTold: boolean;
}

/** X-RateLimit-* of an answer (upstream README §7). */
export const readFeedback = ({ headers }: Pick<UpstreamResponse, 'headers'>): Feedback => {
  const whole = (name: string, min: number): number | null => {
    const value = headers[name];
    return value !== undefined && /^\d{1,12}$/.test(value) && Number(value) >= min ? Number(value) : null;
  };
  const burst = {
    limit: whole('x-ratelimit-max', 1),
    remaining: whole('x-ratelimit-remaining', 0),
    windowMs: whole('x-ratelimit-interval-milliseconds', 1),
  };
  const daily = {
    limit: whole('x-ratelimit-limit-daily', 1),
    remaining: whole('x-ratelimit-daily-remaining', 0),
    resetMs: whole('x-ratelimit-daily-reset', 0),
  };
  return { burst, daily, isTold: burst.remaining !== null || daily.remaining !== null };
};
