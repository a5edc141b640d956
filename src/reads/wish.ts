import type { ProfileId } from '../model/ids.ts';
import type { SocialPlatform } from '../model/social-account.ts';
import type { ComparisonWish, PeriodWish } from './period.ts';

/** What to measure; null profiles: all live accounts, null platforms: all. */
export interface StatisticsWish {
  readonly profileIds: readonly ProfileId[] | null;
  readonly platforms: readonly SocialPlatform[] | null;
  readonly period: PeriodWish;
  readonly compareTo: ComparisonWish;
}

/** The last 7 full days of all live accounts against the 7 before. */
export const defaultWish: StatisticsWish = {
  profileIds: null,
  platforms: null,
  period: { kind: 'last', days: 7 },
  compareTo: { kind: 'previous' },
};
