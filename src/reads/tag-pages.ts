import type { Fetched } from '../model/freshness.ts';
import type { TagRows } from '../model/tag.ts';
import type { Cause } from '../upstream/cause.ts';
import { listTags, type ListTagsInput } from '../upstream/endpoints/list-tags.ts';
import type { ReadDeps } from './deps.ts';

/** A page of a location's tags. */
export type ReadTagPage = (input: ListTagsInput, cause: Cause) => Promise<Fetched<TagRows>>;

/** One upstream call for a page that is not kept. */
export const createReadTagPage =
  ({ cache, keys, upstream }: ReadDeps): ReadTagPage =>
  (input, cause) =>
    cache.getOrLoad(keys.tagPage(input), (all) => upstream.call(listTags, input, all), cause);
