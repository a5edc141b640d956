import { createHash } from 'node:crypto';
import type { LocationId, TagId } from '../model/ids.ts';
import type { ListTagsInput } from '../upstream/endpoints/list-tags.ts';
import type { ReadStatisticsInput } from '../upstream/endpoints/read-statistics.ts';

/** The text under which an answer is kept, and how long it counts as fresh. */
export interface CacheKey {
  readonly text: string;
  readonly ttlSeconds: number;
}

/** Seconds for which each kind of answer is served without asking upstream. */
export interface Lifetimes {
  readonly tagPage: number;
  readonly tagDetails: number;
  readonly socialAccounts: number;
  readonly statistics: number;
  readonly location: number;
}

/** Seconds for which "there is no such tag" is believed. */
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
export const createKeys = (space: string, ttl: Lifetimes): Keys => {
  const key = (kind: string, holder: string, rest: string, ttlSeconds: number): CacheKey => ({
    text: `users-gateway:1:${space}:${kind}:${holder}${rest === '' ? '' : `:${rest}`}`,
    ttlSeconds,
  });
  return {
    tagPage: ({ locationId, ...page }) => key('tag-page', locationId, digest(page), ttl.tagPage),
    tagDetails: (locationId, tagId) => key('tag-details', locationId, tagId, ttl.tagDetails),
    socialAccounts: (locationId) => key('social-accounts', locationId, '', ttl.socialAccounts),
    statistics: ({ locationId, ...input }) => key('statistics', locationId, digest(input), ttl.statistics),
    location: (locationId) => key('location', locationId, '', ttl.location),
    companyLocations: () => key('locations', '@company', '', ttl.socialAccounts),
    accountStatistics: (day) => key('account-statistics', '@company', day, ttl.statistics),
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
