import type { Freshness } from './freshness.ts';
import type { ProfileId } from './ids.ts';

/** The platforms that this release knows, in the order in which answers list them. */
export const platforms = [
  'FACEBOOK',
  'INSTAGRAM',
  'LINKEDIN',
  'GOOGLE',
  'PINTEREST',
  'YOUTUBE',
  'TIKTOK',
  'TWITTER',
  'OTHER',
] as const;
/** A platform; OTHER stands for every key of upstream's that this release does not know. */
export type SocialPlatform = (typeof platforms)[number];

/** The platform behind upstream's key, whatever its case. */
export const platformOf = (key: string): SocialPlatform =>
  platforms.find((platform) => platform !== 'OTHER' && platform === key.toUpperCase()) ?? 'OTHER';

/** A social account connected to a location. */
export interface SocialAccount {
  readonly id: string;
  readonly profileId: ProfileId;
  readonly name: string | null;
  readonly platform: SocialPlatform;
  /** The platform exactly as upstream spells it. */
  readonly platformKey: string;
  readonly accountType: string | null;
  readonly isExpired: boolean;
  /** Epoch milliseconds. */
  readonly expiresAt: number | null;
  /** False only where upstream says so; where it is silent the account is asked for. */
  readonly hasStatisticsPermission: boolean;
}

/** The accounts of a location, and how fresh they are. */
export interface SocialAccounts {
  readonly nodes: readonly SocialAccount[];
  readonly freshness: Freshness;
}

/** Of LinkedIn upstream has statistics for pages only, of TikTok for business accounts only, of Twitter none (upstream README §3). */
export const supportsStatistics = ({ platform, accountType, hasStatisticsPermission }: SocialAccount): boolean => {
  if (!hasStatisticsPermission || platform === 'TWITTER' || platform === 'OTHER') return false;
  if (platform === 'LINKEDIN') return accountType === 'page';
  return platform !== 'TIKTOK' || accountType === 'business';
};
