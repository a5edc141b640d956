import { z } from 'zod';
import { toProfileId, type LocationId } from '../../model/ids.ts';
import { platformOf, type SocialAccount } from '../../model/social-account.ts';
import { endpoint, segments } from '../endpoint.ts';
import { flag, idOf, instant, moment, readRows, results, text } from '../read.ts';

// Of the three ids, `id` is what posts and groups use and `profileId` what statistics want (README §3); both must be there.
const upstreamAccount = z.object({
  id: z.string().min(1),
  profileId: idOf(toProfileId),
  name: text,
  platform: z.string().min(1).max(64),
  type: text,
  expire: moment,
  isExpired: flag,
  deleted: flag,
  hasStatisticsPermissions: flag,
});

/** GET /social-media-posting/{locationId}/accounts. No parameters, no paging; deleted accounts are left out. */
export const listAccounts = endpoint<{ readonly locationId: LocationId }, readonly SocialAccount[]>({
  name: 'listAccounts',
  method: 'GET',
  scope: 'socialplanner/account.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: ({ locationId }) => ({ kind: 'location', locationId }),
  path: ({ locationId }) => segments('social-media-posting', locationId, 'accounts'),
  read: (body, note) =>
    readRows(upstreamAccount, results(body)['accounts'], { note, field: 'results.accounts' })
      .rows.filter(({ value }) => value.deleted !== true)
      .map(({ value }) => toAccount(value)),
});

const toAccount = (account: z.infer<typeof upstreamAccount>): SocialAccount => ({
  id: account.id,
  profileId: account.profileId,
  name: account.name,
  platform: platformOf(account.platform),
  platformKey: account.platform,
  accountType: account.type,
  isExpired: account.isExpired === true,
  expiresAt: instant(account.expire),
  hasStatisticsPermission: account.hasStatisticsPermissions !== false,
});
