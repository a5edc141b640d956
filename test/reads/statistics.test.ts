import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Statistics } from '../../src/model/statistics.ts';
import { addDays, daysFrom } from '../../src/reads/calendar.ts';
import type { Reads } from '../../src/reads/index.ts';
import { defaultWish, type StatisticsWish } from '../../src/reads/wish.ts';
import { startSandbox, type Sandbox, type SandboxCall, type SandboxFault } from '../../src/sandbox/server.ts';
import { cause, locationId, profileId } from '../upstream/over-sandbox.ts';
import { stopClock } from '../support/clock.ts';
import { readsOver } from './reads-over-sandbox.ts';

let sandbox: Sandbox;
let reads: Reads;
let over: ReturnType<typeof readsOver>;
beforeAll(async () => {
  sandbox = await startSandbox();
  over = readsOver(sandbox);
  reads = over.reads;
});
beforeEach(() => {
  sandbox.clearFaults();
  sandbox.clearCalls();
  stopClock('2026-11-24T15:00:00Z');
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(async () => {
  await over.close();
  await sandbox.close();
});

const full = () => locationId(sandbox.locations.full);
const read = (wish: Partial<StatisticsWish> = {}, at = full()): Promise<Statistics> =>
  reads.statistics(at, { ...defaultWish, ...wish }, cause);
const codes = ({ quality }: Statistics) => quality.warnings.map(({ code }) => code);
const asked = (): SandboxCall[] => sandbox.calls().filter(({ route }) => route === 'readStatistics');
const bodies = () => asked().map(({ requestBody }) => requestBody as Record<string, unknown>);
const profilesOf = (location: string) => sandbox.accountsOf(location).map((account) => account.profileId);

/** What the sandbox itself says of one day of a location, asked without any code of the gateway. */
const sandboxDay = async (location: string, day: string, profileIds: readonly string[]) => {
  const noon = `${day}T17:00:00Z`; // about noon in New York, the same day in Berlin
  const response = await fetch(`${sandbox.url}/social-media-posting/statistics?locationId=${location}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${sandbox.issuePrivateToken({ locationId: location })}`,
      version: 'v3',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ profileIds, currentRange: { startDate: noon, endDate: noon } }),
  });
  const { results } = (await response.json()) as {
    results: { totals: Record<'likes' | 'posts' | 'impressions', number> };
  };
  return results.totals;
};

describe('the days', () => {
  test('by default are the last seven full ones against the seven before, in one call for all live accounts', async () => {
    const statistics = await read();
    expect(statistics).toMatchObject({
      period: { from: '2026-11-17', to: '2026-11-23', days: 7 },
      comparisonPeriod: { from: '2026-11-10', to: '2026-11-16', days: 7 },
      timeZone: 'America/New_York',
      profileIds: expect.arrayContaining(profilesOf(full())) as unknown,
      quality: { isComplete: true },
    });
    expect(codes(statistics)).toEqual(['DATES_INFERRED']);
    expect(
      sandbox
        .calls()
        .map(({ route }) => route)
        .toSorted(),
    ).toEqual(['listAccounts', 'readLocation', 'readStatistics']);
    expect(bodies()).toEqual([
      {
        profileIds: profilesOf(full()).toSorted(),
        currentRange: { startDate: '2026-11-17T05:00:00.000Z', endDate: '2026-11-24T04:59:59.999Z' },
        prevRange: { startDate: '2026-11-10T05:00:00.000Z', endDate: '2026-11-17T04:59:59.999Z' },
      },
    ]);
  });

  test('end where the location’s yesterday ends, not ours', async () => {
    stopClock('2026-11-24T03:30:00Z');
    expect((await read()).period).toMatchObject({ from: '2026-11-16', to: '2026-11-22' });
    const berlin = locationId(sandbox.locations.large);
    expect((await read({}, berlin)).period).toMatchObject({ from: '2026-11-17', to: '2026-11-23' });
  });

  test.each([
    ['2026-03-05', '2026-03-11', '2026-03-05T05:00:00.000Z', '2026-03-12T03:59:59.999Z'],
    ['2026-10-29', '2026-11-04', '2026-10-29T04:00:00.000Z', '2026-11-05T04:59:59.999Z'],
    ['2026-11-01', '2026-11-01', '2026-11-01T04:00:00.000Z', '2026-11-02T04:59:59.999Z'],
  ])('from %s to %s are right on and around a clock change', async (from, to, startDate, endDate) => {
    const { period, likes, posts, impressions, comments } = await read({ period: { kind: 'range', from, to } });
    expect(bodies()[0]?.['currentRange']).toEqual({ startDate, endDate });
    expect(period).toMatchObject({ from, to });
    const days = daysFrom(from, to);
    const said = await Promise.all(days.map((day) => sandboxDay(full(), day, profilesOf(full()))));
    const expected = (name: 'likes' | 'posts' | 'impressions') =>
      days.map((date, index) => ({ date, value: said[index]?.[name] }));
    expect(likes.series).toEqual(expected('likes'));
    expect(posts.series).toEqual(expected('posts'));
    expect(impressions.series).toEqual(expected('impressions'));
    expect(likes.total).toBe(said.reduce((sum, day) => sum + day.likes, 0));
    expect(comments.series?.map(({ date }) => date)).toEqual(days);
  });

  test.each([7, 14, 30, 90])('of the last %i have a point each', async (days) => {
    const { period, likes, quality } = await read({ period: { kind: 'last', days } });
    expect(period).toEqual({ from: addDays('2026-11-24', -days), to: '2026-11-23', days });
    expect(likes.series).toHaveLength(days);
    expect(quality.isComplete).toBe(true);
  });

  test('compared with nothing ask for nothing, and leave the change unknown', async () => {
    const statistics = await read({ compareTo: { kind: 'none' } });
    expect(bodies()[0]).not.toHaveProperty('prevRange');
    expect(statistics).toMatchObject({ comparisonPeriod: null, posts: { changePercent: null } });
    expect(statistics.posts.byPlatform.map(({ changePercent }) => changePercent)).toEqual(Array(6).fill(null));
  });

  test('compared with others give the change between the two', async () => {
    const period = { kind: 'range', from: '2026-06-01', to: '2026-06-02' } as const;
    const compareTo = { kind: 'range', from: '2025-06-01', to: '2025-06-01' } as const;
    const { impressions, comparisonPeriod } = await read({ period, compareTo });
    expect(comparisonPeriod).toEqual({ from: '2025-06-01', to: '2025-06-01', days: 1 });
    const before = (await sandboxDay(full(), '2025-06-01', profilesOf(full()))).impressions;
    expect(impressions.changePercent).toBeCloseTo(((impressions.total ?? 0) / before - 1) * 100, 2);
  });

  test('that no calendar should hold are refused before upstream hears of them', async () => {
    const period = { kind: 'range', from: '9999-12-30', to: '9999-12-31' } as const;
    await expect(read({ period })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(asked()).toEqual([]);
  });
});

describe('the accounts', () => {
  test('of the wished platforms alone are asked for, in one order', async () => {
    const { profileIds, posts } = await read({ platforms: ['TIKTOK', 'FACEBOOK'] });
    const wished = sandbox.accountsOf(full()).filter(({ platform }) => ['facebook', 'tiktok'].includes(platform));
    expect(profileIds.toSorted()).toEqual(wished.map((account) => account.profileId).toSorted());
    expect(bodies()[0]).toMatchObject({ platforms: ['facebook', 'tiktok'] });
    expect(posts.byPlatform.map(({ platform }) => platform)).toEqual(['FACEBOOK', 'TIKTOK']);
  });

  test('named by id are asked for once each, those of another platform than wished not at all', async () => {
    const [facebook, instagram] = sandbox.accountsOf(full()).map((account) => profileId(account.profileId));
    if (!facebook || !instagram) throw new Error('accounts');
    const { profileIds } = await read({ profileIds: [instagram, facebook, instagram], platforms: ['INSTAGRAM'] });
    expect(profileIds).toEqual([instagram]);
    expect(bodies()[0]?.['profileIds']).toEqual([instagram]);
  });

  test('of more than a hundred ids travel in two calls, sorted, and their answers add up', async () => {
    const others = Array.from({ length: 144 }, (_, index) => profileId(`unknown-${index}`));
    const own = profilesOf(full()).map(profileId);
    const merged = await read({ profileIds: [...others, ...own] });
    const sent = bodies().map((body) => body['profileIds'] as string[]);
    expect(sent.map(({ length }) => length).toSorted()).toEqual([100, 50].toSorted());
    expect(sent.flat().toSorted()).toEqual([...others, ...own].toSorted());
    for (const ids of sent) expect(ids).toEqual(ids.toSorted());
    expect(codes(merged)).toEqual(['ACCOUNT_UNKNOWN', 'MERGED_FROM_PARTS', 'DATES_INFERRED']);
    const single = await read();
    for (const name of ['posts', 'impressions', 'reach', 'followers', 'likes', 'comments', 'shares'] as const) {
      expect(merged[name].total).toBe(single[name].total);
      expect(merged[name].byPlatform.map(({ total }) => total)).toEqual(
        single[name].byPlatform.map(({ total }) => total),
      );
    }
    expect([merged.likes.series, merged.posts.series]).toEqual([single.likes.series, single.posts.series]);
    expect(Math.abs((merged.impressions.changePercent ?? 99) - (single.impressions.changePercent ?? 0))).toBeLessThan(
      0.02,
    );
  });

  test('that ran out or lack permission are named, left out and not shown as zeros', async () => {
    const restricted = locationId(sandbox.locations.restricted);
    const [expired, forbidden, healthy] = profilesOf(restricted);
    const { profileIds, quality, posts } = await read({}, restricted);
    expect(profileIds).toEqual([healthy]);
    expect(quality.isComplete).toBe(false);
    expect(quality.warnings).toMatchObject([
      { code: 'ACCOUNT_EXPIRED', profileId: expired, platformKey: 'facebook' },
      { code: 'ACCOUNT_WITHOUT_PERMISSION', profileId: forbidden, platformKey: 'instagram' },
      { code: 'DATES_INFERRED' },
    ]);
    expect(bodies().map((body) => body['profileIds'])).toEqual([[healthy]]);
    expect(posts.byPlatform.map(({ platform }) => platform)).toEqual(['GOOGLE']);
  });

  test('that ran out are not asked for when they are named either, whatever the platform', async () => {
    const restricted = locationId(sandbox.locations.restricted);
    const [expired] = profilesOf(restricted).map(profileId);
    if (!expired) throw new Error('accounts');
    const named = await read({ profileIds: [expired] }, restricted);
    const elsewhere = await read({ profileIds: [expired], platforms: ['GOOGLE'] }, restricted);
    expect(asked()).toEqual([]);
    expect(codes(named)).toEqual(['ACCOUNT_EXPIRED']);
    expect([named.likes.total, elsewhere.likes.total, elsewhere.profileIds.length]).toEqual([null, null, 0]);
  });

  test('of kinds without statistics are left out silently, and named when they were asked for by id', async () => {
    const account = (id: string, platform: string, type: string) => ({ id, profileId: id, platform, type });
    const accounts = [
      account('p1', 'linkedin', 'profile'),
      account('p2', 'threads', 'page'),
      account('p3', 'google', 'location'),
    ];
    sandbox.setFault({ route: 'listAccounts', kind: 'body', body: { results: { accounts } } });
    const all = await read();
    expect([all.profileIds, codes(all), all.quality.isComplete]).toEqual([['p3'], ['DATES_INFERRED'], true]);
    const named = await read({ profileIds: [profileId('p1'), profileId('p3')] });
    expect(named.profileIds).toEqual(['p3']);
    expect(named.quality).toMatchObject({
      isComplete: false,
      warnings: [{ code: 'ACCOUNT_WITHOUT_PERMISSION', profileId: 'p1' }, {}],
    });
  });

  test('connected twice are live where one of the two is', async () => {
    const account = (id: string, isExpired: boolean) => ({
      id,
      profileId: 'p1',
      platform: 'google',
      type: 'location',
      isExpired,
    });
    const accounts = [account('old', true), account('new', false)];
    sandbox.setFault({ route: 'listAccounts', kind: 'body', body: { results: { accounts } } });
    const { profileIds, quality } = await read();
    expect([profileIds, quality.isComplete]).toEqual([['p1'], true]);
  });

  test('where there is none nothing is asked, and nothing is known', async () => {
    const statistics = await read({}, locationId(sandbox.locations.empty));
    expect(asked()).toEqual([]);
    expect(statistics).toMatchObject({
      timeZone: 'Australia/Sydney',
      profileIds: [],
      posts: { total: null, series: null, byPlatform: [] },
      audience: null,
      quality: { isComplete: true, warnings: [] },
      freshness: { fetchedAt: Date.now(), state: 'FRESH' },
    });
  });
});

describe('the time zone', () => {
  test.each<[string, Partial<SandboxFault>]>([
    ['may not be read for want of a scope', { kind: 'unauthorized', reason: 'scope' }],
    ['is refused', { kind: 'status', status: 403, body: { message: 'Forbidden resource' } }],
    ['is not to be found', { kind: 'status', status: 404 }],
  ])('that %s is assumed, and said to be', async (_what, fault) => {
    sandbox.setFault({ route: 'readLocation', ...fault } as SandboxFault);
    const statistics = await read();
    expect(statistics).toMatchObject({ timeZone: 'UTC', likes: { series: null } });
    // Upstream counts the location's own days, of which this period touches eight: dropped, not shifted.
    expect(codes(statistics).slice(0, 2)).toEqual(['TIME_ZONE_ASSUMED', 'SERIES_LENGTH_MISMATCH']);
    expect(bodies()[0]?.['currentRange']).toEqual({
      startDate: '2026-11-17T00:00:00.000Z',
      endDate: '2026-11-23T23:59:59.999Z',
    });
  });

  test('of a location that tells none, or one that nobody knows, is assumed', async () => {
    for (const timezone of [null, 'Mars/Olympus']) {
      sandbox.setFault({ route: 'readLocation', kind: 'body', body: { location: { id: full(), timezone } }, times: 1 });
      expect(codes(await read())).toContain('TIME_ZONE_ASSUMED');
    }
  });

  test.each<[string, Partial<SandboxFault>]>([
    ['UPSTREAM_UNAVAILABLE', { kind: 'status', status: 503 }],
    ['UPSTREAM_UNAVAILABLE', { kind: 'reset' }],
    ['UPSTREAM_RATE_LIMITED', { kind: 'rate-limit' }],
    ['UPSTREAM_INVALID_RESPONSE', { kind: 'body', body: {} }],
    ['UPSTREAM_AUTH_FAILED', { kind: 'unauthorized', reason: 'expired' }],
    [
      'LOCATION_NOT_CONNECTED',
      { kind: 'status', status: 403, body: { message: 'The token does not have access to this location' } },
    ],
  ])('is not assumed because of a failure that will pass: %s', async (code, fault) => {
    sandbox.setFault({ route: 'readLocation', ...fault } as SandboxFault);
    await expect(read()).rejects.toMatchObject({ code });
    expect(asked()).toEqual([]);
  });
});

test.each(['listAccounts', 'readStatistics'] as const)('without %s there are no statistics', async (route) => {
  sandbox.setFault({ route, kind: 'status', status: 500 });
  await expect(read()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('statistics are as old as the oldest thing they are made of', async () => {
  const keeping = readsOver(sandbox, { isKeeping: true });
  try {
    const accounts = await keeping.reads.socialAccounts(full(), cause);
    jest.setSystemTime(Date.now() + 60_000);
    const { freshness } = await keeping.reads.statistics(full(), defaultWish, cause);
    expect(freshness.fetchedAt).toBe(accounts.freshness.fetchedAt);
    sandbox.clearCalls();
    await keeping.reads.statistics(full(), { ...defaultWish }, cause);
    expect(sandbox.calls()).toEqual([]);
  } finally {
    await keeping.close();
  }
});
