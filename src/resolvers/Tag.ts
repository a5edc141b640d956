import type { Fetched } from '../model/freshness.ts';
import type { LocationId } from '../model/ids.ts';
import type { TagDetails as TagDetailsModel, TagPage, TagRecord, TagRows } from '../model/tag.ts';
import type { TagConnectionResolvers, TagDetailsResolvers, TagResolvers } from '../generated/resolvers.ts';
import type { CursorSpace } from './cursor.ts';

/** A tag; its record costs nothing where the list already carried it. */
export const Tag: TagResolvers = {
  location: ({ locationId }) => ({ id: locationId }),
  details: async ({ id, locationId, details }, _args, { loaders }) => {
    if (details !== null) return details;
    const found = await loaders.tagDetails.load({ locationId, id });
    return found && toTagDetails(found, locationId);
  },
};

/** The full record; the name is the tag's. */
export const TagDetails: TagDetailsResolvers = {
  id: ({ record }) => record.id,
  tag: (details) => ({ id: details.record.id, name: details.record.name, locationId: details.locationId, details }),
  createdAt: ({ record }) => record.createdAt,
  updatedAt: ({ record }) => record.updatedAt,
  createdById: ({ record }) => record.createdById,
  isDeleted: ({ record }) => record.isDeleted,
};

/** Pages of tags. */
export const TagConnection: TagConnectionResolvers = {
  edges: ({ tags }) => tags.map(({ tag, cursor }) => ({ cursor, node: tag })),
  nodes: ({ tags }) => tags.map(({ tag }) => tag),
  pageInfo: ({ tags, hasNextPage }) => ({
    hasNextPage,
    hasPreviousPage: false,
    startCursor: tags.at(0)?.cursor ?? null,
    endCursor: tags.at(-1)?.cursor ?? null,
  }),
};

/** A read record as the graph has it. */
export const toTagDetails = ({ value, freshness }: Fetched<TagRecord>, locationId: LocationId): TagDetailsModel => ({
  locationId,
  record: value,
  freshness,
});

/** A read page as the graph has it; complete rows bring their details along. */
export const toTagPage = (
  { value, freshness }: Fetched<TagRows>,
  locationId: LocationId,
  space: CursorSpace,
): TagPage => ({
  tags: value.rows.map(({ id, name, record, offset }) => ({
    tag: { id, name, locationId, details: record && { locationId, record, freshness } },
    cursor: space.encode(String(offset)),
  })),
  hasNextPage: value.hasNextPage,
  totalCount: value.totalCount,
  freshness,
});
