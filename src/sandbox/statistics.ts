import { daysOf, weekdayName } from './clock.ts';
import type { DayRange } from './clock.ts';
import { demographicsOf } from './demographics.ts';
import type { DayFigures, Figures } from './figures.ts';
import type { Account } from './seed.ts';

/** What to add up, and over which days. A `previous` of null means no comparison. */
export interface StatisticsQuestion {
  readonly accounts: readonly Account[];
  readonly current: DayRange;
  readonly previous: DayRange | null;
}

type Flow = Exclude<keyof DayFigures, 'followers'>;
type Series = Readonly<Record<keyof DayFigures, readonly number[]>>;
/** Platform to its figures, in the order the accounts are connected. */
type ByPlatform = ReadonlyMap<string, Series>;

/** The platforms the endpoint knows; another one in a request is a 400. */
export const STATISTICS_PLATFORMS: readonly string[] = [
  'facebook',
  'instagram',
  'linkedin',
  'google',
  'pinterest',
  'youtube',
  'tiktok',
];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const sumUp = (all: readonly (readonly number[])[], length: number): number[] =>
  Array.from({ length }, (_, index) => sum(all.map((series) => series[index] ?? 0)));

/** Linkedin pages and Tiktok business only; Twitter and the rest have no figures at all. */
const hasFigures = ({ platform, type, isExpired, hasStatisticsPermissions }: Account): boolean =>
  !isExpired &&
  hasStatisticsPermissions &&
  STATISTICS_PLATFORMS.includes(platform) &&
  (platform !== 'linkedin' || type === 'page') &&
  (platform !== 'tiktok' || type === 'business');

const gather = (figures: Figures, accounts: readonly Account[], range: DayRange): ByPlatform => {
  const days = daysOf(range);
  const grouped = Map.groupBy(accounts, ({ platform }) => platform);
  const seriesOf = (group: readonly Account[]): Series => {
    const rows = days.map((day) => group.map(({ profileId }) => figures.of(profileId, day)));
    const series = (metric: keyof DayFigures) => rows.map((row) => sum(row.map((one) => one[metric])));
    return {
      posts: series('posts'),
      impressions: series('impressions'),
      reach: series('reach'),
      likes: series('likes'),
      comments: series('comments'),
      shares: series('shares'),
      followers: series('followers'),
    };
  };
  return new Map([...grouped].map(([platform, group]) => [platform, seriesOf(group)]));
};

/** "-86.64" for a change, the number 0 for none, as seen live; the specification says number. */
const change = (now: number, before: number): string | 0 => {
  const percent = (before === 0 ? (now === 0 ? 0 : 100) : ((now - before) / before) * 100).toFixed(2);
  return Number(percent) === 0 ? 0 : percent;
};

const comparison = (name: 'change' | 'totalChange', now: number, before: number | null) =>
  before === null ? {} : { [name]: change(now, before) };

const breakdown = (metric: Flow, current: ByPlatform, previous: ByPlatform | null) => {
  const total = (all: ByPlatform): number => sum([...all.values()].map((series) => sum(series[metric])));
  const before = (platform: string) => previous && sum(previous.get(platform)?.[metric] ?? []);
  return {
    total: total(current),
    ...comparison('totalChange', total(current), previous && total(previous)),
    platforms: mapValues(current, (series, platform) => {
      const value = sum(series[metric]);
      return { value, ...comparison('change', value, before(platform)) };
    }),
  };
};

const engagement = (current: ByPlatform, previous: ByPlatform | null) => {
  const all = (series: Series | undefined): number =>
    series === undefined ? 0 : sum(series.likes) + sum(series.comments) + sum(series.shares);
  return mapValues(current, (series, platform) => ({
    likes: sum(series.likes),
    comments: sum(series.comments),
    shares: sum(series.shares),
    ...comparison('change', all(series), previous && all(previous.get(platform))),
  }));
};

const mapValues = <T>(all: ByPlatform, value: (series: Series, platform: string) => T): Record<string, T> =>
  Object.fromEntries([...all].map(([platform, series]) => [platform, value(series, platform)]));

/** The vendor's `results`. Only accounts that may be read contribute; when none does, every list is full of zeros. */
export const buildStatistics = (figures: Figures, { accounts, current, previous }: StatisticsQuestion) => {
  const readable = accounts.filter(hasFigures);
  const now = gather(figures, readable, current);
  const before = previous === null ? null : gather(figures, readable, previous);
  const days = daysOf(current);
  const daily = (metric: keyof DayFigures): number[] =>
    sumUp(
      [...now.values()].map((series) => series[metric]),
      days.length,
    );
  const followers = daily('followers').at(-1) ?? 0;
  const totals = (metric: 'impressions' | 'likes') =>
    mapValues(now, (series) => ({ total: sum(series[metric]), series: series[metric] }));

  return {
    grouping: 'daily',
    dayRange: days.map(weekdayName),
    totals: {
      posts: sum(daily('posts')),
      likes: sum(daily('likes')),
      followers,
      impressions: sum(daily('impressions')),
      comments: sum(daily('comments')),
    },
    postPerformance: {
      posts: mapValues(now, ({ posts }) => posts),
      impressions: daily('impressions'),
      likes: daily('likes'),
      comments: daily('comments'),
    },
    breakdowns: {
      posts: breakdown('posts', now, before),
      impressions: breakdown('impressions', now, before),
      reach: breakdown('reach', now, before),
      engagement: engagement(now, before),
    },
    platformTotals: {
      impressions: totals('impressions'),
      followers: mapValues(now, (series) => ({ total: series.followers.at(-1) ?? 0, series: series.followers })),
      likes: totals('likes'),
    },
    demographics: demographicsOf(followers),
  };
};
