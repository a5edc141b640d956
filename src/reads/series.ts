import { warning, type DailyValue, type MetricName, type Warning } from '../model/statistics.ts';
import { weekdayOf, type Day } from './calendar.ts';

/** Numbers in the order of the days, as upstream sends them; null where there are none. */
export type Values = readonly (number | null)[] | null | undefined;

/** The sum; null when there is nothing to add, a part is not known, or it is beyond what a number can hold exactly. */
export const sum = (parts: readonly (number | null)[]): number | null => {
  if (parts.length === 0 || parts.includes(null)) return null;
  const total = parts.reduce<number>((all, part) => all + (part ?? 0), 0);
  return total > Number.MAX_SAFE_INTEGER ? null : total;
};

/** Point by point; null where there is nothing to add, a series is missing or the lengths differ. */
export const sumSeries = (all: readonly Values[]): Values => {
  const series = all.filter((one): one is readonly (number | null)[] => Array.isArray(one));
  const [first] = series;
  if (!first || series.length < all.length || series.some(({ length }) => length !== first.length)) return null;
  return first.map((_, index) => sum(series.map((one) => one[index] ?? null)));
};

/** Dates series: only where there is a point for each day, and where upstream's weekday names, if it gives as many, are those of the days.
 * What is dropped is named in `warnings`, which is added to as series are dated. */
export const createDating = (days: readonly Day[], dayRange: readonly string[] | null, warnings: Warning[]) => {
  const weekdays = days.map(weekdayOf);
  const disagrees =
    dayRange?.length === days.length && !dayRange.every((name, index) => name.slice(0, 3) === weekdays[index]);
  if (disagrees) {
    warnings.push(
      warning(
        'WEEKDAYS_DISAGREE',
        "Upstream's weekday names are not those of the period; its daily values were dropped.",
      ),
    );
  }
  let isTold = false;
  return (series: Values, metric: MetricName, platformKey: string | null): readonly DailyValue[] | null => {
    if (!series || disagrees) return null;
    if (series.length !== days.length) {
      const message = `${metric} came with ${series.length} daily values for ${days.length} days; they were dropped.`;
      warnings.push(warning('SERIES_LENGTH_MISMATCH', message, { metric, platformKey }));
      return null;
    }
    if (!isTold)
      warnings.push(
        warning('DATES_INFERRED', 'Upstream sends weekday names; the dates were worked out from the period.'),
      );
    isTold = true;
    return days.map((date, index) => ({ date, value: series[index] ?? null }));
  };
};
