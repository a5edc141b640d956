import { describe, expect, test } from '@jest/globals';
import { createKeys, digest, type Keys } from '../../src/cache/keys.ts';
import { toLocationId, toProfileId, toTagId, type LocationId, type TagId } from '../../src/model/ids.ts';
import { chance } from '../support/chance.ts';

const lifetime = { freshSeconds: 1, revalidateSeconds: 2, hardSeconds: 3 };
const lifetimes = {
  tagPage: lifetime,
  tagDetails: lifetime,
  socialAccounts: lifetime,
  statistics: lifetime,
  location: lifetime,
};
const keys = createKeys('space', lifetimes);
const current = { startsAt: 1, endsAt: 2 };

/** Every key that carries a location. */
const keysOf = (of: Keys, locationId: LocationId, tagId: TagId, search: string | null) =>
  [
    of.tagPage({ locationId, search, limit: 20, skip: 0 }),
    of.tagDetails(locationId, tagId),
    of.socialAccounts(locationId),
    of.statistics({ locationId, profileIds: [], platforms: null, current, previous: null }),
    of.location(locationId),
  ].map(({ text }) => text);
const companyKeys = (of: Keys) => [of.companyLocations(), of.accountStatistics('2026-11-24')].map(({ text }) => text);

describe('keys', () => {
  test('two locations never share one, whatever their ids and what is asked of them', () => {
    const random = chance(7);
    const text = (alphabet: string, longest: number) =>
      Array.from(
        { length: 1 + Math.floor(random() * longest) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join('');
    const owners = new Map<string, string>();
    const locations = new Set<string>();
    for (let round = 0; round < 20_000; round += 1) {
      // Few letters, so that ids begin and end alike; separators, so that one could pass for two.
      const locationId = toLocationId(text('ab-_:@/. ', 4));
      const tagId = toTagId(text('ab-_:', 4));
      if (locationId === null || tagId === null) continue;
      locations.add(locationId);
      for (const key of keysOf(keys, locationId, tagId, text('ab:', 3))) {
        expect(key.split(':')).toContain(locationId);
        expect(owners.get(key) ?? locationId).toBe(locationId);
        owners.set(key, locationId);
      }
    }
    expect(locations.size).toBeGreaterThan(100);
    for (const key of companyKeys(keys)) expect(owners.has(key)).toBe(false);
  });

  const location = toLocationId('location-1');
  const tag = toTagId('tag-1');
  const profiles = ['profile-1', 'profile-2'].flatMap((id) => toProfileId(id) ?? []);

  test('they never show a search text, and say everything that makes an answer another one', () => {
    if (location === null || tag === null) throw new Error('these are ids');
    const page = { locationId: location, search: 'secret campaign', limit: 20, skip: 0 };
    const statistics = { locationId: location, profileIds: profiles, platforms: null, current, previous: null };
    const texts = [
      keys.tagPage(page),
      keys.tagPage({ ...page, search: 'Secret campaign' }),
      keys.tagPage({ ...page, search: null }),
      keys.tagPage({ ...page, limit: 21 }),
      keys.tagPage({ ...page, skip: 20 }),
      keys.statistics(statistics),
      keys.statistics({ ...statistics, profileIds: profiles.slice(1) }),
      keys.statistics({ ...statistics, platforms: ['facebook'] }),
      keys.statistics({ ...statistics, previous: current }),
      keys.statistics({ ...statistics, current: { startsAt: 1, endsAt: 3 } }),
      ...['2026-11-24', '2026-11-25'].map((day) => keys.accountStatistics(day)),
      keys.socialAccounts(location),
      keys.location(location),
      keys.companyLocations(),
      keys.tagDetails(location, tag),
    ].map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.join('\n')).not.toMatch(/campaign/i);
    for (const text of texts) expect(text).toMatch(/^users-gateway:2:space:[\w:@-]+$/);
  });

  test('different upstreams and apps have different keys in a shared store', () => {
    if (location === null || tag === null) throw new Error('these are ids');
    const own = new Set([...keysOf(keys, location, tag, null), ...companyKeys(keys)]);
    const others = createKeys('other', lifetimes);
    expect([...keysOf(others, location, tag, null), ...companyKeys(others)].filter((key) => own.has(key))).toEqual([]);
  });
});

describe('the digest', () => {
  test('equal values give equal texts, whatever the order of their members; different ones do not', () => {
    expect(digest({ a: 1, b: { c: [1, 2], d: null } })).toBe(digest({ b: { d: null, c: [1, 2] }, a: 1, e: undefined }));
    const different = [{ a: 1 }, { a: '1' }, { a: [1] }, { a: null }, {}, [1, 2], [2, 1], 'a', null].map(digest);
    expect(new Set(different).size).toBe(different.length);
    expect(digest('x')).toMatch(/^[\w-]{22}$/);
  });
});
