import { describe, expect, test } from '@jest/globals';
import { holdsScopes, mayRead, type Caller } from '../../src/model/caller.ts';
import { badInput, errorTable, GatewayError, type ErrorCode } from '../../src/model/errors.ts';
import { freshAt, oldest, type Freshness } from '../../src/model/freshness.ts';
import { toLocationId, toProfileId, toTagId } from '../../src/model/ids.ts';
import { platformOf, supportsStatistics, type SocialAccount } from '../../src/model/social-account.ts';
import { warning } from '../../src/model/statistics.ts';

describe('ids', () => {
  test.each([['a'], ['Zz09_-'], ['x'.repeat(64)], ['__proto__'], ['constructor']])('%p is one', (text) => {
    expect([toLocationId(text), toTagId(text), toProfileId(text)]).toEqual([text, text, text]);
  });
  test.each([
    [''],
    ['x'.repeat(65)],
    ['../oauth/token'],
    ['..'],
    ['.'],
    ['a/b'],
    ['a\\b'],
    ['a%2F..'],
    ['a?b'],
    ['a#b'],
    ['a b'],
    ['a\n'],
    ['a\r\nx: y'],
    ['a\0'],
    ['ä'],
    ['ａ'],
    ['a:b'],
    ['a,b'],
    ['@company'],
  ])('%j is none: it could be a path, a header or a key of another kind', (text) => {
    expect([toLocationId(text), toTagId(text), toProfileId(text)]).toEqual([null, null, null]);
  });
});

describe('a caller', () => {
  const caller = (more: Partial<Caller>): Caller => ({
    subject: 's',
    kind: 'SERVICE',
    key: 'service:x',
    scopes: [],
    locations: 'all',
    isOfCompany: true,
    ...more,
  });
  const [here, there] = [toLocationId('here'), toLocationId('there')];

  test('reads the locations named, or whatever the grant reaches', () => {
    if (here === null || there === null) throw new Error('ids');
    const bound = caller({ locations: new Set([here]) });
    expect([mayRead(bound, here), mayRead(bound, there), mayRead(caller({}), there)]).toEqual([true, false, true]);
  });

  test.each([
    [['a', 'b'], [['a', 'b']], true],
    [['a'], [['a', 'b']], false],
    [['b'], [['a'], ['b']], true],
    [['a'], [], false],
    [[], [[]], true],
  ])('with scopes %j holds %j: %p', (scopes, alternatives, expected) => {
    expect(holdsScopes(caller({ scopes }), alternatives)).toBe(expected);
  });
});

describe('freshness of a combination', () => {
  const stale: Freshness = { fetchedAt: 50, state: 'STALE_IF_ERROR', staleReason: 'UPSTREAM_ERROR' };
  const revalidating: Freshness = { fetchedAt: 70, state: 'STALE_WHILE_REVALIDATE', staleReason: 'QUOTA' };

  test.each<[Freshness[], Freshness]>([
    [[freshAt(9)], freshAt(9)],
    [[freshAt(9), freshAt(3), freshAt(5)], freshAt(3)],
    [[freshAt(9), stale], { ...stale, fetchedAt: 9 }],
    [[stale, freshAt(90)], stale],
    [[revalidating, stale], stale],
    [[stale, revalidating], stale],
  ])('of %j is its oldest moment and its worst state', (parts, expected) => {
    const [first, ...others] = parts;
    expect(first && oldest(first, ...others)).toEqual(expected);
  });
});

describe('platforms', () => {
  test.each([
    ['facebook', 'FACEBOOK'],
    ['TikTok', 'TIKTOK'],
    ['twitter', 'TWITTER'],
    ['threads', 'OTHER'],
    ['other', 'OTHER'],
    ['', 'OTHER'],
    ['__proto__', 'OTHER'],
  ])('%p is %s', (key, platform) => {
    expect(platformOf(key)).toBe(platform);
  });

  test.each<[Partial<SocialAccount>, boolean]>([
    [{ platform: 'FACEBOOK', accountType: 'page' }, true],
    [{ platform: 'FACEBOOK', accountType: null }, true],
    [{ platform: 'FACEBOOK', hasStatisticsPermission: false }, false],
    [{ platform: 'LINKEDIN', accountType: 'page' }, true],
    [{ platform: 'LINKEDIN', accountType: 'profile' }, false],
    [{ platform: 'LINKEDIN', accountType: null }, false],
    [{ platform: 'TIKTOK', accountType: 'business' }, true],
    [{ platform: 'TIKTOK', accountType: 'profile' }, false],
    [{ platform: 'TWITTER', accountType: 'profile' }, false],
    [{ platform: 'OTHER', accountType: 'page' }, false],
  ])('of %j upstream has statistics: %p', (account, expected) => {
    const profileId = toProfileId('p1');
    if (profileId === null) throw new Error('id');
    const whole = {
      id: 'a',
      profileId,
      name: null,
      platform: 'FACEBOOK',
      platformKey: 'x',
      accountType: null,
      isExpired: false,
      expiresAt: null,
      hasStatisticsPermission: true,
    } as const satisfies SocialAccount;
    expect(supportsStatistics({ ...whole, ...account })).toBe(expected);
  });
});

describe('errors', () => {
  const codes = Object.keys(errorTable) as ErrorCode[];

  test.each(codes)('%s says what happened and what to do, each in one sentence or more', (code) => {
    const { message, remedy } = errorTable[code];
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
    expect(new GatewayError(code)).toMatchObject({ name: 'GatewayError', code, message, retryAfterMs: null });
  });

  test('what is said more exactly stands in place of the table, what really happened in the cause', () => {
    const cause = new Error('upstream words');
    expect(new GatewayError('UPSTREAM_RATE_LIMITED', { message: 'Wait.', retryAfterMs: 0, cause })).toMatchObject({
      message: 'Wait.',
      retryAfterMs: 0,
      cause,
    });
    expect(badInput('`first` must be 1 to 100.')).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('a warning names only what concerns it', () => {
    expect(warning('TOTALS_DISAGREE', 'They differ.', { metric: 'LIKES' })).toEqual({
      code: 'TOTALS_DISAGREE',
      message: 'They differ.',
      metric: 'LIKES',
      platformKey: null,
      profileId: null,
      locationId: null,
    });
  });
});
