import type { Resolvers } from '../generated/resolvers.ts';
import { Location, LocationConnection } from './Location.ts';
import { Query } from './Query.ts';
import { Count, DateScalar, DateTime, TimeZone } from './scalars.ts';
import { SocialAccount, StatisticsMetric, StatisticsWarning } from './Statistics.ts';
import { Tag, TagConnection, TagDetails } from './Tag.ts';

/** Every resolver there is; fields that are not here are the model's own properties. */
export const resolvers: Resolvers = {
  Query,
  Location,
  LocationConnection,
  Tag,
  TagConnection,
  TagDetails,
  SocialAccount,
  StatisticsMetric,
  StatisticsWarning,
  Date: DateScalar,
  DateTime,
  Count,
  TimeZone,
};
