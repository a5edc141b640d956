import type { LocationId, TagId } from '../../model/ids.ts';
import type { TagRecord } from '../../model/tag.ts';
import { endpoint, segments } from '../endpoint.ts';
import { readRows, results } from '../read.ts';
import { toTagRecord, upstreamTag } from './tag-record.ts';

/** Ids that one call carries. Upstream documents no maximum; 100 is what its other lists take. */
export const tagIdsPerCall = 100;

/** Which tags, at most `tagIdsPerCall`. */
export interface ReadTagDetailsInput {
  readonly locationId: LocationId;
  readonly tagIds: readonly TagId[];
}

/** POST /social-media-posting/{locationId}/tags/details, a read that answers 201. Unknown ids are absent, the order is not promised. */
export const readTagDetails = endpoint<ReadTagDetailsInput, readonly TagRecord[]>({
  name: 'readTagDetails',
  method: 'POST',
  scope: 'socialplanner/tag.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: ({ locationId }) => ({ kind: 'location', locationId }),
  path: ({ locationId }) => segments('social-media-posting', locationId, 'tags', 'details'),
  body: ({ tagIds }) => ({ tagIds }),
  read: (body, note) =>
    readRows(upstreamTag, results(body)['tags'], {
      note,
      field: 'results.tags',
      emptyTexts: ['Tags not found'],
    }).rows.map(({ value }) => toTagRecord(value)),
});
