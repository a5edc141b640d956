import { platformOf, platforms } from '../model/social-account.ts';
import {
  warning,
  type DatePeriod,
  type Figures,
  type Metric,
  type MetricName,
  type PlatformMetric,
  type Warning,
} from '../model/statistics.ts';
import type { StatisticsAnswer } from '../upstream/endpoints/statistics-answer.ts';
import { toAudience } from './audience.ts';
import { daysFrom } from './calendar.ts';
import { createDating, sum, sumSeries, type Values } from './series.ts';

interface PlatformValues {
  readonly total?: number | null | undefined;
  readonly change?: number | null | undefined;
  readonly series?: Values;
}

/** Upstream's answer about a period as dated figures: weekday arrays become points, null stays null, and what cannot be trusted is
 * dropped and named in a warning. */
export const toFigures = (answer: StatisticsAnswer, period: DatePeriod): Figures => {
  const days = daysFrom(period.from, period.to);
  const warnings: Warning[] = [];
  const dated = createDating(days, answer.dayRange, warnings);
  const metric = (
    name: MetricName,
    { total, change, series, byPlatform }: PlatformValues & { byPlatform: Readonly<Record<string, PlatformValues>> },
  ): Metric => {
    const perPlatform = sorted(
      Object.entries(byPlatform).map(([platformKey, values]) => ({
        platform: platformOf(platformKey),
        platformKey,
        total: values.total ?? null,
        changePercent: values.change ?? null,
        series: dated(values.series, name, platformKey),
      })),
    );
    return {
      name,
      total: total ?? null,
      changePercent: change ?? null,
      series: dated(series, name, null),
      byPlatform: perPlatform,
    };
  };
  const figures = { ...toMetrics(answer, metric), audience: toAudience(answer), upstreamTraceId: answer.traceId };
  return { ...figures, warnings: [...warnings, ...checks(figures)] };
};

type MakeMetric = (
  name: MetricName,
  values: PlatformValues & { byPlatform: Readonly<Record<string, PlatformValues>> },
) => Metric;

// Where each number stands in upstream's answer (upstream README §3); the README's field mapping says the same for people.
const toMetrics = (answer: StatisticsAnswer, metric: MakeMetric) => {
  const { totals, postPerformance, breakdowns, platformTotals } = answer;
  const { posts, impressions, reach } = breakdowns;
  return {
    posts: metric('POSTS', {
      total: totals.posts ?? posts?.total,
      change: posts?.totalChange,
      series: sumSeries(Object.values(postPerformance.posts ?? {})),
      byPlatform: merge(
        values(posts?.platforms),
        mapValues(postPerformance.posts, (series) => ({ series })),
      ),
    }),
    impressions: metric('IMPRESSIONS', {
      total: totals.impressions ?? impressions?.total,
      change: impressions?.totalChange,
      series: postPerformance.impressions,
      byPlatform: merge(values(impressions?.platforms), platformTotals.impressions),
    }),
    reach: metric('REACH', { total: reach?.total, change: reach?.totalChange, byPlatform: values(reach?.platforms) }),
    followers: metric('FOLLOWERS', {
      total: totals.followers,
      series: sumSeries(Object.values(platformTotals.followers ?? {}).map(({ series }) => series)),
      byPlatform: platformTotals.followers ?? {},
    }),
    ...toReactions(answer, metric),
  };
};

const toReactions = ({ totals, postPerformance, breakdowns, platformTotals }: StatisticsAnswer, metric: MakeMetric) => {
  const engagement = breakdowns.engagement ?? {};
  const sumOf = (pick: (values: (typeof engagement)[string]) => number | null) =>
    sum(Object.values(engagement).map(pick));
  const together = ({ likes, comments, shares }: (typeof engagement)[string]) => sum([likes, comments, shares]);
  return {
    likes: metric('LIKES', {
      total: totals.likes,
      series: postPerformance.likes,
      byPlatform: merge(
        mapValues(engagement, ({ likes }) => ({ total: likes })),
        platformTotals.likes,
      ),
    }),
    comments: metric('COMMENTS', {
      total: totals.comments,
      series: postPerformance.comments,
      byPlatform: mapValues(engagement, ({ comments }) => ({ total: comments })),
    }),
    shares: metric('SHARES', {
      total: sumOf(({ shares }) => shares),
      byPlatform: mapValues(engagement, ({ shares }) => ({ total: shares })),
    }),
    engagement: metric('ENGAGEMENT', {
      total: sumOf(together),
      byPlatform: mapValues(engagement, (one) => ({ total: together(one), change: one.change })),
    }),
  };
};

const checks = (figures: Omit<Figures, 'warnings'>): Warning[] => {
  const metrics = Object.values(figures).filter(
    (value): value is Metric => value !== null && typeof value === 'object' && 'byPlatform' in value,
  );
  const unknown = new Set(
    metrics.flatMap(({ byPlatform }) =>
      byPlatform.filter(({ platform }) => platform === 'OTHER').map(({ platformKey }) => platformKey),
    ),
  );
  const disagreeing = metrics.filter(({ total, byPlatform }) => {
    const parts = sum(byPlatform.map((part) => part.total));
    return total !== null && parts !== null && parts !== total;
  });
  const isEmpty = metrics.every(({ total, byPlatform }) => total === null && byPlatform.length === 0);
  return [
    ...(isEmpty ? [warning('NO_FIGURES', "Upstream's answer held no figures at all.")] : []),
    ...[...unknown].map((platformKey) =>
      warning('UNKNOWN_PLATFORM', 'Upstream names a platform that this release does not know.', { platformKey }),
    ),
    ...disagreeing.map(({ name }) =>
      warning('TOTALS_DISAGREE', `The total of ${name} and the sum over platforms differ.`, { metric: name }),
    ),
  ];
};

const sorted = (metrics: readonly PlatformMetric[]): PlatformMetric[] =>
  metrics.toSorted(
    (a, b) =>
      platforms.indexOf(a.platform) - platforms.indexOf(b.platform) || a.platformKey.localeCompare(b.platformKey),
  );

const mapValues = <T, R>(map: Readonly<Record<string, T>> | undefined, to: (value: T) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, to(value)]));

const values = (
  map: Readonly<Record<string, { value: number | null; change: number | null }>> | undefined,
): Record<string, PlatformValues> => mapValues(map, ({ value, change }) => ({ total: value, change }));

// The first map's word on a number stands; the second fills in what the first does not say.
const merge = (
  first: Readonly<Record<string, PlatformValues>>,
  second: Readonly<Record<string, PlatformValues>> | undefined = {},
): Record<string, PlatformValues> =>
  Object.fromEntries(
    [...new Set([...Object.keys(first), ...Object.keys(second)])].map((key) => [
      key,
      {
        total: first[key]?.total ?? second[key]?.total,
        change: first[key]?.change ?? second[key]?.change,
        series: first[key]?.series ?? second[key]?.series,
      },
    ]),
  );

const nothing = (name: MetricName): Metric => ({
  name,
  total: null,
  changePercent: null,
  series: null,
  byPlatform: [],
});

/** Of no account at all: nothing is known, which is not zero. */
export const emptyFigures: Figures = {
  posts: nothing('POSTS'),
  impressions: nothing('IMPRESSIONS'),
  reach: nothing('REACH'),
  followers: nothing('FOLLOWERS'),
  likes: nothing('LIKES'),
  comments: nothing('COMMENTS'),
  shares: nothing('SHARES'),
  engagement: nothing('ENGAGEMENT'),
  audience: null,
  warnings: [],
  upstreamTraceId: null,
};
