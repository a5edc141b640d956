import type { Freshness } from './freshness.ts';
import type { LocationId, ProfileId } from './ids.ts';
import type { SocialPlatform } from './social-account.ts';

/** Days, both inclusive, each `yyyy-mm-dd`. */
export interface DatePeriod {
  readonly from: string;
  readonly to: string;
  readonly days: number;
}

/** Name of a metric. */
export type MetricName =
  'POSTS' | 'IMPRESSIONS' | 'REACH' | 'FOLLOWERS' | 'LIKES' | 'COMMENTS' | 'SHARES' | 'ENGAGEMENT';

/** A value on a day; null where upstream had no number. */
export interface DailyValue {
  readonly date: string;
  readonly value: number | null;
}

/** One metric on one platform. Null means that upstream did not say. */
export interface PlatformMetric {
  readonly platform: SocialPlatform;
  readonly platformKey: string;
  readonly total: number | null;
  readonly changePercent: number | null;
  readonly series: readonly DailyValue[] | null;
}

/** One metric. Null means that upstream did not say, zero that it said zero. */
export interface Metric {
  readonly name: MetricName;
  readonly total: number | null;
  readonly changePercent: number | null;
  readonly series: readonly DailyValue[] | null;
  readonly byPlatform: readonly PlatformMetric[];
}

/** Who the audience is. */
export interface Audience {
  readonly genders: readonly {
    readonly gender: 'FEMALE' | 'MALE' | 'UNKNOWN';
    readonly total: number | null;
    readonly percentage: number | null;
  }[];
  readonly ageRanges: readonly AgeRange[];
}

/** Audience of one age range; the key is upstream's, such as `18-24` or `65+`. */
export interface AgeRange {
  readonly key: string;
  readonly minAge: number;
  readonly maxAge: number | null;
  readonly total: number | null;
  readonly percentage: number | null;
}

/** Kinds of warning, each described in the schema. */
export type WarningCode =
  | 'DATES_INFERRED'
  | 'SERIES_LENGTH_MISMATCH'
  | 'WEEKDAYS_DISAGREE'
  | 'UNKNOWN_PLATFORM'
  | 'MERGED_FROM_PARTS'
  | 'TIME_ZONE_ASSUMED'
  | 'ACCOUNT_EXPIRED'
  | 'TOTALS_DISAGREE'
  | 'ACCOUNT_WITHOUT_PERMISSION'
  | 'ACCOUNT_UNKNOWN'
  | 'NO_FIGURES'
  | 'LOCATION_UNREADABLE';

/** One thing noticed while mapping upstream's answer. */
export interface Warning {
  readonly code: WarningCode;
  readonly message: string;
  readonly metric: MetricName | null;
  readonly platformKey: string | null;
  readonly profileId: ProfileId | null;
  readonly locationId: LocationId | null;
}

/** A warning with only what concerns it filled in. */
export const warning = (
  code: WarningCode,
  message: string,
  about: Partial<Omit<Warning, 'code' | 'message'>> = {},
): Warning => ({
  code,
  message,
  metric: null,
  platformKey: null,
  profileId: null,
  locationId: null,
  ...about,
});

/** The eight metrics, each under its field of the graph. */
export interface Metrics {
  readonly posts: Metric;
  readonly impressions: Metric;
  readonly reach: Metric;
  readonly followers: Metric;
  readonly likes: Metric;
  readonly comments: Metric;
  readonly shares: Metric;
  readonly engagement: Metric;
}

/** What one upstream answer says about a period, once dated. */
export interface Figures extends Metrics {
  readonly audience: Audience | null;
  readonly warnings: readonly Warning[];
  readonly upstreamTraceId: string | null;
}

/** Statistics in the graph. */
export interface Statistics extends Metrics {
  readonly period: DatePeriod;
  readonly comparisonPeriod: DatePeriod | null;
  readonly timeZone: string | null;
  readonly profileIds: readonly ProfileId[];
  readonly audience: Audience | null;
  readonly quality: { readonly isComplete: boolean; readonly warnings: readonly Warning[] };
  readonly freshness: Freshness;
  readonly upstreamTraceId: string | null;
}
