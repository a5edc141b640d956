import type { Fetched } from '../model/freshness.ts';
import type { LocationId, TagId } from '../model/ids.ts';
import type { TagRecord } from '../model/tag.ts';
import type { Cause } from '../upstream/cause.ts';
import { readTagDetails, tagIdsPerCall } from '../upstream/endpoints/read-tag-details.ts';
import { createCollector } from './collector.ts';
import type { ReadDeps } from './deps.ts';

/** Full records by id; null for an id that upstream does not know, the Error of its call for one that could not be read. */
export type ReadTagDetails = (
  locationId: LocationId,
  tagIds: readonly TagId[],
  cause: Cause,
) => Promise<ReadonlyMap<TagId, Fetched<TagRecord> | null | Error>>;

/** Ids that are not kept travel a hundred in a call, with those that other operations ask for at about the same time; answers are paired
 * by id, never by place. */
export const createReadTagDetails = ({ cache, keys, upstream, tally }: ReadDeps): ReadTagDetails => {
  const { collect } = createCollector({
    mostIds: tagIdsPerCall,
    tally,
    send: async (locationId, tagIds: readonly TagId[], cause): Promise<ReadonlyMap<TagId, TagRecord>> => {
      const records = await upstream.call(readTagDetails, { locationId, tagIds }, cause);
      return new Map(records.map((record) => [record.id, record]));
    },
  });
  return (locationId, tagIds, cause) =>
    cache.getOrLoadMany(
      tagIds,
      (tagId) => keys.tagDetails(locationId, tagId),
      (missing, all) => collect(locationId, missing, all),
      cause,
    );
};
