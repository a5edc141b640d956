import { describe, expect, test } from '@jest/globals';
import { readAnswer } from '../../../src/upstream/endpoints/statistics-answer.ts';

const read = (body: unknown) => {
  const notes: string[] = [];
  return { answer: readAnswer(body, (field) => notes.push(field)), notes };
};
const compared = (value: unknown, change: unknown) => ({ value, change });

describe('a statistics answer', () => {
  test.each([
    ['nothing', null],
    ['a page of HTML', '<html>'],
    ['no results', { message: 'Analytics Built Successfully' }],
    ['results null', { results: null }],
    ['results in a list', { results: [] }],
    ['results in a text', { results: 'none' }],
    ['success false', { success: false, results: { totals: { likes: 1 } } }],
  ])('with %s is no answer, and the log names the field', (_what, body) => {
    expect(() => readAnswer(body, () => undefined)).toThrow(
      expect.objectContaining({
        code: 'UPSTREAM_INVALID_RESPONSE',
        cause: expect.objectContaining({ message: expect.stringMatching(/results|success/) as unknown }) as unknown,
      }),
    );
  });

  test('whose numbers are all of a wrong type is no answer', () => {
    for (const results of [
      { totals: { posts: 'many', likes: {} }, dayRange: 'none' },
      { totals: 'x' },
      { breakdowns: { posts: { total: 'many', totalChange: 6, platforms: { facebook: 'many' } } } },
      { postPerformance: { likes: 'none' }, totals: null },
    ]) {
      expect(() => readAnswer({ results }, () => undefined)).toThrow(
        expect.objectContaining({ code: 'UPSTREAM_INVALID_RESPONSE' }),
      );
    }
  });

  test('may say nothing at all: nothing in it is required', () => {
    const { answer, notes } = read({ results: {} });
    expect(answer).toMatchObject({ dayRange: null, traceId: null, demographics: null });
    expect(notes).toEqual([]);
  });

  test.each([
    ['-86.64', -86.64],
    ['12.5%', 12.5],
    ['+3', 3],
    [0, 0],
    [-4.25, -4.25],
    [null, null],
    ['n/a', null],
    ['', null],
    [{}, null],
  ])('reads the change %p as %p', (change, expected) => {
    const posts = { total: 4, totalChange: change, platforms: { facebook: compared(4, change) } };
    const { answer, notes } = read({ results: { breakdowns: { posts } } });
    expect(answer.breakdowns.posts?.totalChange).toBe(expected);
    expect(answer.breakdowns.posts?.platforms['facebook']?.change).toBe(expected);
    const isOdd = typeof change === 'string' || typeof change === 'object';
    expect(notes).toEqual(
      isOdd && change !== null
        ? ['results.breakdowns.posts.totalChange', 'results.breakdowns.posts.platforms.*.change']
        : [],
    );
  });

  test.each([
    [7, 7],
    ['7', 7],
    [0, 0],
    [-1, null],
    [1.5, null],
    [2 ** 53, null],
    ['-1', null],
    [true, null],
    [null, null],
  ])('reads the count %p as %p', (likes, expected) => {
    expect(read({ results: { totals: { likes, posts: 1 } } }).answer.totals.likes).toBe(expected);
  });

  test('without change says nothing of it', () => {
    const { answer, notes } = read({
      results: { breakdowns: { reach: { total: 3, platforms: { google: { value: 3 } } } } },
    });
    expect(answer.breakdowns.reach).toEqual({
      total: 3,
      totalChange: null,
      platforms: { google: { value: 3, change: null } },
    });
    expect(notes).toEqual([]);
  });

  test('keeps points that are null, and notes those that are no numbers', () => {
    const { answer, notes } = read({
      results: { postPerformance: { likes: [1, null, 'x', '4'], posts: { google: [0, null] } } },
    });
    expect(answer.postPerformance).toMatchObject({ likes: [1, null, null, 4], posts: { google: [0, null] } });
    expect(notes).toEqual(['results.postPerformance.likes[]', 'results.postPerformance.likes[]']);
  });

  test('loses no platform to a bad neighbour, and never names upstream’s keys in a note', () => {
    const platforms = { facebook: compared(4, 0), instagram: null, threads: 'x', linkedin: { value: {}, change: [] } };
    const { answer, notes } = read({
      results: {
        breakdowns: {
          posts: { total: 4, totalChange: 0, platforms },
          engagement: { facebook: { likes: 1 }, tiktok: 5 },
        },
        platformTotals: { likes: { facebook: { total: 2, series: [2] }, google: [] } },
      },
    });
    expect(answer.breakdowns.posts?.platforms).toEqual({
      facebook: { value: 4, change: 0 },
      instagram: { value: null, change: null },
      threads: { value: null, change: null },
      linkedin: { value: null, change: null },
    });
    expect(answer.breakdowns.engagement?.['facebook']?.likes).toBe(1);
    expect(answer.breakdowns.engagement?.['tiktok']?.likes).toBeNull();
    expect(answer.platformTotals.likes?.['facebook']).toEqual({ total: 2, series: [2] });
    expect(notes).toEqual([
      'results.breakdowns.posts.platforms.*',
      'results.breakdowns.posts.platforms.*.value',
      'results.breakdowns.posts.platforms.*.change',
      'results.breakdowns.engagement.*',
      'results.platformTotals.likes.*',
    ]);
  });

  test('ignores what it does not know, `__proto__` included', () => {
    const body = `{"__proto__":{"a":1},"results":{"__proto__":{"totals":{"likes":9}},"grouping":"daily","totals":{"likes":1,"__proto__":{"posts":3}},
      "platformTotals":{"likes":{"__proto__":{"total":8},"constructor":{"total":5}}}}}`;
    const { answer, notes } = read(JSON.parse(body));
    expect(answer.totals.likes).toBe(1);
    expect(answer.totals.posts).toBeUndefined();
    expect(Object.keys(answer.platformTotals.likes ?? {})).toEqual(['constructor']);
    expect(notes).toEqual([]);
  });

  test('gives genders with percentages and ages without, whatever the ranges are called', () => {
    const demographics = {
      gender: { totals: { female: { total: 6, percentage: '60' }, male: { total: 4, percentage: 40 } } },
      age: { totals: { '18-24': 10, '65+': {} } },
    };
    const { answer, notes } = read({ results: { totals: { likes: 1 }, demographics } });
    expect(answer.demographics).toEqual({
      gender: { totals: { female: { total: 6, percentage: 60 }, male: { total: 4, percentage: 40 } } },
      age: { totals: { '18-24': 10, '65+': null } },
    });
    expect(notes).toEqual(['results.demographics.gender.totals.*.percentage', 'results.demographics.age.totals.*']);
  });

  test('carries the trace id where it is a text', () => {
    expect(read({ results: {}, traceId: 'abc' }).answer.traceId).toBe('abc');
    expect(read({ results: {}, traceId: 7 })).toMatchObject({ answer: { traceId: null }, notes: ['body.traceId'] });
  });
});
