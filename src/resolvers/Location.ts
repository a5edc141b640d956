import { toTagId } from '../model/ids.ts';
import type { TagDetails as TagDetailsModel } from '../model/tag.ts';
import type { LocationConnectionResolvers, LocationResolvers } from '../generated/resolvers.ts';
import { atMost, pageSize, searchText, statisticsWish } from './arguments.ts';
import { cursorSpace, decodeOffset } from './cursor.ts';
import { toTagDetails, toTagPage } from './Tag.ts';

/** A location is an id; each field loads what it needs, and equal needs are one load. */
export const Location: LocationResolvers = {
  name: async ({ id }, _args, { loaders }) => (await loaders.locationRecords.load(id)).name,
  timeZone: async ({ id }, _args, { loaders }) => (await loaders.locationRecords.load(id)).timeZone,
  city: async ({ id }, _args, { loaders }) => (await loaders.locationRecords.load(id)).city,
  country: async ({ id }, _args, { loaders }) => (await loaders.locationRecords.load(id)).country,

  installation: ({ id }, _args, { state, signal }) => state.installation(id, signal),
  quota: ({ id }, _args, { state }) => state.quota(id),

  socialAccounts: async ({ id }, { platforms, includeExpired }, { loaders }) => {
    const { value, freshness } = await loaders.socialAccounts.load(id);
    const nodes = value.filter(
      (account) =>
        (includeExpired || !account.isExpired) && (platforms == null || platforms.includes(account.platform)),
    );
    return { nodes, freshness };
  },

  tags: async ({ id: locationId }, { first, after, search }, { loaders }) => {
    const text = searchText(search);
    const space = cursorSpace(['tags', locationId, text]);
    const skip = after == null ? 0 : decodeOffset(space, after) + 1;
    const page = await loaders.tagPages.load({ locationId, search: text, limit: pageSize(first), skip });
    return toTagPage(page, locationId, space);
  },

  tag: async ({ id: locationId }, { id }, { loaders }) => {
    const tagId = toTagId(id);
    const found = tagId && (await loaders.tagDetails.load({ locationId, id: tagId }));
    return (
      found && { id: found.value.id, name: found.value.name, locationId, details: toTagDetails(found, locationId) }
    );
  },

  tagDetails: ({ id: locationId }, { ids }, { loaders }) =>
    // Promises, not their sum: an id that could not be read is null with an error of its own.
    atMost(ids, 1_000, 'ids').map(async (text) => {
      const tagId = toTagId(text);
      const found = tagId && (await loaders.tagDetails.load({ locationId, id: tagId }));
      return found && toTagDetails(found, locationId);
    }) as Promise<TagDetailsModel>[], // the generated type knows no promise of null in a list; GraphQL does

  statistics: ({ id: locationId }, { input }, { loaders }) =>
    loaders.statistics.load({ locationId, wish: statisticsWish(input) }),
};

/** Pages of locations. */
export const LocationConnection: LocationConnectionResolvers = {
  edges: ({ locations }) => locations.map(({ location, cursor }) => ({ cursor, node: location })),
  nodes: ({ locations }) => locations.map(({ location }) => location),
  pageInfo: ({ locations, hasNextPage, hasPreviousPage }) => ({
    hasNextPage,
    hasPreviousPage,
    startCursor: locations.at(0)?.cursor ?? null,
    endCursor: locations.at(-1)?.cursor ?? null,
  }),
};
