import { asError } from '../model/errors.ts';
import type { Fetched } from '../model/freshness.ts';
import type { LocationId, TagId } from '../model/ids.ts';
import type { TagRecord } from '../model/tag.ts';
import type { Cause } from '../upstream/endpoint.ts';
import { readTagDetails, tagIdsPerCall } from '../upstream/endpoints/read-tag-details.ts';
import type { ReadDeps } from './deps.ts';

/** Full records by id; null for an id that upstream does not know, the Error of its call for one that could not be read. */
export type ReadTagDetails = (
  locationId: LocationId,
  tagIds: readonly TagId[],
  cause: Cause,
) => Promise<ReadonlyMap<TagId, Fetched<TagRecord> | null | Error>>;

/** One upstream call for each hundred ids that are not kept; answers are paired by id, never by place. */
export const createReadTagDetails =
  ({ cache, keys, upstream }: ReadDeps): ReadTagDetails =>
  (locationId, tagIds, cause) =>
    cache.getOrLoadMany(
      tagIds,
      (tagId) => keys.tagDetails(locationId, tagId),
      async (missing, signal) => {
        const calls = chunks(missing, tagIdsPerCall).map(
          async (tagIds): Promise<(readonly [TagId, TagRecord | Error])[]> => {
            try {
              const records = await upstream.call(readTagDetails, { locationId, tagIds }, { ...cause, signal });
              return records.map((record) => [record.id, record]);
            } catch (error) {
              return tagIds.map((tagId) => [tagId, asError(error)]); // the ids of the other calls are not to blame
            }
          },
        );
        return new Map((await Promise.all(calls)).flat());
      },
      cause.signal,
    );

/** The list in pieces of at most `size`. */
export const chunks = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
