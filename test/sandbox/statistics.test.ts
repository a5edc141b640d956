import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

const Change = z.union([z.string().regex(/^-?\d+\.\d\d$/), z.literal(0)]);
const Breakdown = z.object({
  total: z.number(),
  totalChange: Change.optional(),
  platforms: z.record(z.string(), z.object({ value: z.number(), change: Change.optional() })),
});
const Totals = z.record(z.string(), z.object({ total: z.number(), series: z.array(z.number()) }));
const Engagement = z.object({ likes: z.number(), comments: z.number(), shares: z.number(), change: Change.optional() });
const Statistics = z.strictObject({
  message: z.literal('Analytics Built Successfully'),
  traceId: z.uuid(),
  results: z.object({
    dayRange: z.array(z.enum(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])),
    totals: z.object({
      posts: z.number(),
      likes: z.number(),
      followers: z.number(),
      impressions: z.number(),
      comments: z.number(),
    }),
    postPerformance: z.object({
      posts: z.record(z.string(), z.array(z.number())),
      impressions: z.array(z.number()),
      likes: z.array(z.number()),
      comments: z.array(z.number()),
    }),
    breakdowns: z.object({
      posts: Breakdown,
      impressions: Breakdown,
      reach: Breakdown,
      engagement: z.record(z.string(), Engagement),
    }),
    platformTotals: z.object({ impressions: Totals, followers: Totals, likes: Totals }),
    demographics: z.object({
      gender: z.object({
        totals: z.record(z.string(), z.object({ total: z.number(), percentage: z.number() })),
      }),
      age: z.object({ totals: z.record(z.string(), z.number()) }),
    }),
  }),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
let token: string;
// Still the 23rd in New York, already the 24th in UTC.
const now = Date.parse('2026-11-24T03:00:00.000Z');
beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now, burst: { limit: 10_000, windowMs: 10_000 }, extraLocations: 1 });
  caller = createCaller(sandbox);
  token = await caller.locationToken(sandbox.locations.full);
});
afterAll(() => sandbox.close());

const profileIds = (locationId = sandbox.locations.full): string[] =>
  sandbox.accountsOf(locationId).map(({ profileId }) => profileId);
const ask = (json: unknown, version = 'v3') =>
  caller.ask(`/social-media-posting/statistics?locationId=${sandbox.locations.full}`, { token, json, version });
const read = async (body: Readonly<Record<string, unknown>>) => {
  const { status, body: heard } = await ask({ profileIds: profileIds(), ...body });
  expect(status).toBe(200);
  return Statistics.parse(heard).results;
};
const range = (from: string, to: string) => ({
  startDate: `${from}T05:00:00.000Z`,
  endDate: `${to}T20:00:00.000Z`,
});

describe('figures', () => {
  test('without a range they are the last seven days of the location, without today, compared with the seven before', async () => {
    const byDefault = await read({});
    expect(byDefault.dayRange).toEqual(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']); // the 16th to the 22nd
    const byRange = await read({
      currentRange: range('2026-11-16', '2026-11-22'),
      prevRange: range('2026-11-09', '2026-11-15'),
    });
    expect(byDefault).toEqual(byRange);
    expect(byDefault.breakdowns.impressions.totalChange).toBeDefined();
  });

  test('totals equal the sums of their series and of their platforms, followers those of the last day', async () => {
    const { totals, postPerformance, platformTotals, breakdowns, demographics } = await read({});
    expect(Object.keys(platformTotals.likes)).toEqual([
      'facebook',
      'instagram',
      'linkedin',
      'google',
      'youtube',
      'tiktok',
    ]);
    expect(totals.impressions).toBe(sum(postPerformance.impressions));
    expect(totals.likes).toBe(sum(postPerformance.likes));
    expect(totals.comments).toBe(sum(postPerformance.comments));
    expect(totals.posts).toBe(sum(Object.values(postPerformance.posts).flat()));
    expect(totals.impressions).toBe(sum(Object.values(platformTotals.impressions).map(({ total }) => total)));
    expect(totals.impressions).toBe(breakdowns.impressions.total);
    expect(totals.likes).toBe(sum(Object.values(breakdowns.engagement).map(({ likes }) => likes)));
    for (const { total, series } of Object.values(platformTotals.impressions)) expect(total).toBe(sum(series));
    for (const { total, series } of Object.values(platformTotals.followers)) expect(total).toBe(series.at(-1));
    expect(totals.followers).toBe(sum(Object.values(platformTotals.followers).map(({ total }) => total)));
    expect(sum(Object.values(demographics.gender.totals).map(({ total }) => total))).toBe(totals.followers);
    expect(sum(Object.values(demographics.age.totals))).toBe(totals.followers);
    expect(Object.keys(demographics.age.totals)).toEqual(['13-17', '18-24', '25-34', '35-44', '45-54', '55-64', '65+']);
  });

  test('two halves add up to the whole, and profiles asked one by one to all of them together', async () => {
    const whole = await read({ currentRange: range('2026-09-01', '2026-09-30') });
    const first = await read({ currentRange: range('2026-09-01', '2026-09-15') });
    const second = await read({ currentRange: range('2026-09-16', '2026-09-30') });
    for (const metric of ['posts', 'likes', 'impressions', 'comments'] as const)
      expect(first.totals[metric] + second.totals[metric]).toBe(whole.totals[metric]);
    expect(second.totals.followers).toBe(whole.totals.followers);
    expect([...first.postPerformance.likes, ...second.postPerformance.likes]).toEqual(whole.postPerformance.likes);
    const alone: number[] = [];
    for (const profileId of profileIds())
      alone.push(
        (await read({ profileIds: [profileId], currentRange: range('2026-09-01', '2026-09-30') })).totals.likes,
      );
    expect(sum(alone)).toBe(whole.totals.likes);
  });

  test('a change is the percentage of the previous range as a text of two decimals, and 0 for none', async () => {
    const current = range('2026-10-08', '2026-10-14');
    const previous = range('2026-10-01', '2026-10-07');
    const now_ = (await read({ currentRange: current })).totals.impressions;
    const before = (await read({ currentRange: previous })).totals.impressions;
    const compared = await read({ currentRange: current, prevRange: previous });
    expect(compared.breakdowns.impressions.totalChange).toBe((((now_ - before) / before) * 100).toFixed(2));
    const same = await read({ currentRange: current, prevRange: current });
    expect(same.breakdowns.impressions.totalChange).toBe(0);
    expect(same.breakdowns.engagement['facebook']?.change).toBe(0);
  });

  test('a range without a previous one brings no comparison', async () => {
    const { breakdowns } = await read({ currentRange: range('2026-10-08', '2026-10-14') });
    expect(breakdowns.reach).not.toHaveProperty('totalChange');
    expect(breakdowns.reach.platforms['facebook']).not.toHaveProperty('change');
    expect(breakdowns.engagement['facebook']).not.toHaveProperty('change');
  });

  test('the day of 25 hours on which New York leaves summer time has exactly one point', async () => {
    const day = { startDate: '2026-11-01T04:00:00.000Z', endDate: '2026-11-02T04:59:59.999Z' };
    const single = await read({ currentRange: day });
    expect(single.dayRange).toEqual(['Sun']);
    expect(single.postPerformance.likes).toHaveLength(1);
    const around = await read({ currentRange: range('2026-10-31', '2026-11-02') });
    expect(around.dayRange).toEqual(['Sat', 'Sun', 'Mon']);
    expect(around.postPerformance.likes[1]).toBe(single.postPerformance.likes[0]);
  });

  test('platforms narrow the answer; foreign, unknown, expired and unpermitted profiles add nothing', async () => {
    const narrowed = await read({ platforms: ['instagram', 'pinterest'] });
    expect(Object.keys(narrowed.platformTotals.likes)).toEqual(['instagram']);
    const foreign = await read({ profileIds: [...profileIds(sandbox.locations.large), 'nobody'] });
    expect(foreign.totals).toEqual({ posts: 0, likes: 0, followers: 0, impressions: 0, comments: 0 });
    expect(foreign.postPerformance.likes).toEqual([0, 0, 0, 0, 0, 0, 0]);
    const restricted = await caller.ask(`/social-media-posting/statistics?locationId=${sandbox.locations.restricted}`, {
      token: await caller.locationToken(sandbox.locations.restricted),
      json: { profileIds: profileIds(sandbox.locations.restricted) },
    });
    expect(Object.keys(Statistics.parse(restricted.body).results.platformTotals.likes)).toEqual(['google']);
  });

  test('an older version answers 201 with the last seven days, whatever range is asked for', async () => {
    const { status, body } = await ask(
      { profileIds: profileIds(), currentRange: range('2026-01-01', '2026-01-31') },
      '2021-07-28',
    );
    expect(status).toBe(201);
    expect(Statistics.parse(body).results).toEqual(await read({}));
  });

  test('weekends are weaker and one day a month goes viral', async () => {
    const { postPerformance, dayRange } = await read({
      profileIds: profileIds().slice(0, 1),
      currentRange: range('2026-01-01', '2026-10-31'),
    });
    const of = (day: string) =>
      postPerformance.impressions.filter((_value, index) => dayRange[index] === day).toSorted((a, b) => a - b);
    const median = (values: readonly number[]): number => values[Math.floor(values.length / 2)] ?? 0;
    expect(median(of('Sun'))).toBeLessThan(median(of('Wed')) * 0.8);
    const usual = median(postPerformance.impressions.toSorted((a, b) => a - b));
    expect(postPerformance.impressions.filter((value) => value > usual * 2.5)).toHaveLength(10);
  });
});

describe('refusals', () => {
  test.each([
    ['no profile', { profileIds: [] }, 'at least 1'],
    ['more than a hundred profiles', { profileIds: Array.from({ length: 101 }, String) }, 'no more than 100'],
    ['an unknown platform', { profileIds: ['a'], platforms: ['myspace'] }, 'platforms'],
    ['a date that is none', { profileIds: ['a'], currentRange: { startDate: 'x', endDate: 'y' } }, 'ISO 8601'],
    ['a start after the end', { profileIds: ['a'], currentRange: range('2026-10-09', '2026-10-01') }, 'before'],
    ['a previous range alone', { profileIds: ['a'], prevRange: range('2026-10-01', '2026-10-09') }, 'currentRange'],
  ])('%s is 400', async (_name, json, message) => {
    expect(await ask(json)).toMatchObject({ status: 400, body: { message: expect.stringContaining(message) } });
  });

  test('a malformed body or a missing location is 422', async () => {
    expect(await ask({ profileIds: 'all' })).toMatchObject({ status: 422, body: { message: expect.any(Array) } });
    expect(await ask([1])).toMatchObject({ status: 422 });
    const homeless = await caller.ask('/social-media-posting/statistics', { token, json: { profileIds: ['a'] } });
    expect(homeless).toMatchObject({ status: 422, body: { message: ['locationId should not be empty'] } });
  });
});

describe('account-level statistics', () => {
  const accountLevel = async (bearer: string, version: string | null = 'v3') => {
    const { status, body } = await caller.ask('/socialplanner/statistics.readonly', { token: bearer, version });
    expect(status).toBe(200);
    return Statistics.parse(body).results;
  };

  test('a location token gives that location, with and without a Version', async () => {
    expect(await accountLevel(token)).toEqual(await read({}));
    expect(await accountLevel(token, null)).toEqual(await read({}));
  });

  test('an agency token gives the sum over installed locations for seven days by UTC', async () => {
    const agency = await accountLevel(await caller.agencyToken());
    expect(agency.dayRange.at(-1)).toBe('Mon'); // the 23rd: in UTC it is over
    let likes = 0;
    for (const locationId of sandbox.installedLocationIds.filter((id) => sandbox.accountsOf(id).length > 0)) {
      const { body } = await caller.ask(`/social-media-posting/statistics?locationId=${locationId}`, {
        token: await caller.locationToken(locationId),
        json: {
          profileIds: profileIds(locationId),
          currentRange: { startDate: '2026-11-17T12:00:00.000Z', endDate: '2026-11-23T12:00:00.000Z' },
        },
      });
      likes += Statistics.parse(body).results.totals.likes;
    }
    expect(agency.totals.likes).toBe(likes);
  });
});
