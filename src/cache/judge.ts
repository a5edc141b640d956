import type { FreshnessWish, Lifetime } from '../model/freshness.ts';

/** What becomes of a question, by what is kept: it is given as it is; given at once and read again behind; upstream is asked first; or
 * neither may be done. */
export type Verdict = 'fresh' | 'stale' | 'load' | 'refuse';

/** `ageMs` of what is kept, null where nothing is. Beyond the hard limit it counts as not there, whatever the wish. */
export const judge = (
  ageMs: number | null,
  { freshSeconds, revalidateSeconds, hardSeconds }: Lifetime,
  { maxAgeSeconds, maxStaleSeconds, isOnlyIfCached }: FreshnessWish,
): Verdict => {
  const otherwise = isOnlyIfCached ? 'refuse' : 'load';
  if (ageMs === null) return otherwise;
  if (maxAgeSeconds !== null && ageMs > maxAgeSeconds * 1_000) return otherwise;
  const staleSeconds = maxStaleSeconds === null ? revalidateSeconds : freshSeconds + maxStaleSeconds;
  const isWithin = (seconds: number) => ageMs < Math.min(seconds, hardSeconds) * 1_000;
  if (isWithin(freshSeconds)) return 'fresh';
  return isWithin(staleSeconds) ? 'stale' : otherwise;
};

/** Whether what is kept may stand in for an answer that upstream failed to give. */
export const mayStandIn = (ageMs: number, { hardSeconds }: Lifetime): boolean => ageMs < hardSeconds * 1_000;
