import { page, search } from '../paging.ts';
import { envelope } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import type { Location, Tag } from '../seed.ts';

/** A tag as the vendor writes it. */
export const tagRow = (tag: Tag, location: Location): Readonly<Record<string, unknown>> => ({
  _id: tag.id,
  tag: tag.name,
  locationId: location.id,
  createdBy: tag.createdBy,
  deleted: tag.isDeleted,
  createdAt: new Date(tag.createdAt).toISOString(),
  updatedAt: new Date(tag.updatedAt).toISOString(),
});

/** In order of creation, without deleted ones. `count` is the total of the search; without any tag a text is the list. */
export const listTags: LocationRoute = {
  name: 'listTags',
  kind: 'location',
  method: 'GET',
  path: '/social-media-posting/:locationId/tags',
  scope: 'socialplanner/tag.readonly',
  locationIn: 'params',
  answer: ({ query }, { state, incompleteListRows }, location) => {
    const alive = state.tags(location.id).filter(({ isDeleted }) => !isDeleted);
    const found = search(alive, query['searchText'], ({ name }) => name);
    const rows = page(found, query, 10).map((tag) =>
      incompleteListRows ? { _id: tag.id, tag: tag.name, locationId: location.id } : tagRow(tag, location),
    );
    const tags = found.length === 0 ? 'Tags not found for Location Id' : rows;
    return envelope(200, 'Fetched Tags by Location ID', { tags, count: found.length });
  },
};
