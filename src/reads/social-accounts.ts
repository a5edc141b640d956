import type { Fetched } from '../model/freshness.ts';
import type { LocationId } from '../model/ids.ts';
import type { SocialAccount } from '../model/social-account.ts';
import type { Cause } from '../upstream/cause.ts';
import { listAccounts } from '../upstream/endpoints/list-accounts.ts';
import type { ReadDeps } from './deps.ts';

/** All social accounts of a location. */
export type ReadSocialAccounts = (locationId: LocationId, cause: Cause) => Promise<Fetched<readonly SocialAccount[]>>;

/** One upstream call where they are not kept. */
export const createReadSocialAccounts =
  ({ cache, keys, upstream }: ReadDeps): ReadSocialAccounts =>
  (locationId, cause) =>
    cache.getOrLoad(keys.socialAccounts(locationId), (all) => upstream.call(listAccounts, { locationId }, all), cause);
