import { describe, expect, test } from '@jest/globals';
import { answerHeaders } from '../../src/http/answer-headers.ts';
import { freshnessWishOf } from '../../src/http/cache-control.ts';
import { entityTagOf, isNamedBy } from '../../src/http/entity-tag.ts';
import { priorityOf } from '../../src/http/priority.ts';
import { anyFreshness, type FreshnessWish } from '../../src/model/freshness.ts';
import { createCostMeter, type Part } from '../../src/observe/cost.ts';
import type { Answered } from '../../src/operation/cost.ts';

describe('what a request asks of freshness', () => {
  const floor = 5;
  const wish = (cacheControl?: string, pragma?: string) => freshnessWishOf({ cacheControl, pragma }, floor);
  const old = (maxAgeSeconds: number) => ({ maxAgeSeconds });
  const stale = (maxStaleSeconds: number) => ({ maxStaleSeconds });
  const onlyIfCached = { isOnlyIfCached: true };

  test.each<[string, Partial<FreshnessWish>]>([
    ['', {}],
    ['no-cache', old(5)],
    ['max-age=60', old(60)],
    ['max-age=0', old(0)],
    ['max-stale', stale(Infinity)],
    ['max-stale=30', stale(30)],
    ['only-if-cached', onlyIfCached],
    ['no-store', {}],
    ['no-transform, min-fresh=10, stale-if-error=60, x', {}],
    // the stricter of two
    ['no-cache, max-age=60', old(5)],
    ['no-cache, max-age=1', old(1)],
    ['max-age=60, max-age=7, max-age=30', old(7)],
    ['max-stale, max-stale=9', stale(9)],
    // together
    ['max-age=60, max-stale=30, only-if-cached', { ...old(60), ...stale(30), ...onlyIfCached }],
    ['only-if-cached,max-stale', { ...stale(Infinity), ...onlyIfCached }],
    // spelling
    ['Max-Age=60 , ONLY-IF-CACHED', { ...old(60), ...onlyIfCached }],
    ['  No-Cache  ', old(5)],
    ['max-age="60"', old(60)],
    ['max-age = 60', old(60)],
    [',, ,max-age=8,,', old(8)],
    ['no-cache="set-cookie"', old(5)],
    // what others say in quotes is theirs
    ['x="only-if-cached, max-age=1", max-age=60', old(60)],
    [String.raw`x="\", max-age=1", max-age=60`, old(60)],
    ['x="never closed, max-age=1', {}],
    // nonsense
    ['max-age', {}],
    ['max-age=', {}],
    ['max-age=-1', {}],
    ['max-age=NaN', {}],
    ['max-age=1.5', {}],
    ['max-age=1e3', {}],
    ['max-age=0x10', {}],
    ['max-age=soon, max-age=9', old(9)],
    ['max-stale=', {}],
    ['max-stale=-5', {}],
    ['max-stale=""', {}],
    ['=60', {}],
    ['max-age=60=60', {}],
    // RFC 9111 §1.2.2
    ['max-age=99999999999999999999999', old(2_147_483_648)],
    [`max-stale=${'9'.repeat(400)}`, stale(2_147_483_648)],
  ])('Cache-Control: %s', (header, expected) => {
    expect(wish(header)).toEqual({ ...anyFreshness, ...expected });
  });

  test('without any header it asks nothing', () => {
    expect(wish()).toEqual(anyFreshness);
  });

  test('Pragma: no-cache counts only where there is no Cache-Control', () => {
    expect(wish(undefined, 'no-cache')).toEqual({ ...anyFreshness, maxAgeSeconds: 5 });
    expect(wish(undefined, 'x, No-Cache')).toEqual({ ...anyFreshness, maxAgeSeconds: 5 });
    expect(wish('max-age=60', 'no-cache')).toEqual({ ...anyFreshness, maxAgeSeconds: 60 });
    expect(wish('', 'no-cache')).toEqual(anyFreshness);
    expect(wish(undefined, 'max-age=60')).toEqual(anyFreshness);
  });

  test.each(['"', '\\"', 'a="', ',', '=', ' ', '"\\', 'max-age="', 'max-age,'])(
    'a header full of %j asks nothing, and is read at once',
    (text) => {
      expect(wish(text.repeat(16_384 / text.length))).toEqual(anyFreshness);
    },
  );
});

describe('how urgent a request is', () => {
  test.each([
    [undefined, 'interactive'],
    ['', 'interactive'],
    ['u=0', 'interactive'],
    ['u=3, i', 'interactive'],
    ['u=4', 'interactive'],
    ['u=5', 'live'],
    ['i, u=6', 'live'],
    ['u=7', 'background'],
    [' u=7 ;x=1, i', 'background'],
    ['u=1, u=7', 'background'],
    ['u=7, u=1', 'interactive'],
    ['u=7, u=x', 'interactive'],
    ['u=8', 'interactive'],
    ['u=77', 'interactive'],
    ['u=7.0', 'interactive'],
    ['u=-7', 'interactive'],
    ['u="7"', 'interactive'],
    ['U=7', 'interactive'],
    ['mu=7', 'interactive'],
    ['7', 'interactive'],
  ])('Priority: %s is %s', (header, priority) => {
    expect(priorityOf(header)).toBe(priority);
  });
});

describe('entity tags', () => {
  const tag = entityTagOf('{"data":{}}\n');

  test('are weak, equal for equal content and another for any other', () => {
    expect(tag).toMatch(/^W\/"[A-Za-z0-9_-]{22}"$/);
    expect(entityTagOf('{"data":{}}\n')).toBe(tag);
    expect(entityTagOf('{"data":{} }\n')).not.toBe(tag);
  });

  test.each([
    [undefined, false],
    ['', false],
    ['*', true],
    [' * ', true],
    [tag, true],
    [tag.slice(2), true], // strong, which weakly is the same
    [`"x", W/"y, z" ,${tag}`, true],
    [`W/"${tag.slice(3)}`, true],
    ['W/"x"', false],
    ['""', false],
    [tag.slice(3, -1), false], // not quoted
    [`"x${tag.slice(3)}`, false],
    [`"${tag.slice(3, -2)}"`, false],
  ])('If-None-Match: %s names it: %p', (header, expected) => {
    expect(isNamedBy(header, tag)).toBe(expected);
  });

  test('nothing names what has none', () => {
    expect(isNamedBy('*', undefined)).toBe(false);
  });
});

describe('what HTTP caches are told of an answer', () => {
  const now = 1_000_000_000_000;
  const secondsAgo = (fetched: number, left: number): Part => ({
    fetchedAt: now - fetched * 1_000,
    freshUntil: now + left * 1_000,
  });
  const answered = (
    parts: readonly Part[],
    trace: Partial<Answered['trace']> = {},
    isTellingCost = false,
  ): Answered => {
    const meter = createCostMeter();
    for (const part of parts) meter.part(part);
    const estimate = { total: 1, perLocation: 1, values: 1, locationIds: [] };
    const whole = {
      names: [],
      kind: 'query',
      estimate,
      locations: new Set<never>(),
      denied: 0,
      grantLooks: 0,
      workMs: 0,
      isTrusted: null,
      tellsOfNow: false,
      outcome: 'ok',
      isClientMistake: false,
    } as const;
    return { meter, isTellingCost, trace: { ...whole, ...trace, names: [] } };
  };
  const noStore = { 'cache-control': 'private, no-store' };

  test.each<[string, readonly Part[], string, string]>([
    ['fresh', [secondsAgo(10, 50)], '10', 'private, max-age=60'],
    ['read just now', [secondsAgo(0, 60)], '0', 'private, max-age=60'],
    [
      'of several parts',
      [secondsAgo(10, 50), secondsAgo(200, 100), secondsAgo(5, 3_595)],
      '200',
      'private, max-age=250',
    ],
    ['with a part that is stale', [secondsAgo(10, 50), secondsAgo(61, -1)], '61', 'private, no-cache'],
    ['that is stale from now on', [secondsAgo(60, 0)], '60', 'private, no-cache'],
    ['fresh for less than a second', [secondsAgo(59.5, 0.5)], '59', 'private, no-cache'],
    ['of fractions of seconds', [secondsAgo(10.9, 49.1)], '10', 'private, max-age=59'],
    ['that a clock ahead has dated', [secondsAgo(-3, 63)], '0', 'private, max-age=63'],
  ])('one %s', (_name, parts, age, cacheControl) => {
    expect(answerHeaders(answered(parts), '{"data":1}', now)).toEqual({
      'cache-control': cacheControl,
      age,
      etag: entityTagOf('{"data":1}'),
    });
  });

  test.each([
    ['without any part', answered([])],
    ['with an error', answered([secondsAgo(1, 9)], { outcome: 'NOT_FOUND' })],
    ['that nobody waits for', answered([secondsAgo(1, 9)], { outcome: 'cancelled' })],
    ['to a mutation', answered([secondsAgo(1, 9)], { kind: 'mutation' })],
    ['to what is no operation', answered([secondsAgo(1, 9)], { kind: null })],
    ['that tells of the gateway itself', answered([secondsAgo(1, 9)], { tellsOfNow: true })],
  ])('one %s is not to be stored', (_name, context) => {
    expect(answerHeaders(context, '{"data":1}', now)).toEqual(noStore);
  });

  test('what the answer has cost is no part of what it is', () => {
    const parts = [secondsAgo(1, 9)];
    const tagOf = (text: string, isTellingCost: boolean) =>
      answerHeaders(answered(parts, {}, isTellingCost), text, now).etag;
    const data = '{"data":{"extensions":{"cost":{"made":1}}}';
    const plain = tagOf(`${data}}\n`, false);
    const told = tagOf(`${data},"extensions":{"cost":{"made":2}}}\n`, true);
    expect(told).toBe(tagOf(`${data},"extensions":{"cost":{"made":0,"locations":[]}}}\n`, true));
    expect(told).not.toBe(tagOf(`{"data":{},"extensions":{"cost":{"made":2}}}\n`, true));
    expect(told).toBe(plain);
  });
});
