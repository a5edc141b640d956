import { badInput } from '../model/errors.ts';
import { toProfileId, type ProfileId } from '../model/ids.ts';
import type { SocialPlatform } from '../model/social-account.ts';
import type { ComparisonInput, DateRangeInput, PeriodInput, StatisticsInput } from '../generated/resolvers.ts';
import { dayCount } from '../reads/calendar.ts';
import { defaultWish, type StatisticsWish } from '../reads/wish.ts';
import type { ComparisonWish, PeriodWish } from '../reads/period.ts';

/** A page size; throws BAD_USER_INPUT outside 1 to 100. */
export const pageSize = (first: number): number => {
  if (first < 1 || first > 100) throw badInput(`\`first\` must be 1 to 100, not ${first}.`);
  return first;
};

/** A search text without the blanks around it; null for none. Throws BAD_USER_INPUT over 200 characters. */
export const searchText = (search: string | null | undefined): string | null => {
  const text = search?.trim() ?? '';
  if (text.length > 200) throw badInput('`search` takes at most 200 characters.');
  return text === '' ? null : text;
};

/** At most so many, else BAD_USER_INPUT that names the argument. */
export const atMost = <T>(list: readonly T[], most: number, argument: string): readonly T[] => {
  if (list.length > most) throw badInput(`\`${argument}\` takes at most ${most}, not ${list.length}.`);
  return list;
};

/** What to measure; the default where the input is null. Throws BAD_USER_INPUT that names what is wrong. */
export const statisticsWish = (input: StatisticsInput | null | undefined): StatisticsWish => ({
  profileIds: input?.profileIds == null ? null : profileIds(input.profileIds),
  platforms: input?.platforms == null ? null : statisticsPlatforms(input.platforms),
  period: input?.period == null ? defaultWish.period : periodWish(input.period),
  compareTo: input?.compareTo == null ? defaultWish.compareTo : comparisonWish(input.compareTo),
});

const profileIds = (given: readonly string[]): readonly ProfileId[] => {
  if (given.length === 0) throw badInput('`profileIds` must name at least one; leave it out for all live accounts.');
  return atMost(given, 1_000, 'profileIds').map((text) => {
    const id = toProfileId(text);
    if (id === null) throw badInput('`profileIds` holds something that is not a profile id.');
    return id;
  });
};

const statisticsPlatforms = (given: readonly SocialPlatform[]): readonly SocialPlatform[] => {
  if (given.length === 0) throw badInput('`platforms` must name at least one; leave it out for all.');
  const refused = given.find((platform) => platform === 'OTHER' || platform === 'TWITTER');
  if (refused) throw badInput(`\`platforms\`: upstream has no statistics for ${refused}.`);
  return [...new Set(given)];
};

const presetDays = { LAST_7_DAYS: 7, LAST_14_DAYS: 14, LAST_30_DAYS: 30, LAST_90_DAYS: 90 } as const;

const periodWish = ({ preset, range }: PeriodInput): PeriodWish =>
  preset === undefined ? rangeWish(range, 'period') : { kind: 'last', days: presetDays[preset] };

const comparisonWish = ({ preset, range }: ComparisonInput): ComparisonWish => {
  if (preset === undefined) return rangeWish(range, 'compareTo');
  return { kind: preset === 'NONE' ? 'none' : 'previous' };
};

const longestDays = 366;

const rangeWish = ({ from, to }: DateRangeInput, argument: string) => {
  const days = dayCount(from, to);
  if (days < 1) throw badInput(`\`${argument}\` ends before it starts.`);
  if (days > longestDays) throw badInput(`\`${argument}\` takes at most ${longestDays} days, not ${days}.`);
  return { kind: 'range', from, to } as const;
};
