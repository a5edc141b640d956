import DataLoader from 'dataloader';
import { digest } from '../cache/keys.ts';
import { mayRead, type Caller } from '../model/caller.ts';
import type { Fetched } from '../model/freshness.ts';
import type { LocationId, TagId } from '../model/ids.ts';
import type { LocationRecord } from '../model/location.ts';
import type { SocialAccount } from '../model/social-account.ts';
import type { Statistics } from '../model/statistics.ts';
import type { TagRecord, TagRows } from '../model/tag.ts';
import type { Reads } from '../reads/index.ts';
import type { StatisticsWish } from '../reads/wish.ts';
import type { Cause } from '../upstream/cause.ts';
import type { ListTagsInput } from '../upstream/endpoints/list-tags.ts';
import { batchByLocation, batchOfOne } from './batch-by-location.ts';

/** Which tag. */
interface TagKey {
  readonly locationId: LocationId;
  readonly id: TagId;
}

/** Which statistics. */
interface StatisticsKey {
  readonly locationId: LocationId;
  readonly wish: StatisticsWish;
}

/** The loaders of one operation: equal questions are asked once, tag ids of a location travel together. */
export interface Loaders {
  readonly tagPages: DataLoader<ListTagsInput, Fetched<TagRows>, string>;
  readonly tagDetails: DataLoader<TagKey, Fetched<TagRecord> | null, string>;
  readonly socialAccounts: DataLoader<LocationId, Fetched<readonly SocialAccount[]>>;
  readonly statistics: DataLoader<StatisticsKey, Statistics, string>;
  /** A wish of null is the default. */
  readonly accountStatistics: DataLoader<{ readonly wish: StatisticsWish | null }, Statistics, string>;
  readonly locationRecords: DataLoader<LocationId, LocationRecord>;
  /** All locations of the company that the caller may read, with their names. */
  readonly companyLocations: () => Promise<readonly LocationRecord[]>;
  /** The ids that the caller may read, in order. Costs upstream calls only where the caller may read all. */
  readonly readableLocationIds: () => Promise<readonly LocationId[]>;
}

/** What loaders are made from; they live as long as one operation, so one caller's answers never reach another. */
export interface LoaderDeps {
  readonly reads: Reads;
  readonly caller: Caller;
  readonly cause: Cause;
}

/** Fresh loaders for one operation. */
export const createLoaders = ({ reads, caller, cause }: LoaderDeps): Loaders => {
  const companyLocations = () => reads.companyLocations(cause, (id) => mayRead(caller, id));
  const readableLocationIds = async () =>
    caller.locations === 'all' ? (await companyLocations()).map(({ id }) => id) : [...caller.locations].sort();
  return {
    tagPages: new DataLoader(
      batchOfOne((input: ListTagsInput) => reads.tagPage(input, cause)),
      { cacheKeyFn: digest },
    ),
    tagDetails: new DataLoader(
      batchByLocation<TagId, Fetched<TagRecord> | null | Error>((locationId, tagIds) =>
        reads.tagDetails(locationId, tagIds, cause),
      ),
      { cacheKeyFn: ({ locationId, id }) => `${locationId} ${id}` },
    ),
    socialAccounts: new DataLoader(batchOfOne((locationId) => reads.socialAccounts(locationId, cause))),
    statistics: new DataLoader(
      batchOfOne(({ locationId, wish }: StatisticsKey) => reads.statistics(locationId, wish, cause)),
      { cacheKeyFn: digest },
    ),
    accountStatistics: new DataLoader(
      batchOfOne(({ wish }: { wish: StatisticsWish | null }) =>
        reads.accountStatistics({ locationIds: readableLocationIds, isOfCompany: caller.isOfCompany }, wish, cause),
      ),
      { cacheKeyFn: digest },
    ),
    locationRecords: new DataLoader(batchOfOne((locationId) => reads.location(locationId, cause))),
    companyLocations,
    readableLocationIds,
  };
};
