import { GatewayError } from '../model/errors.ts';
import { oldest, type Freshness } from '../model/freshness.ts';
import type { LocationId, ProfileId } from '../model/ids.ts';
import { warning, type DatePeriod, type Figures, type Statistics, type Warning } from '../model/statistics.ts';
import type { Cause } from '../upstream/cause.ts';
import { profileIdsPerCall, readStatistics, type ReadStatisticsInput } from '../upstream/endpoints/read-statistics.ts';
import type { Calendar, CalendarOf } from './calendar.ts';
import type { ReadDeps } from './deps.ts';
import { emptyFigures, toFigures } from './figures.ts';
import type { ReadLocation } from './locations.ts';
import { mergeFigures } from './merge-figures.ts';
import { resolveComparison, resolvePeriod, toInstants } from './period.ts';
import { selectProfiles } from './profiles.ts';
import type { ReadSocialAccounts } from './social-accounts.ts';
import type { StatisticsWish } from './wish.ts';

/** Statistics of a location; `zone` where the caller has asked for it already. */
export type ReadStatistics = (
  locationId: LocationId,
  wish: StatisticsWish,
  cause: Cause,
  zone?: Zone,
) => Promise<Statistics>;

/** The zone whose days count, and whether it is only assumed. */
export interface Zone {
  readonly name: string;
  readonly isAssumed: boolean;
}

/** The location's zone, or the configured one where upstream tells none or may not tell. */
export type ReadTimeZone = (locationId: LocationId, cause: Cause) => Promise<Zone>;

/** Only a refusal that will not pass makes a zone be assumed: a passing failure must not move the days. */
export const createReadTimeZone =
  (readLocation: ReadLocation, defaultTimeZone: string): ReadTimeZone =>
  async (locationId, cause) => {
    try {
      const { timeZone } = await readLocation(locationId, cause);
      return { name: timeZone ?? defaultTimeZone, isAssumed: timeZone === null };
    } catch (error) {
      const code = error instanceof GatewayError ? error.code : null;
      if (code !== 'UPSTREAM_SCOPE_MISSING' && code !== 'UPSTREAM_REFUSED' && code !== 'NOT_FOUND') throw error;
      return { name: defaultTimeZone, isAssumed: true };
    }
  };

/** What statistics are read with. */
export interface StatisticsDeps extends ReadDeps {
  readonly readSocialAccounts: ReadSocialAccounts;
  readonly readTimeZone: ReadTimeZone;
  readonly calendarOf: CalendarOf;
}

/** Accounts and time zone together, then one upstream call for each hundred profiles. */
export const createReadStatistics =
  (deps: StatisticsDeps): ReadStatistics =>
  async (locationId, wish, cause, known) => {
    const [accounts, zone] = await Promise.all([
      deps.readSocialAccounts(locationId, cause),
      known ?? deps.readTimeZone(locationId, cause),
    ]);
    const calendar = deps.calendarOf(zone.name);
    const period = resolvePeriod(wish.period, calendar.dayOf(Date.now()));
    const comparisonPeriod = resolveComparison(wish.compareTo, period);
    const { profileIds, warnings } = selectProfiles(accounts.value, wish);
    const read = await readParts(deps, { locationId, wish, profileIds, period, comparisonPeriod, calendar }, cause);
    const all = [...warnings, ...(zone.isAssumed ? [zoneAssumed(zone.name)] : []), ...read.figures.warnings];
    return {
      ...read.figures,
      period,
      comparisonPeriod,
      timeZone: zone.name,
      profileIds,
      quality: qualityOf(all),
      freshness: read.freshness.reduce((sum, part) => oldest(sum, part), accounts.freshness),
    };
  };

// Warnings that mean that an account or a day is missing; the others concern how a number is to be read.
const gaps: ReadonlySet<Warning['code']> = new Set([
  'ACCOUNT_EXPIRED',
  'ACCOUNT_WITHOUT_PERMISSION',
  'ACCOUNT_UNKNOWN',
  'NO_FIGURES',
  'SERIES_LENGTH_MISMATCH',
  'WEEKDAYS_DISAGREE',
  'LOCATION_UNREADABLE',
]);

/** How far figures with these warnings can be trusted. */
export const qualityOf = (warnings: readonly Warning[]): Statistics['quality'] => ({
  isComplete: !warnings.some(({ code }) => gaps.has(code)),
  warnings,
});

const zoneAssumed = (name: string): Warning =>
  warning('TIME_ZONE_ASSUMED', `Upstream does not tell the location's time zone; ${name} was used for the dates.`);

interface Parts {
  readonly locationId: LocationId;
  readonly wish: StatisticsWish;
  readonly profileIds: readonly ProfileId[];
  readonly period: DatePeriod;
  readonly comparisonPeriod: DatePeriod | null;
  readonly calendar: Calendar;
}

const readParts = async (
  { cache, keys, upstream }: ReadDeps,
  { locationId, wish, profileIds, period, comparisonPeriod, calendar }: Parts,
  cause: Cause,
): Promise<{ readonly figures: Figures; readonly freshness: readonly Freshness[] }> => {
  if (profileIds.length === 0) return { figures: emptyFigures, freshness: [] }; // upstream refuses an empty list; there is nothing to say
  const shared = {
    locationId,
    platforms: wish.platforms?.map((platform) => platform.toLowerCase()).sort() ?? null, // one order, one cache key
    current: toInstants(period, calendar),
    previous: comparisonPeriod && toInstants(comparisonPeriod, calendar),
  };
  const answers = await Promise.all(
    chunks(profileIds.toSorted(), profileIdsPerCall).map((ids) => {
      const input: ReadStatisticsInput = { ...shared, profileIds: ids };
      const load = (all: Cause) => upstream.call(readStatistics, input, all);
      return cache.getOrLoad(keys.statistics(input), load, cause);
    }),
  );
  const figures = mergeFigures(answers.map(({ value }) => toFigures(value, period)));
  return {
    figures:
      answers.length === 1 ? figures : { ...figures, warnings: [mergedFrom(answers.length), ...figures.warnings] },
    freshness: answers.map(({ freshness }) => freshness),
  };
};

const mergedFrom = (parts: number): Warning =>
  warning(
    'MERGED_FROM_PARTS',
    `Added up from ${parts} parts of at most ${profileIdsPerCall} accounts; changes and reach are approximate.`,
  );

/** The list in pieces of at most `size`. */
export const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
