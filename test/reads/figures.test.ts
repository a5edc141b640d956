import { describe, expect, test } from '@jest/globals';
import type { Figures } from '../../src/model/statistics.ts';
import { emptyFigures, toFigures } from '../../src/reads/figures.ts';
import { readAnswer } from '../../src/upstream/endpoints/statistics-answer.ts';

// Thursday to Saturday.
const period = { from: '2026-06-04', to: '2026-06-06', days: 3 };
const figuresOf = (results: object): Figures =>
  toFigures(
    readAnswer({ results, traceId: 'trace-1' }, () => undefined),
    period,
  );
const codes = ({ warnings }: Figures) => warnings.map(({ code }) => code);
const points = (...values: (number | null)[]) =>
  ['2026-06-04', '2026-06-05', '2026-06-06'].map((date, index) => ({ date, value: values[index] ?? null }));

const whole = {
  dayRange: ['Thu', 'Fri', 'Sat'],
  totals: { posts: 3, likes: 16, followers: 110, impressions: 60, comments: 3 },
  postPerformance: {
    posts: { instagram: [0, 0, 1], facebook: [1, 1, 0] },
    impressions: [10, 20, 30],
    likes: [1, 5, 10],
    comments: [0, null, 3],
  },
  breakdowns: {
    posts: {
      total: 3,
      totalChange: '-40.00',
      platforms: { instagram: { value: 1, change: 0 }, facebook: { value: 2, change: '-50.00' } },
    },
    impressions: {
      total: 60,
      totalChange: 0,
      platforms: { facebook: { value: 40, change: 0 }, instagram: { value: 20 } },
    },
    reach: {
      total: 33,
      totalChange: '10.00',
      platforms: { facebook: { value: 22, change: '10' }, instagram: { value: 11 } },
    },
    engagement: {
      instagram: { likes: 6, comments: 1, shares: 2, change: '12.50' },
      facebook: { likes: 10, comments: 2, shares: 0, change: 0 },
    },
  },
  platformTotals: {
    impressions: { facebook: { total: 40, series: [10, 10, 20] }, instagram: { total: 20, series: [0, 10, 10] } },
    followers: { facebook: { total: 70, series: [60, 65, 70] }, instagram: { total: 40, series: [40, 40, 40] } },
    likes: { facebook: { total: 10, series: [1, 4, 5] }, instagram: { total: 6, series: [0, 1, 5] } },
  },
};

describe('a whole answer', () => {
  const figures = figuresOf(whole);

  test('becomes dated points, and says that the dates were worked out', () => {
    expect(figures.likes.series).toEqual(points(1, 5, 10));
    expect(figures.impressions.series).toEqual(points(10, 20, 30));
    expect(codes(figures)).toEqual(['DATES_INFERRED']);
    expect(figures.upstreamTraceId).toBe('trace-1');
  });

  test('keeps null apart from zero', () => {
    expect(figures.comments.series).toEqual(points(0, null, 3));
    expect(figures.shares.byPlatform.map(({ total }) => total)).toEqual([0, 2]);
    expect(figures.impressions.changePercent).toBe(0);
    expect(figures.likes.changePercent).toBeNull();
  });

  test('lists platforms in the order of the schema, with totals, changes and series from where upstream has them', () => {
    expect(figures.posts).toEqual({
      name: 'POSTS',
      total: 3,
      changePercent: -40,
      series: points(1, 1, 1),
      byPlatform: [
        { platform: 'FACEBOOK', platformKey: 'facebook', total: 2, changePercent: -50, series: points(1, 1, 0) },
        { platform: 'INSTAGRAM', platformKey: 'instagram', total: 1, changePercent: 0, series: points(0, 0, 1) },
      ],
    });
    expect(figures.likes.byPlatform).toMatchObject([
      { total: 10, changePercent: null, series: points(1, 4, 5) },
      { total: 6, series: points(0, 1, 5) },
    ]);
    expect(figures.impressions.byPlatform).toMatchObject([
      { total: 40, changePercent: 0, series: points(10, 10, 20) },
      { total: 20, changePercent: null, series: points(0, 10, 10) },
    ]);
  });

  test('adds up followers, shares and engagement, which upstream gives by platform only', () => {
    expect(figures.followers).toMatchObject({ total: 110, changePercent: null, series: points(100, 105, 110) });
    expect(figures.shares).toMatchObject({ total: 2, series: null });
    expect(figures.engagement).toMatchObject({ total: 21, changePercent: null, series: null });
    expect(figures.engagement.byPlatform).toMatchObject([
      { total: 12, changePercent: 0 },
      { total: 9, changePercent: 12.5 },
    ]);
    expect(figures.reach).toMatchObject({ total: 33, changePercent: 10, series: null });
  });
});

describe('what cannot be trusted', () => {
  test('a series of wrong length is dropped and named, never shifted; its neighbours stay', () => {
    const figures = figuresOf({
      ...whole,
      postPerformance: {
        ...whole.postPerformance,
        likes: [1, 5],
        posts: { facebook: [1, 1, 0, 0], instagram: [0, 0, 1] },
      },
    });
    expect(figures.likes).toMatchObject({ total: 16, series: null });
    expect(figures.impressions.series).toEqual(points(10, 20, 30));
    expect(figures.posts.series).toBeNull();
    expect(figures.posts.byPlatform.map(({ series }) => series)).toEqual([null, points(0, 0, 1)]);
    expect(figures.warnings.filter(({ code }) => code === 'SERIES_LENGTH_MISMATCH')).toMatchObject([
      {
        metric: 'POSTS',
        platformKey: 'facebook',
        message: expect.stringContaining('4 daily values for 3 days') as unknown,
      },
      { metric: 'LIKES', platformKey: null },
    ]);
  });

  test.each([
    ['another order', ['Fri', 'Sat', 'Sun']],
    ['another language', ['jeu', 'ven', 'sam']],
    ['empty names', ['', '', '']],
  ])('weekday names in %s drop every series, and no total', (_what, dayRange) => {
    const figures = figuresOf({ ...whole, dayRange });
    const metrics = [figures.posts, figures.impressions, figures.followers, figures.likes, figures.comments];
    const all = metrics.flatMap(({ series, byPlatform }) => [series, ...byPlatform.map((one) => one.series)]);
    expect(new Set(all)).toEqual(new Set([null]));
    expect(figures.likes.total).toBe(16);
    expect(codes(figures)).toEqual(['WEEKDAYS_DISAGREE']);
  });

  test.each([
    ['long names', ['Thursday', 'Friday', 'Saturday']],
    ['no names', undefined],
    ['another number of names', ['Mon', 'Tue']],
    ['names that are no texts', [4, 5, 6]],
  ])('%s leave the series as they are', (_what, dayRange) => {
    expect(figuresOf({ ...whole, dayRange }).likes.series).toEqual(points(1, 5, 10));
  });

  test('a platform that we do not know is kept under OTHER, last, and named once', () => {
    const figures = figuresOf({
      breakdowns: {
        posts: { total: 3, platforms: { threads: { value: 1 }, bluesky: { value: 1 }, tiktok: { value: 1 } } },
        reach: { total: 2, platforms: { threads: { value: 2 } } },
      },
    });
    expect(figures.posts.byPlatform.map(({ platform, platformKey }) => [platform, platformKey])).toEqual([
      ['TIKTOK', 'tiktok'],
      ['OTHER', 'bluesky'],
      ['OTHER', 'threads'],
    ]);
    expect(figures.warnings.map(({ code, platformKey }) => [code, platformKey])).toEqual([
      ['UNKNOWN_PLATFORM', 'bluesky'],
      ['UNKNOWN_PLATFORM', 'threads'],
    ]);
  });

  test('a total that the platforms do not add up to is named by metric', () => {
    const figures = figuresOf({ ...whole, totals: { ...whole.totals, likes: 17 } });
    expect(figures.likes.total).toBe(17);
    expect(figures.warnings.filter(({ code }) => code === 'TOTALS_DISAGREE')).toMatchObject([{ metric: 'LIKES' }]);
  });

  test('where one platform’s number is not known, neither is the sum, and nothing disagrees', () => {
    const engagement = { ...whole.breakdowns.engagement, facebook: { likes: 10, comments: 2, shares: null } };
    const figures = figuresOf({ ...whole, breakdowns: { ...whole.breakdowns, engagement } });
    expect(figures.shares.total).toBeNull();
    expect(figures.engagement).toMatchObject({ total: null, byPlatform: [{ total: null }, { total: 9 }] });
    expect(codes(figures)).toEqual(['DATES_INFERRED']);
  });

  test('the followers of all are not known on a day on which one platform says nothing', () => {
    const followers = {
      facebook: { total: 70, series: [60, null, 70] },
      instagram: { total: 40, series: [40, 40, 40] },
    };
    const figures = figuresOf({ ...whole, platformTotals: { followers } });
    expect(figures.followers.series).toEqual(points(100, null, 110));
    const silent = { ...followers, instagram: { total: 40 } };
    expect(figuresOf({ ...whole, platformTotals: { followers: silent } }).followers.series).toBeNull();
  });

  test('where totals are missing the breakdown’s word stands', () => {
    const figures = figuresOf({ ...whole, totals: null });
    expect([figures.posts.total, figures.impressions.total, figures.likes.total]).toEqual([3, 60, null]);
  });

  test('an answer that says nothing leaves everything unknown, not zero, and a warning says so', () => {
    const { warnings, ...figures } = figuresOf({});
    expect({ ...figures, warnings: [] }).toEqual({ ...emptyFigures, upstreamTraceId: 'trace-1' });
    expect(warnings).toMatchObject([{ code: 'NO_FIGURES' }]);
    expect(figuresOf({ dayRange: ['Mon', 'Mon', 'Mon'] }).likes.series).toBeNull();
  });
});

describe('the audience', () => {
  const audienceOf = (demographics: unknown) => figuresOf({ demographics }).audience;

  test('has genders in one order and ages by upstream’s keys', () => {
    expect(
      audienceOf({
        gender: {
          totals: {
            unknown: { total: 1, percentage: 10 },
            male: { total: 4, percentage: '40' },
            other: { total: 9 },
            female: { total: 5, percentage: 50 },
          },
        },
        age: { totals: { '13-17': 0, '18-24': 6, '65+': 4, all: 10, '7': 1 } },
      }),
    ).toEqual({
      genders: [
        { gender: 'FEMALE', total: 5, percentage: 50 },
        { gender: 'MALE', total: 4, percentage: 40 },
        { gender: 'UNKNOWN', total: 1, percentage: 10 },
      ],
      ageRanges: [
        { key: '13-17', minAge: 13, maxAge: 17, total: 0, percentage: null },
        { key: '18-24', minAge: 18, maxAge: 24, total: 6, percentage: null },
        { key: '65+', minAge: 65, maxAge: null, total: 4, percentage: null },
      ],
    });
  });

  test.each([
    [undefined],
    [null],
    [{}],
    [{ gender: null, age: {} }],
    [{ gender: { totals: {} }, age: { totals: { all: 3 } } }],
  ])('is null where upstream sends %j', (demographics) => {
    expect(audienceOf(demographics)).toBeNull();
  });
});
