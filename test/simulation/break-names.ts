/** What can be broken on purpose; breaks.ts has a row for each. */
export const breakNames = [
  'none',
  'limiter',
  'day',
  'reserve',
  'classes',
  'keys',
  'lifetimes',
  'freshness',
  'repeats',
  'deadlines',
  'refusals',
  'errors',
] as const;

/** Name of what is broken. */
export type BreakName = (typeof breakNames)[number];
