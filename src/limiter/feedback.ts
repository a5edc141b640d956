import type { UpstreamResponse } from '../upstream/send.ts';

/** What an answer tells about the budget; null where a header is missing or lies (negative, no number, beyond all reason). */
export interface Feedback {
  readonly burst: {
    readonly limit: number | null;
    readonly remaining: number | null;
    readonly windowMs: number | null;
  };
  readonly daily: { readonly limit: number | null; readonly remaining: number | null; readonly resetMs: number | null };
  /** Whether upstream told a count of its own. */
  readonly isCounted: boolean;
}

// Far above anything upstream documents. A window of years, believed, would end all traffic of the location.
const mostAWindow = 10_000;
const mostADay = 1_000_000_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** X-RateLimit-* of an answer (upstream README §7). */
export const readFeedback = ({ headers }: Pick<UpstreamResponse, 'headers'>): Feedback => {
  const whole = (name: string, min: number, max: number): number | null => {
    const text = headers[name];
    const value = text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : null;
  };
  const burst = {
    limit: whole('x-ratelimit-max', 1, mostAWindow),
    remaining: whole('x-ratelimit-remaining', 0, mostAWindow),
    windowMs: whole('x-ratelimit-interval-milliseconds', 1, hourMs),
  };
  const daily = {
    limit: whole('x-ratelimit-limit-daily', 1, mostADay),
    remaining: whole('x-ratelimit-daily-remaining', 0, mostADay),
    resetMs: whole('x-ratelimit-daily-reset', 0, dayMs),
  };
  return { burst, daily, isCounted: burst.remaining !== null || daily.remaining !== null };
};
