import { hashOf, hexOf } from '../chance.ts';
import { envelope } from '../route.ts';
import type { LocationRoute } from '../route.ts';
import type { Account, Location } from '../seed.ts';

const DAY_MS = 86_400_000;

const accountRow = (account: Account, now: number): Readonly<Record<string, unknown>> => ({
  id: account.id,
  oauthId: account.oauthId,
  profileId: account.profileId,
  name: account.name,
  platform: account.platform,
  type: account.type,
  expire: new Date(now + (account.isExpired ? -12 : 48) * DAY_MS).toISOString(),
  isExpired: account.isExpired,
  meta: account.platform === 'google' ? { hasGoogleUpdated: true, canDelete: true } : {},
  avatar: `https://images.example.com/avatars/${account.profileId}.png`,
  originId: account.originId,
  deleted: false,
  updatedAt: new Date(now - DAY_MS).toISOString(),
  hasStatisticsPermissions: account.hasStatisticsPermissions,
  buildingStatistics: false,
  syncPosts: true,
});

const groupsOf = ({ id, accounts }: Location) =>
  accounts.length < 2
    ? []
    : [{ id: hexOf(24, hashOf(id, 'group')), name: 'Everywhere', accountIds: accounts.map((one) => one.id) }];

/** All accounts at once: the vendor pages none of them. */
export const listAccounts: LocationRoute = {
  name: 'listAccounts',
  kind: 'location',
  method: 'GET',
  path: '/social-media-posting/:locationId/accounts',
  scope: 'socialplanner/account.readonly',
  locationIn: 'params',
  answer: (_call, { clock }, location) => {
    const midnight = Math.floor(clock() / DAY_MS) * DAY_MS; // the same answer all day long
    const accounts = location.accounts.map((account) => accountRow(account, midnight));
    return envelope(200, 'Fetched Accounts', { accounts, groups: groupsOf(location) });
  },
};
