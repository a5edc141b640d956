import { envelope } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import { categoriesOf } from './list-categories.ts';

/** An unknown id is 200 with a text where the category belongs. The spelling of the message is the vendor's. */
export const readCategory: LocationRoute = {
  name: 'readCategory',
  kind: 'location',
  method: 'GET',
  path: '/social-media-posting/:locationId/categories/:id',
  scope: 'socialplanner/category.readonly',
  locationIn: 'params',
  answer: ({ params }, _world, location) =>
    envelope(200, 'Fetched Catagory', {
      category: categoriesOf(location).find(({ _id }) => _id === params['id']) ?? 'Category not found',
    }),
};
