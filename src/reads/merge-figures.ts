import type {
  AgeRange,
  Audience,
  DailyValue,
  Figures,
  Metric,
  Metrics,
  PlatformMetric,
  Warning,
} from '../model/statistics.ts';
import { emptyFigures } from './figures.ts';
import { sum } from './series.ts';

/** Figures of parts (of one location's accounts, or of several locations) over the same days, added up. Totals and points add;
 * a change is worked out again from what the parts imply for the period before; what one part does not know nobody knows. */
export const mergeFigures = (parts: readonly Figures[]): Figures => {
  const [only] = parts;
  if (only === undefined) return emptyFigures;
  if (parts.length === 1) return only;
  const counted = parts.some((part) => !addsNothing(part)) ? parts.filter((part) => !addsNothing(part)) : parts;
  const merged = (field: keyof Metrics) => mergeMetric(counted.map((part) => part[field]));
  return {
    posts: merged('posts'),
    impressions: merged('impressions'),
    reach: merged('reach'),
    followers: merged('followers'),
    likes: merged('likes'),
    comments: merged('comments'),
    shares: merged('shares'),
    engagement: merged('engagement'),
    audience: mergeAudience(parts.flatMap(({ audience }) => audience ?? [])),
    warnings: distinct(parts.flatMap(({ warnings }) => warnings)),
    upstreamTraceId: only.upstreamTraceId,
  };
};

// Where upstream names no platform and its totals are zero, what is summed from platforms (shares, daily posts) is not known. Such a
// part must not make the others' numbers unknown.
const addsNothing = ({
  posts,
  impressions,
  reach,
  followers,
  likes,
  comments,
  shares,
  engagement,
}: Figures): boolean => {
  const metrics = [posts, impressions, reach, followers, likes, comments, shares, engagement];
  return (
    metrics.some(({ total }) => total === 0) &&
    metrics.every(({ total, changePercent, byPlatform }) => !total && !changePercent && byPlatform.length === 0)
  );
};

// What is true of several parts is said once.
const distinct = (warnings: readonly Warning[]): readonly Warning[] => [
  ...new Map(warnings.map((one) => [JSON.stringify(one), one])).values(),
];

const mergeMetric = (parts: readonly Metric[]): Metric => ({
  name: parts[0]?.name ?? 'POSTS',
  total: sum(parts.map(({ total }) => total)),
  changePercent: mergeChange(parts),
  series: mergeSeries(parts.map(({ series }) => series)),
  byPlatform: mergePlatforms(parts.flatMap(({ byPlatform }) => byPlatform)),
});

// A platform that one part does not have adds nothing to it, so only the parts that have it count.
const mergePlatforms = (all: readonly PlatformMetric[]): PlatformMetric[] =>
  Map.groupBy(all, ({ platformKey }) => platformKey)
    .values()
    .flatMap((parts) => {
      const [first] = parts;
      if (!first) return [];
      const total = sum(parts.map((part) => part.total));
      return [
        { ...first, total, changePercent: mergeChange(parts), series: mergeSeries(parts.map((part) => part.series)) },
      ];
    })
    .toArray();

const mergeSeries = (all: readonly (readonly DailyValue[] | null)[]): readonly DailyValue[] | null => {
  const [first] = all;
  if (!first || all.includes(null)) return null;
  return first.map(({ date }, index) => ({ date, value: sum(all.map((series) => series?.[index]?.value ?? null)) }));
};

// total = before × (1 + change / 100) gives what each part had before. A fall by 100 % hides it.
const mergeChange = (parts: readonly Pick<Metric, 'total' | 'changePercent'>[]): number | null => {
  const before = sum(
    parts.map(({ total, changePercent }) =>
      total === null || changePercent === null || changePercent <= -100 ? null : total / (1 + changePercent / 100),
    ),
  );
  const now = sum(parts.map(({ total }) => total));
  if (before === null || now === null) return null;
  if (before === 0) return now === 0 ? 0 : null;
  return Math.round((now / before - 1) * 10_000) / 100;
};

const mergeAudience = (parts: readonly Audience[]): Audience | null => {
  if (parts.length === 0) return null;
  const genders = mergeShares(
    parts.flatMap(({ genders }) => genders),
    ({ gender }) => gender,
  );
  const ageRanges: AgeRange[] = mergeShares(
    parts.flatMap((part) => part.ageRanges),
    ({ key }) => key,
  );
  return { genders, ageRanges };
};

const mergeShares = <T extends { total: number | null; percentage: number | null }>(
  shares: readonly T[],
  keyOf: (share: T) => string,
): T[] => {
  const groups = [...Map.groupBy(shares, keyOf).values()];
  const totals = groups.map((group) => sum(group.map(({ total }) => total)));
  const all = sum(totals);
  return groups.flatMap((group, index) => {
    const [first] = group;
    const total = totals[index] ?? null;
    const percentage = total === null || all === null || all === 0 ? null : Math.round((total / all) * 10_000) / 100;
    return first ? [{ ...first, total, percentage }] : [];
  });
};
