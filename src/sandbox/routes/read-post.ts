import { notFound } from '../errors.ts';
import { envelope } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import { postRow } from './list-posts.ts';

/** One post made through the planner; an unknown id is 404, which the vendor does not document. */
export const readPost: LocationRoute = {
  name: 'readPost',
  kind: 'location',
  method: 'GET',
  path: '/social-media-posting/:locationId/posts/:id',
  scope: 'socialplanner/post.readonly',
  locationIn: 'params',
  answer: ({ params, version }, { postsOf }, location) => {
    const post = postsOf(location).find(({ id }) => id === params['id']);
    if (post === undefined) throw notFound('Post not found');
    return envelope(200, 'Fetched Post', { post: postRow(post, location, { isV3: version === 'v3', withUser: true }) });
  },
};
