import type { Route } from '../route.ts';
import { chooseLocation, decideLocation } from './choose-location.ts';
import { installedLocations } from './installed-locations.ts';
import { listAccounts } from './list-accounts.ts';
import { listCategories } from './list-categories.ts';
import { listPosts } from './list-posts.ts';
import { listTags } from './list-tags.ts';
import { locationToken } from './location-token.ts';
import { readAccountStatistics } from './read-account-statistics.ts';
import { readCategory } from './read-category.ts';
import { readLocation } from './read-location.ts';
import { readPost } from './read-post.ts';
import { readStatistics } from './read-statistics.ts';
import { readTagDetails } from './read-tag-details.ts';
import { reconnect } from './reconnect.ts';
import { searchLocations } from './search-locations.ts';
import { token } from './token.ts';

/** Every endpoint of the sandbox; a new one is a file here and a line in this list. */
export const ROUTES: readonly Route[] = [
  listTags,
  readTagDetails,
  listAccounts,
  readStatistics,
  readAccountStatistics,
  readLocation,
  searchLocations,
  chooseLocation,
  decideLocation,
  token,
  locationToken,
  installedLocations,
  reconnect,
  listCategories,
  readCategory,
  listPosts,
  readPost,
];
