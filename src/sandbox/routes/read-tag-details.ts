import { unprocessable } from '../errors.ts';
import { envelope, isRecord } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import { tagRow } from './list-tags.ts';

const wantedIds = (body: unknown): ReadonlySet<string> => {
  const ids = isRecord(body) ? body['tagIds'] : undefined;
  if (!Array.isArray(ids)) throw unprocessable(['each value in tagIds must be a string', 'tagIds must be an array']);
  const texts = ids.filter((id) => typeof id === 'string');
  if (texts.length < ids.length) throw unprocessable(['each value in tagIds must be a string']);
  return new Set(texts);
};

/** A POST that only reads and answers 201. Unknown ids are left out; the order is the location's, not the caller's. */
export const readTagDetails: LocationRoute = {
  name: 'readTagDetails',
  kind: 'location',
  method: 'POST',
  path: '/social-media-posting/:locationId/tags/details',
  scope: 'socialplanner/tag.readonly',
  locationIn: 'params',
  answer: ({ body }, { state }, location) => {
    const wanted = wantedIds(body);
    const found = state.tags(location.id).filter(({ id }) => wanted.has(id));
    const tags = found.length === 0 ? 'Tags not found' : found.map((tag) => tagRow(tag, location));
    return envelope(201, 'Fetched Tags by Tag IDs', { tags, count: found.length });
  },
};
