import { badInput } from '../model/errors.ts';
import { freshAt, oldest } from '../model/freshness.ts';
import type { LocationId } from '../model/ids.ts';
import { warning, type Statistics, type Warning } from '../model/statistics.ts';
import type { Cause } from '../upstream/endpoint.ts';
import { readAccountStatistics } from '../upstream/endpoints/read-account-statistics.ts';
import { createCalendar } from './calendar.ts';
import type { ReadDeps } from './deps.ts';
import { toFigures } from './figures.ts';
import { mergeFigures } from './merge-figures.ts';
import { resolveComparison, resolvePeriod } from './period.ts';
import { defaultWish, qualityOf, type ReadStatistics, type ReadTimeZone, type StatisticsWish } from './statistics.ts';

/** Account-level metrics; `wish` null is the default. */
export type ReadAccountStatistics = (
  locationIds: () => Promise<readonly LocationId[]>,
  wish: StatisticsWish | null,
  cause: Cause,
) => Promise<Statistics>;

/** Asks upstream's own account-level endpoint. It takes no parameters and tells no zone: its days are taken to be those of
 * `defaultTimeZone`, and a wish is refused. */
export const createAskAccountEndpoint =
  ({ cache, keys, upstream }: ReadDeps, { defaultTimeZone }: { defaultTimeZone: string }): ReadAccountStatistics =>
  async (_locationIds, wish, cause) => {
    if (wish !== null)
      throw badInput("`input` must be null here: upstream's account-level endpoint takes no parameters.");
    const period = resolvePeriod(defaultWish.period, createCalendar(defaultTimeZone).dayOf(Date.now()));
    const load = (signal: AbortSignal) => upstream.call(readAccountStatistics, {}, { ...cause, signal });
    const { value, freshness } = await cache.getOrLoad(keys.accountStatistics(period.to), load, cause.signal);
    const { warnings: noticed, ...figures } = toFigures(value, period);
    const zone = `Upstream does not tell the zone of its days; ${defaultTimeZone} was used.`;
    const warnings = [warning('TIME_ZONE_ASSUMED', zone), ...noticed];
    return {
      ...figures,
      period,
      comparisonPeriod: resolveComparison(defaultWish.compareTo, period),
      timeZone: defaultTimeZone,
      profileIds: [],
      quality: qualityOf(warnings),
      freshness,
    };
  };

const mostLocations = 50;

/** Adds up the statistics of the locations that can be read, at most 50; those left out are named in the warnings. */
export const createRollUp =
  ({
    readStatistics,
    readTimeZone,
  }: {
    readStatistics: ReadStatistics;
    readTimeZone: ReadTimeZone;
  }): ReadAccountStatistics =>
  async (locationIds, given, cause) => {
    const wish = given ?? defaultWish;
    if (wish.profileIds !== null)
      throw badInput('`profileIds` belong to one location: ask `location { statistics }` for them.');
    const all = await locationIds();
    const [chosen, beyond] = [all.slice(0, mostLocations), all.slice(mostLocations)];
    const period = await commonPeriod(chosen, { wish, readTimeZone }, cause);
    const answers = await Promise.allSettled(
      chosen.map((locationId) => readStatistics(locationId, { ...wish, period }, cause)),
    );
    const read = answers.flatMap((answer, index) => {
      const locationId = chosen[index];
      return answer.status === 'fulfilled' && locationId !== undefined
        ? [{ locationId, statistics: answer.value }]
        : [];
    });
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (read.length === 0 && failure) throw failure.reason;
    const readable = new Set(read.map(({ locationId }) => locationId));
    const missing = [
      ...chosen.filter((id) => !readable.has(id)).map((id) => unreadable(id, 'could not be read')),
      ...beyond.map((id) => unreadable(id, `comes after the first ${mostLocations}`)),
    ];
    return rolledUp(read, { missing, period: resolvePeriod(period, ''), wish });
  };

// The days must be the same for all: those that are over in every zone.
const commonPeriod = async (
  locationIds: readonly LocationId[],
  { wish, readTimeZone }: { wish: StatisticsWish; readTimeZone: ReadTimeZone },
  cause: Cause,
) => {
  if (wish.period.kind === 'range') return wish.period;
  const zones = await Promise.allSettled(locationIds.map((id) => readTimeZone(id, cause)));
  const names = new Set(zones.flatMap((zone) => (zone.status === 'fulfilled' ? [zone.value.name] : [])));
  const todays = [...names, ...(names.size === 0 ? ['UTC'] : [])].map((name) => createCalendar(name).dayOf(Date.now()));
  const { from, to } = resolvePeriod(wish.period, todays.toSorted()[0] ?? '');
  return { kind: 'range', from, to } as const;
};

const unreadable = (locationId: LocationId, why: string): Warning =>
  warning('LOCATION_UNREADABLE', `A location ${why} and is missing from the totals.`, { locationId });

const rolledUp = (
  read: readonly { readonly locationId: LocationId; readonly statistics: Statistics }[],
  { missing, period, wish }: { missing: readonly Warning[]; period: Statistics['period']; wish: StatisticsWish },
): Statistics => {
  const parts = read.map(({ statistics }) => statistics);
  // A location without an account says nothing, which must not make the sum unknown.
  const counted = parts.filter(({ profileIds }) => profileIds.length > 0);
  const zones = new Set(parts.map(({ timeZone }) => timeZone));
  const [first, ...others] = parts.map(({ freshness }) => freshness);
  const noticed = read.flatMap(({ locationId, statistics }) =>
    statistics.quality.warnings.map((one) => ({ ...one, locationId })),
  );
  return {
    ...mergeFigures(counted.map((part) => ({ ...part, warnings: [] }))),
    period,
    comparisonPeriod: resolveComparison(wish.compareTo, period),
    timeZone: zones.size === 1 ? (parts[0]?.timeZone ?? null) : null,
    profileIds: parts.flatMap(({ profileIds }) => profileIds),
    quality: qualityOf([...missing, ...noticed]),
    freshness: first ? oldest(first, ...others) : freshAt(Date.now()),
  };
};
