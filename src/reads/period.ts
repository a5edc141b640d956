import { badInput } from '../model/errors.ts';
import type { DatePeriod } from '../model/statistics.ts';
import type { InstantRange } from '../upstream/endpoints/read-statistics.ts';
import { addDays, dayCount, type Calendar, type Day } from './calendar.ts';

/** Which days are wished for: the last so many full days, or explicit ones, both inclusive. */
export type PeriodWish =
  { readonly kind: 'last'; readonly days: number } | { readonly kind: 'range'; readonly from: Day; readonly to: Day };

/** What to compare with. */
export type ComparisonWish =
  | { readonly kind: 'previous' }
  | { readonly kind: 'none' }
  | { readonly kind: 'range'; readonly from: Day; readonly to: Day };

/** The days meant, given today. Today is never in it, as upstream does it. Throws BAD_USER_INPUT for days outside 2000 to 2199. */
export const resolvePeriod = (wish: PeriodWish, today: Day): DatePeriod =>
  wish.kind === 'last' ? period(addDays(today, -wish.days), addDays(today, -1)) : explicit(wish);

/** The days to compare with; null for no comparison. Throws as above. */
export const resolveComparison = (wish: ComparisonWish, current: DatePeriod): DatePeriod | null => {
  if (wish.kind === 'none') return null;
  if (wish.kind === 'range') return explicit(wish);
  return period(addDays(current.from, -current.days), addDays(current.from, -1));
};

/** From the first moment of the first day to the last millisecond of the last one. */
export const toInstants = ({ from, to }: DatePeriod, calendar: Calendar): InstantRange => ({
  startsAt: calendar.startOf(from),
  endsAt: calendar.startOf(addDays(to, 1)) - 1,
});

// Beyond four digits a day is no longer text of this form, and before 1970 zones are guesses: nobody has statistics of either.
const [earliest, latest]: readonly [Day, Day] = ['2000-01-01', '2199-12-31'];

const explicit = ({ from, to }: { from: Day; to: Day }): DatePeriod => {
  if (from < earliest || to > latest) throw badInput(`Statistics cover days from ${earliest} to ${latest} only.`);
  return period(from, to);
};

const period = (from: Day, to: Day): DatePeriod => ({ from, to, days: dayCount(from, to) });
