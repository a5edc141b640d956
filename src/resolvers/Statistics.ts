import { supportsStatistics } from '../model/social-account.ts';
import type {
  SocialAccountResolvers,
  StatisticsMetricResolvers,
  StatisticsWarningResolvers,
} from '../generated/resolvers.ts';

/** A metric; its platforms can be narrowed. */
export const StatisticsMetric: StatisticsMetricResolvers = {
  byPlatform: ({ byPlatform }, { platforms }) =>
    platforms == null ? byPlatform : byPlatform.filter(({ platform }) => platforms.includes(platform)),
};

/** A warning names its location where it has one. */
export const StatisticsWarning: StatisticsWarningResolvers = {
  location: ({ locationId }) => locationId && { id: locationId },
};

/** A social account; what it can be measured by follows from its kind. */
export const SocialAccount: SocialAccountResolvers = {
  supportsStatistics: (account) => !account.isExpired && supportsStatistics(account),
};
