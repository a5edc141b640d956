import { badInput } from '../model/errors.ts';
import { mostListed } from '../reads/locations.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import { atMost, pageSize, searchText, statisticsWish } from './arguments.ts';
import { cursorSpace } from './cursor.ts';
import type { GatewayContext } from './context.ts';

/** Where ids enter the graph: access is decided here and never again below. */
export const Query: QueryResolvers = {
  viewer: (_root, _args, { caller }) => caller,

  location: (_root, { id: text }, { readable }) => {
    const id = readable(text);
    return id && { id };
  },

  locations: async (_root, { first, after, filter }, { caller, readable, admit, loaders }) => {
    const size = pageSize(first);
    const search = searchText(filter?.search);
    const ids = filter?.ids == null ? null : [...new Set(atMost(filter.ids, 100, 'filter.ids'))].sort();
    const space = cursorSpace(['locations', ids, search]);
    const start = after == null ? '' : space.decode(after);
    const own = ids && new Set(ids.map(readable));
    const listed = search === null ? await loaders.readableLocationIds() : await idsNamed(search, loaders);
    const wanted = own === null ? listed : listed.filter((id) => own.has(id));
    const rest = wanted.filter((id) => id > start);
    const page = rest.slice(0, size);
    await admit(page);
    return {
      locations: page.map((id) => ({ location: { id }, cursor: space.encode(id) })),
      hasNextPage: rest.length > size,
      hasPreviousPage: rest.length < wanted.length,
      totalCount: listed.length >= mostListed && caller.locations === 'all' ? null : wanted.length, // the list may be cut
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
