import { alphanumericOf, hashOf, hexOf, mix, pick } from './chance.ts';
import { branchPlan, PLANS } from './plans.ts';
import type { AccountPlan, LocationPlan } from './plans.ts';
import { tagName } from './tag-names.ts';

/** A connected account; the vendor's row is made of it in routes/. */
export interface Account {
  readonly id: string;
  readonly oauthId: string;
  readonly originId: string;
  readonly profileId: string;
  readonly name: string;
  readonly platform: string;
  readonly type: AccountPlan['type'];
  readonly isExpired: boolean;
  readonly hasStatisticsPermissions: boolean;
}

/** A tag; the store changes it, nobody else. Times are epoch milliseconds. */
export interface Tag {
  readonly id: string;
  name: string;
  readonly createdAt: number;
  updatedAt: number;
  readonly createdBy: string;
  isDeleted: boolean;
}

/** A location as seeded; it never changes. */
export interface Location {
  readonly id: string;
  readonly companyId: string;
  readonly plan: LocationPlan;
  readonly userIds: readonly string[];
  readonly accounts: readonly Account[];
}

/** All that follows from a seed before the first call. */
export interface Seeded {
  readonly companyId: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly locations: readonly Location[];
}

const FIRST_TAG_AT = Date.UTC(2024, 2, 4, 9);
const HOUR_MS = 3_600_000;
const ID_ENDINGS: Readonly<Record<string, string>> = { page: '_page', profile: '_profile' };

const seedAccount = (location: { id: string; plan: LocationPlan }, plan: AccountPlan, hash: number): Account => {
  const oauthId = hexOf(24, mix(hash, 1));
  const originId = `1${(mix(hash, 2) * 1_000 + (mix(hash, 3) % 1_000)).toString().padStart(13, '0')}`;
  return {
    id: `${oauthId}_${location.id}_${originId}${ID_ENDINGS[plan.type] ?? ''}`,
    oauthId,
    originId,
    profileId: hexOf(24, mix(hash, 4)),
    name: `${location.plan.name} on ${plan.platform}`,
    platform: plan.platform,
    type: plan.type,
    isExpired: plan.isExpired ?? false,
    hasStatisticsPermissions: plan.mayReadStatistics ?? true,
  };
};

const seedLocation = (seed: number, plan: LocationPlan, companyId: string): Location => {
  const hash = hashOf(seed, 'location', plan.key);
  const id = alphanumericOf(20, hash);
  const accounts = plan.accounts.map((account, index) => seedAccount({ id, plan }, account, mix(hash, index)));
  return { id, companyId, plan, accounts, userIds: [7, 8, 9].map((n) => alphanumericOf(20, mix(hash, n))) };
};

/** Company, client and locations. Tags are not among them: a large location makes them when first asked. */
export const seedCompany = (seed: number, extraLocations: number): Seeded => {
  const companyId = alphanumericOf(20, hashOf(seed, 'company'));
  const otherCompanyId = alphanumericOf(20, hashOf(seed, 'other company'));
  const branches = Array.from({ length: extraLocations }, (_, index) => branchPlan(index + 1));
  const client = hashOf(seed, 'client');
  return {
    companyId,
    client: {
      id: `${hexOf(24, client)}-${alphanumericOf(8, mix(client, 1)).toLowerCase()}`,
      secret: `${hexOf(8, mix(client, 2))}-sandbox-${hexOf(24, mix(client, 3))}`,
    },
    locations: [...PLANS, ...branches].map((plan) =>
      seedLocation(seed, plan, plan.isOtherTenant ? otherCompanyId : companyId),
    ),
  };
};

/** A location's tags in order of creation. Like the vendor's ids (MongoDB), an id begins with the second of its creation. */
export const seedTags = (location: Location): Tag[] =>
  Array.from({ length: location.plan.tagCount }, (_, index) => {
    const hash = hashOf(location.id, 'tag', index);
    const createdAt = FIRST_TAG_AT + index * 5 * HOUR_MS + (hash % HOUR_MS);
    return {
      id: objectId(createdAt, hash),
      name: tagName(index),
      createdAt,
      updatedAt: createdAt + (mix(hash, 1) % (900 * HOUR_MS)),
      createdBy: pick(location.userIds, hash),
      isDeleted: false,
    };
  });

/** 24 hex digits: seconds, then chance. */
export const objectId = (createdAt: number, hash: number): string =>
  Math.floor(createdAt / 1_000)
    .toString(16)
    .padStart(8, '0') + hexOf(16, hash);
