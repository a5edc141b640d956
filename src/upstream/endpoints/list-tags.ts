import type { LocationId } from '../../model/ids.ts';
import type { TagRow, TagRows } from '../../model/tag.ts';
import { endpoint, segments } from '../endpoint.ts';
import { count, read, readRows, results } from '../read.ts';
import { toTagRecord, upstreamTag, type UpstreamTag } from './tag-record.ts';

/** Which page: `limit` 1 to 100, `skip` from 0. */
export interface ListTagsInput {
  readonly locationId: LocationId;
  readonly search: string | null;
  readonly limit: number;
  readonly skip: number;
}

/** GET /social-media-posting/{locationId}/tags. Upstream documents neither the order nor the maximum of `limit`. */
export const listTags = endpoint<ListTagsInput, TagRows>({
  name: 'listTags',
  method: 'GET',
  scope: 'socialplanner/tag.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: ({ locationId }) => ({ kind: 'location', locationId }),
  path: ({ locationId }) => segments('social-media-posting', locationId, 'tags'),
  query: ({ search, limit, skip }) => ({ searchText: search ?? undefined, limit: String(limit), skip: String(skip) }),
  read: (body, note, { limit, skip }) => {
    const { tags, count: rawCount } = results(body);
    const list = readRows(upstreamTag, tags, {
      note,
      field: 'results.tags',
      emptyTexts: ['Tags not found for Location Id'],
    });
    return page(
      list.rows.map(({ value, index }) => toRow(value, skip + index)),
      { length: list.length, limit, skip, count: read(count, rawCount, note, 'results.count') },
    );
  },
});

// A row is the full record when it says when the tag was last changed; rows with id and name alone make batching necessary.
const toRow = (tag: UpstreamTag, offset: number): TagRow => {
  const record = toTagRecord(tag);
  return { id: record.id, name: record.name, record: record.updatedAt === null ? null : record, offset };
};

// `count` is not documented to be the page's or the total (README §3). Where it exceeds the rows it is the total, and tells whether
// there is more, also when upstream gives fewer rows than asked for; else a full page has a next one, and the total is not told.
const page = (
  rows: readonly TagRow[],
  { length, limit, skip, count }: { length: number; limit: number; skip: number; count: number | null },
): TagRows => {
  const isFull = length >= limit;
  const isTotal = count !== null && count > length && count >= skip + length;
  return {
    rows,
    hasNextPage: isTotal ? length > 0 && skip + length < count : isFull,
    totalCount: isTotal ? count : isFull || (length === 0 && skip > 0) ? null : skip + length,
  };
};
