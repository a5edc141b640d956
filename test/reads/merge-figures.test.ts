import { describe, expect, test } from '@jest/globals';
import type { Figures, Metric } from '../../src/model/statistics.ts';
import { warning } from '../../src/model/statistics.ts';
import { emptyFigures } from '../../src/reads/figures.ts';
import { mergeFigures } from '../../src/reads/merge-figures.ts';

const series = (...values: (number | null)[]) =>
  values.map((value, index) => ({ date: `2026-06-0${index + 1}`, value }));
const part = (likes: Partial<Metric>, more: Partial<Figures> = {}): Figures => ({
  ...emptyFigures,
  likes: { ...emptyFigures.likes, ...likes },
  ...more,
});
const merged = (...parts: Partial<Metric>[]) => mergeFigures(parts.map((one) => part(one))).likes;

describe('figures of parts', () => {
  test('of none know nothing, of one are that one', () => {
    expect(mergeFigures([])).toEqual(emptyFigures);
    const only = part({ total: 3, changePercent: 4.25 });
    expect(mergeFigures([only])).toBe(only);
  });

  test('add up totals and points', () => {
    expect(merged({ total: 3, series: series(1, 2) }, { total: 40, series: series(10, 30) })).toMatchObject({
      name: 'LIKES',
      total: 43,
      series: series(11, 32),
    });
  });

  test('do not know what one part does not know', () => {
    const known = { total: 3, changePercent: 0, series: series(1, 2) };
    expect(merged(known, { total: null, changePercent: 0, series: series(1, null) })).toMatchObject({
      total: null,
      changePercent: null,
      series: series(2, null),
    });
    expect(merged(known, { total: 1, series: null })).toMatchObject({ total: 4, series: null, changePercent: null });
  });

  // Each part's number before is total / (1 + change / 100); by hand on the right.
  test.each([
    // 100 and 100 before, 150 + 100 now
    [[150, 50], [100, 0], 25],
    // 200 and 100 before, 100 + 110 now
    [[100, -50], [110, 10], -30],
    // 80 and 40 before, 90 + 40 now: 130 / 120
    [[90, 12.5], [40, 0], 8.33],
    // nothing before, nothing now
    [[0, 0], [0, 0], 0],
    // nothing of the first in either period
    [[0, 0], [30, 50], 50],
    // a fall by all hides what was before
    [[0, -100], [30, 50], null],
    [[5, null], [30, 50], null],
    [[null, 5], [30, 50], null],
  ])('changed from %p and %p by %p percent', ([a, aChange], [b, bChange], expected) => {
    const change = (total: number | null | undefined, changePercent: number | null | undefined) => ({
      total: total ?? null,
      changePercent: changePercent ?? null,
    });
    expect(merged(change(a, aChange), change(b, bChange)).changePercent).toBe(expected);
  });

  test('merge platforms by upstream’s key; a part without a platform adds nothing to it', () => {
    const platform = (platformKey: string, total: number | null, changePercent: number | null = 0) => ({
      platform: 'OTHER' as const,
      platformKey,
      total,
      changePercent,
      series: series(total),
    });
    const { byPlatform } = merged(
      { byPlatform: [platform('threads', 6, 100), platform('bluesky', 1)] },
      { byPlatform: [platform('threads', 4), platform('mastodon', null)] },
      { byPlatform: [] },
    );
    // threads: 3 and 4 before, 10 now
    expect(
      byPlatform.map(({ platformKey, total, changePercent, series: points }) => [
        platformKey,
        total,
        changePercent,
        points,
      ]),
    ).toEqual([
      ['threads', 10, 42.86, series(10)],
      ['bluesky', 1, 0, series(1)],
      ['mastodon', null, null, series(null)],
    ]);
  });

  test('weigh the audience by people, and leave out parts that tell none', () => {
    const audience = (female: number | null, young: number) => ({
      genders: [
        { gender: 'FEMALE' as const, total: female, percentage: 99 },
        { gender: 'MALE' as const, total: 10, percentage: 1 },
      ],
      ageRanges: [{ key: '18-24', minAge: 18, maxAge: 24, total: young, percentage: null }],
    });
    const sum = mergeFigures([
      part({}, { audience: audience(30, 5) }),
      part({}),
      part({}, { audience: audience(10, 3) }),
    ]);
    expect(sum.audience).toEqual({
      genders: [
        { gender: 'FEMALE', total: 40, percentage: 66.67 },
        { gender: 'MALE', total: 20, percentage: 33.33 },
      ],
      ageRanges: [{ key: '18-24', minAge: 18, maxAge: 24, total: 8, percentage: 100 }],
    });
    const unknown = mergeFigures([part({}, { audience: audience(null, 0) }), part({}, { audience: audience(10, 0) })]);
    expect(unknown.audience?.genders).toMatchObject([
      { total: null, percentage: null },
      { total: 20, percentage: null },
    ]);
    expect(unknown.audience?.ageRanges).toMatchObject([{ total: 0, percentage: null }]);
    expect(mergeFigures([part({}), part({})]).audience).toBeNull();
  });

  test('of which one names no platform and says zero are those of the others, its warnings kept', () => {
    const told = warning('DATES_INFERRED', 'worked out');
    const zero = { ...emptyFigures.posts, total: 0 };
    const nothing = part({ total: 0 }, { posts: zero, warnings: [told] });
    const facebook = {
      platform: 'FACEBOOK' as const,
      platformKey: 'facebook',
      total: 4,
      changePercent: null,
      series: null,
    };
    const shares = { ...emptyFigures.shares, total: 4, byPlatform: [facebook] };
    const posts = { ...emptyFigures.posts, total: 2, series: series(2) };
    const something = part({ total: 5 }, { shares, posts });
    const sum = mergeFigures([nothing, something]);
    expect(sum).toMatchObject({ likes: { total: 5 }, shares: { total: 4 }, posts: { total: 2, series: series(2) } });
    expect(sum.warnings).toEqual([told]);
    expect(mergeFigures([nothing, nothing])).toMatchObject({ likes: { total: 0 }, shares: { total: null } });
    expect(mergeFigures([emptyFigures, something])).toMatchObject({ likes: { total: null }, shares: { total: null } });
  });

  test('say once what is true of several', () => {
    const told = warning('DATES_INFERRED', 'worked out');
    const short = warning('SERIES_LENGTH_MISMATCH', 'short', { metric: 'LIKES' });
    const sum = mergeFigures([part({}, { warnings: [told] }), part({}, { warnings: [{ ...told }, short] })]);
    expect(sum.warnings).toEqual([told, short]);
  });
});
