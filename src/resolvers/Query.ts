import { badInput } from '../model/errors.ts';
import { mayRead } from '../model/caller.ts';
import { toLocationId } from '../model/ids.ts';
import { mostListed } from '../reads/locations.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import { atMost, pageSize, searchText, statisticsWish } from './arguments.ts';
import { cursorSpace } from './cursor.ts';
import type { GatewayContext } from './context.ts';

/** Where ids enter the graph: access is decided here and never again below. */
export const Query: QueryResolvers = {
  viewer: (_root, _args, { caller }) => caller,

  location: (_root, { id: text }, { caller }) => {
    const id = toLocationId(text);
    return id !== null && mayRead(caller, id) ? { id } : null;
  },

  locations: async (_root, { first, after, filter }, { caller, loaders }) => {
    const size = pageSize(first);
    const search = searchText(filter?.search);
    const ids = filter?.ids == null ? null : [...new Set(atMost(filter.ids, 100, 'filter.ids'))].sort();
    const space = cursorSpace(['locations', ids, search]);
    const start = after == null ? '' : space.decode(after);
    const readable = search === null ? await loaders.readableLocationIds() : await idsNamed(search, loaders);
    const wanted = ids === null ? readable : readable.filter((id) => ids.includes(id));
    const rest = wanted.filter((id) => id > start);
    return {
      locations: rest.slice(0, size).map((id) => ({ location: { id }, cursor: space.encode(id) })),
      hasNextPage: rest.length > size,
      hasPreviousPage: rest.length < wanted.length,
      totalCount: readable.length >= mostListed && caller.locations === 'all' ? null : wanted.length, // the list may be cut
    };
  },

  accountStatistics: (_root, { input }, { loaders }) =>
    loaders.accountStatistics.load({ wish: input == null ? null : statisticsWish(input) }),
};

const idsNamed = async (search: string, loaders: GatewayContext['loaders']) => {
  const needle = search.toLocaleLowerCase();
  if (needle.length < 2) throw badInput('`filter.search` takes at least 2 characters.');
  const records = await loaders.companyLocations();
  return records.filter(({ name }) => name?.toLocaleLowerCase().includes(needle)).map(({ id }) => id);
};
