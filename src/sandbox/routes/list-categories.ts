import { hashOf, hexOf } from '../chance.ts';
import { page, search } from '../paging.ts';
import { envelope } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import type { Location } from '../seed.ts';

const CREATED_AT = '2024-03-04T09:00:00.000Z';
const CATEGORIES: readonly (readonly [name: string, color: string])[] = [
  ['Education', '#32a852'],
  ['Offers', '#d97706'],
  ['Community', '#2563eb'],
];

/** A location that posts has all three categories, another one none. */
export const categoriesOf = ({ id, plan, userIds }: Location) =>
  (plan.postCount === 0 ? [] : CATEGORIES).map(([name, color]) => ({
    _id: hexOf(24, hashOf(id, 'category', name)),
    name,
    primaryColor: color,
    secondaryColor: '#FFFFFF',
    locationId: id,
    createdBy: userIds[0] ?? '',
    deleted: false,
    createdAt: CREATED_AT,
    updatedAt: CREATED_AT,
  }));

/** Unlike tags, no category is an empty list. */
export const listCategories: LocationRoute = {
  name: 'listCategories',
  kind: 'location',
  method: 'GET',
  path: '/social-media-posting/:locationId/categories',
  scope: 'socialplanner/category.readonly',
  locationIn: 'params',
  answer: ({ query }, _world, location) => {
    const found = search(categoriesOf(location), query['searchText'], ({ name }) => name);
    return envelope(200, 'Fetched Categories by Location ID', {
      count: found.length,
      categories: page(found, query, 10),
    });
  },
};
