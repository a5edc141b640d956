import { createHash } from 'node:crypto';
import type { Lifetime } from '../model/freshness.ts';
import type { LocationId, TagId } from '../model/ids.ts';
import type { ListTagsInput } from '../upstream/endpoints/list-tags.ts';
import type { ReadStatisticsInput } from '../upstream/endpoints/read-statistics.ts';
import type { Holder } from '../upstream/send.ts';

/** The text under which an answer is kept, whose budget it costs, and how long it counts. */
export interface CacheKey {
  /** What kind of answer it is, for counts. */
  readonly kind: string;
  readonly text: string;
  readonly holder: Holder;
  readonly lifetime: Lifetime;
}

/** How long each kind of answer counts. */
export type Lifetimes = Readonly<
  Record<'tagPage' | 'tagDetails' | 'socialAccounts' | 'statistics' | 'location', Lifetime>
>;

/** Seconds for which "there is no such thing" is believed, where the kind itself does not say less; it is never given stale. */
export const absentSeconds = 30;

/** Every key there is. Each carries its location (or says that it is the company's), so no answer can cross tenants. */
export interface Keys {
  readonly tagPage: (input: ListTagsInput) => CacheKey;
  readonly tagDetails: (locationId: LocationId, tagId: TagId) => CacheKey;
  readonly socialAccounts: (locationId: LocationId) => CacheKey;
  readonly statistics: (input: ReadStatisticsInput) => CacheKey;
  readonly location: (locationId: LocationId) => CacheKey;
  readonly companyLocations: () => CacheKey;
  readonly accountStatistics: (day: string) => CacheKey;
}

/** `space` keeps the answers of different upstreams and apps apart in a shared store. The number is the version of the kept
 * models: raise it when their shape changes. */
export const createKeys = (space: string, lifetimes: Lifetimes): Keys => {
  const key = (kind: string, holder: Holder, rest: string, lifetime: Lifetime): CacheKey => {
    const owner = holder.kind === 'location' ? holder.locationId : '@company';
    return {
      kind,
      text: `users-gateway:2:${space}:${kind}:${owner}${rest === '' ? '' : `:${rest}`}`,
      holder,
      lifetime,
    };
  };
  const ofLocation = (locationId: LocationId): Holder => ({ kind: 'location', locationId });
  const company: Holder = { kind: 'company' };
  return {
    tagPage: ({ locationId, ...page }) => key('tag-page', ofLocation(locationId), digest(page), lifetimes.tagPage),
    tagDetails: (locationId, tagId) => key('tag-details', ofLocation(locationId), tagId, lifetimes.tagDetails),
    socialAccounts: (locationId) => key('social-accounts', ofLocation(locationId), '', lifetimes.socialAccounts),
    statistics: ({ locationId, ...input }) =>
      key('statistics', ofLocation(locationId), digest(input), lifetimes.statistics),
    location: (locationId) => key('location', ofLocation(locationId), '', lifetimes.location),
    companyLocations: () => key('locations', company, '', lifetimes.socialAccounts),
    accountStatistics: (day) => key('account-statistics', company, day, lifetimes.statistics),
  };
};

/** A short text for any plain value, for keys and cursors: equal values give equal texts, whatever the order of their members,
 * and nothing in them can be read. */
export const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value, inOrder)).digest('base64url').slice(0, 22);

const inOrder = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;
