import type { ProfileId } from '../model/ids.ts';
import { supportsStatistics, type SocialAccount } from '../model/social-account.ts';
import { warning, type Warning } from '../model/statistics.ts';
import type { StatisticsWish } from './wish.ts';

/** The profiles to ask for. Expired accounts and those without permission yield nothing upstream (README §3): they are left out and
 * named, never shown as zeros. */
export const selectProfiles = (
  accounts: readonly SocialAccount[],
  { profileIds, platforms }: Pick<StatisticsWish, 'profileIds' | 'platforms'>,
) => {
  const wished = accounts.filter(
    (account) =>
      (profileIds === null || profileIds.includes(account.profileId)) &&
      (platforms === null || platforms.includes(account.platform)),
  );
  // One profile may be connected twice, of old and anew: it is live where one of its accounts is.
  const live = new Set(
    wished.filter((one) => !one.isExpired && supportsStatistics(one)).map(({ profileId }) => profileId),
  );
  const warnings = wished.flatMap((account): Warning[] => {
    if (live.has(account.profileId)) return [];
    const about = { profileId: account.profileId, platformKey: account.platformKey };
    if (account.isExpired) return [warning('ACCOUNT_EXPIRED', 'Left out: its platform connection ran out.', about)];
    if (!account.hasStatisticsPermission) {
      return [
        warning('ACCOUNT_WITHOUT_PERMISSION', 'Left out: upstream grants no statistics permission for it.', about),
      ];
    }
    // Of a kind that has no statistics: worth a word only where it was asked for by name.
    return profileIds === null
      ? []
      : [warning('ACCOUNT_WITHOUT_PERMISSION', 'Left out: upstream has no statistics for such accounts.', about)];
  });
  // An id that is not in the list is asked for all the same, the list may be older than the account; upstream answers zeros for it.
  const known = new Set(accounts.map(({ profileId }) => profileId));
  const unknown = (profileIds ?? []).filter((id) => !known.has(id));
  const asked = profileIds?.filter((id) => live.has(id) || !known.has(id)) ?? live;
  return { profileIds: [...new Set(asked)], warnings: [...warnings, ...namedUnknown(unknown)] };
};

const namedUnknown = (ids: readonly ProfileId[]): Warning[] => {
  if (ids.length === 0) return [];
  const message = `${ids.length} of the profiles asked for are not among the location's accounts; upstream counts nothing for them.`;
  return [warning('ACCOUNT_UNKNOWN', message, ids.length === 1 ? { profileId: ids[0] ?? null } : {})];
};
