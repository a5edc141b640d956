import type { Fetched } from '../model/freshness.ts';
import type { LocationId, TagId } from '../model/ids.ts';
import type { TagRecord } from '../model/tag.ts';
import type { Cause } from '../upstream/endpoint.ts';
import { readTagDetails, tagIdsPerCall } from '../upstream/endpoints/read-tag-details.ts';
import type { ReadDeps } from './deps.ts';

/** Full records by id; null for an id that upstream does not know. */
export type ReadTagDetails = (
  locationId: LocationId,
  tagIds: readonly TagId[],
  cause: Cause,
) => Promise<ReadonlyMap<TagId, Fetched<TagRecord> | null>>;

/** One upstream call for each hundred ids that are not kept; answers are paired by id, never by place. */
export const createReadTagDetails =
  ({ cache, keys, upstream }: ReadDeps): ReadTagDetails =>
  (locationId, tagIds, cause) =>
    cache.getOrLoadMany(
      tagIds,
      (tagId) => keys.tagDetails(locationId, tagId),
      async (missing, signal) => {
        const calls = chunks(missing, tagIdsPerCall).map((ids) =>
          upstream.call(readTagDetails, { locationId, tagIds: ids }, { ...cause, signal }),
        );
        return new Map((await Promise.all(calls)).flat().map((record) => [record.id, record]));
      },
      cause.signal,
    );

/** The list in pieces of at most `size`. */
export const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
