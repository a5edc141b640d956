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

/** The days meant, given today. Today is never in it, as upstream does it. */
export const resolvePeriod = (wish: PeriodWish, today: Day): DatePeriod =>
  wish.kind === 'last' ? period(addDays(today, -wish.days), addDays(today, -1)) : period(wish.from, wish.to);

/** The days to compare with; null for no comparison. */
export const resolveComparison = (wish: ComparisonWish, current: DatePeriod): DatePeriod | null => {
  if (wish.kind === 'none') return null;
  if (wish.kind === 'range') return period(wish.from, wish.to);
  return period(addDays(current.from, -current.days), addDays(current.from, -1));
};

/** From the first moment of the first day to the last millisecond of the last one. */
export const toInstants = ({ from, to }: DatePeriod, calendar: Calendar): InstantRange => ({
  startsAt: calendar.startOf(from),
  endsAt: calendar.startOf(addDays(to, 1)) - 1,
});

const period = (from: Day, to: Day): DatePeriod => ({ from, to, days: dayCount(from, to) });
