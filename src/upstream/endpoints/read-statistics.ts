import type { LocationId, ProfileId } from '../../model/ids.ts';
import { endpoint, segments } from '../endpoint.ts';
import { readAnswer, type StatisticsAnswer } from './statistics-answer.ts';

/** Profiles that one call takes (v3: 1 to 100). */
export const profileIdsPerCall = 100;

/** Moments, both inclusive, epoch milliseconds. */
export interface InstantRange {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** What to measure. `platforms` are upstream's keys. */
export interface ReadStatisticsInput {
  readonly locationId: LocationId;
  readonly profileIds: readonly ProfileId[];
  readonly platforms: readonly string[] | null;
  readonly current: InstantRange;
  readonly previous: InstantRange | null;
}

/** POST /social-media-posting/statistics, v3: a read in spite of the POST; the location is a query parameter. */
export const readStatistics = endpoint<ReadStatisticsInput, StatisticsAnswer>({
  name: 'readStatistics',
  method: 'POST',
  scope: 'socialplanner/statistics.readonly',
  version: 'v3',
  isRepeatable: true,
  holder: ({ locationId }) => ({ kind: 'location', locationId }),
  path: () => segments('social-media-posting', 'statistics'),
  query: ({ locationId }) => ({ locationId }),
  body: ({ profileIds, platforms, current, previous }) => ({
    profileIds,
    ...(platforms && { platforms }),
    currentRange: toRange(current),
    ...(previous && { prevRange: toRange(previous) }),
  }),
  read: readAnswer,
});

const toRange = ({ startsAt, endsAt }: InstantRange) => ({
  startDate: new Date(startsAt).toISOString(),
  endDate: new Date(endsAt).toISOString(),
});
