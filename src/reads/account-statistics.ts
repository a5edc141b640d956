import { badInput } from '../model/errors.ts';
import { freshAt, oldest } from '../model/freshness.ts';
import type { LocationId } from '../model/ids.ts';
import { warning, type Statistics, type Warning } from '../model/statistics.ts';
import type { Cause } from '../upstream/cause.ts';
import { readAccountStatistics } from '../upstream/endpoints/read-account-statistics.ts';
import type { CalendarOf, Day } from './calendar.ts';
import type { ReadDeps } from './deps.ts';
import { toFigures } from './figures.ts';
import { mergeFigures } from './merge-figures.ts';
import { resolveComparison, resolvePeriod, type PeriodWish } from './period.ts';
import { qualityOf, type ReadStatistics, type ReadTimeZone, type Zone } from './statistics.ts';
import { defaultWish, type StatisticsWish } from './wish.ts';

/** Whose account-level metrics: of the locations that somebody may read, or of the company where they may read that. */
interface Whose {
  readonly locationIds: () => Promise<readonly LocationId[]>;
  readonly isOfCompany: boolean;
}

/** Account-level metrics; `wish` null is the default. */
export type ReadAccountStatistics = (whose: Whose, wish: StatisticsWish | null, cause: Cause) => Promise<Statistics>;

/** Asks upstream's own account-level endpoint. It takes no parameters and tells no zone: its days are taken to be those of
 * `defaultTimeZone`, and a wish is refused. */
export const createAskAccountEndpoint =
  (
    { cache, keys, upstream, calendarOf }: ReadDeps & { calendarOf: CalendarOf },
    { defaultTimeZone }: { defaultTimeZone: string },
  ): ReadAccountStatistics =>
  async (_whose, wish, cause) => {
    if (wish !== null)
      throw badInput("`input` must be null here: upstream's account-level endpoint takes no parameters.");
    const period = resolvePeriod(defaultWish.period, calendarOf(defaultTimeZone).dayOf(Date.now()));
    const load = (all: Cause) => upstream.call(readAccountStatistics, {}, all);
    const { value, freshness } = await cache.getOrLoad(keys.accountStatistics(period.to), load, cause);
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

/** The company's figure is nobody's who may read some of its locations only: theirs is added up. */
export const whereTheirs =
  (ofCompany: ReadAccountStatistics, rollUp: ReadAccountStatistics): ReadAccountStatistics =>
  (whose, wish, cause) =>
    whose.isOfCompany ? ofCompany(whose, wish, cause) : rollUp(whose, wish, cause);

/** Locations over which account statistics are added up at most. */
export const mostRolledUp = 50;

/** What a roll-up is made from. */
export interface RollUpDeps {
  readonly readStatistics: ReadStatistics;
  readonly readTimeZone: ReadTimeZone;
  readonly calendarOf: CalendarOf;
}

/** Adds up the statistics of the locations that can be read, at most `mostLocations`; those left out are named in the warnings. */
export const createRollUp =
  ({ readStatistics, readTimeZone, calendarOf }: RollUpDeps, mostLocations: number): ReadAccountStatistics =>
  async ({ locationIds }, given, cause) => {
    const wish = given ?? defaultWish;
    if (wish.profileIds !== null) {
      throw badInput('`profileIds` belong to one location: ask `location { statistics }` for them.');
    }
    const all = await locationIds();
    const chosen = all.slice(0, mostLocations);
    const zones = await Promise.allSettled(chosen.map((id) => readTimeZone(id, cause)));
    const period = commonPeriod(wish.period, todayIn(zones, calendarOf));
    const answers = await Promise.allSettled(
      zones.map(async (zone, index) => {
        const locationId = chosen[index];
        if (zone.status === 'rejected' || locationId === undefined) throw reasonOf(zone);
        return { locationId, statistics: await readStatistics(locationId, { ...wish, period }, cause, zone.value) };
      }),
    );
    const read = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const failure = answers.find((answer) => answer.status === 'rejected');
    if (read.length === 0 && failure) throw failure.reason;
    const readable = new Set(read.map(({ locationId }) => locationId));
    const missing = [
      ...chosen.filter((id) => !readable.has(id)).map((id) => unreadable(id, 'could not be read')),
      ...leftOut(all.slice(mostLocations), mostLocations),
    ];
    return rolledUp(read, { missing, period: resolvePeriod(period, ''), wish });
  };

const reasonOf = (result: PromiseSettledResult<unknown>): unknown =>
  result.status === 'rejected' ? result.reason : new Error('more zones than locations');

// The days must be the same for all: those that are over in every zone.
const todayIn = (zones: readonly PromiseSettledResult<Zone>[], calendarOf: CalendarOf): Day => {
  const names = new Set(zones.flatMap((zone) => (zone.status === 'fulfilled' ? [zone.value.name] : [])));
  const todays = [...names].map((name) => calendarOf(name).dayOf(Date.now())).sort();
  return todays[0] ?? calendarOf('UTC').dayOf(Date.now());
};

const commonPeriod = (wish: PeriodWish, today: Day) => {
  const { from, to } = resolvePeriod(wish, today);
  return { kind: 'range', from, to } as const;
};

const unreadable = (locationId: LocationId, why: string): Warning =>
  warning('LOCATION_UNREADABLE', `A location ${why} and is missing from the totals.`, { locationId });

/** Warnings that name a location each; an agency may have thousands. */
const mostNamed = 50;

const leftOut = (ids: readonly LocationId[], mostLocations: number): readonly Warning[] => {
  const named = ids.slice(0, mostNamed).map((id) => unreadable(id, `comes after the first ${mostLocations}`));
  const others = ids.length - named.length;
  if (others === 0) return named;
  return [...named, warning('LOCATION_UNREADABLE', `${others} more locations are missing from the totals.`)];
};

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
