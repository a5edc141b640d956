import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError, type ErrorCode } from '../../src/model/errors.ts';
import { asker, cacheKey, createRoom, settle, upstream, waitFor } from './rooms.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

const key = cacheKey('a', 60, { revalidateSeconds: 300, hardSeconds: 3_600 });
const seconds = (count: number) => waitFor(count * 1_000);

/** A cache that has loaded "answer 1", at the start and 100 ms. */
const warm = async () => {
  const room = createRoom();
  const { load, ...calls } = upstream();
  const ask = (cause = asker()) => room.cache.getOrLoad(key, load, cause);
  await settle(ask());
  return { ...room, ...calls, load, ask };
};
const given = (value: string, state: string, staleReason: string | null = null) =>
  expect.objectContaining({ value, freshness: { fetchedAt: start + 100, state, staleReason } });

describe('stale while it is read again', () => {
  test('it is given at once and read again once behind, however many ask; the next one is given the new answer', async () => {
    const { ask, causes, loads, counts } = await warm();
    await seconds(60);
    const askers = Array.from({ length: 20 }, () => asker());
    const answers = await Promise.all(askers.map(ask));
    expect(answers).toEqual(Array(20).fill(given('answer 1', 'STALE_WHILE_REVALIDATE')));
    await waitFor(0);
    expect(loads()).toBe(2);
    expect(causes[1]?.urgency.priority).toBe('background');
    expect(askers.map(({ meter }) => meter.cost())).toEqual(
      Array(20).fill(expect.objectContaining({ made: 0, shared: 0, fromCache: 1, freshUntil: start + 60_100 })),
    );
    await waitFor(200);
    expect(await ask()).toMatchObject({ value: 'answer 2', freshness: { state: 'FRESH', fetchedAt: start + 60_300 } });
    expect(loads()).toBe(2);
    expect(counts()).toEqual({ 'cache miss test': 1, 'cache stale test': 20, 'cache hit test': 1 });
  });

  test('one that cannot be read again stays, and is tried after one second, two, four and so on, at most thirty', async () => {
    const { ask, causes, fail } = await warm();
    await seconds(60);
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'), 100);
    const triedAt: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      const before = causes.length;
      expect(await ask()).toEqual(given('answer 1', 'STALE_WHILE_REVALIDATE'));
      await waitFor(0);
      if (causes.length > before) triedAt.push(second);
      await seconds(1);
    }
    expect(triedAt).toEqual([0, 2, 5, 10, 19, 36, 67, 98]);
  });

  test('where nothing was sent it is tried again when we were told, without waiting longer each time', async () => {
    const { ask, loads, fail } = await warm();
    await seconds(60);
    fail(new GatewayError('UPSTREAM_CIRCUIT_OPEN', { retryAfterMs: 2_500 }), 3);
    for (let attempt = 2; attempt <= 4; attempt += 1) {
      await settle(ask());
      expect(loads()).toBe(attempt);
      await waitFor(2_300);
      await settle(ask());
      expect(loads()).toBe(attempt);
    }
    await settle(ask());
    expect((await ask()).value).toBe('answer 5');
  });

  test('a person who needs the new answer joins the load behind, which hurries from then on; that is a shared call', async () => {
    const { ask, causes } = await warm();
    await seconds(60);
    await ask();
    await waitFor(50);
    expect(causes[1]?.urgency.priority).toBe('background');
    const person = asker({ maxAgeSeconds: 5 });
    const answer = ask(person);
    await waitFor(0);
    expect(causes[1]?.urgency.priority).toBe('interactive');
    expect(causes[1]?.urgency.endsAt).toBeGreaterThanOrEqual(person.urgency.endsAt);
    expect(await settle(answer)).toMatchObject({ value: 'answer 2', freshness: { state: 'FRESH' } });
    expect(causes).toHaveLength(2);
    expect(person.meter.cost()).toMatchObject({ made: 0, shared: 1, fromCache: 0 });
  });

  test('a person who leaves does not call off what is read behind', async () => {
    const { ask, causes } = await warm();
    await seconds(60);
    await ask();
    const leaver = new AbortController();
    const answer = ask(asker({ maxAgeSeconds: 0 }, leaver.signal));
    await waitFor(0);
    leaver.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
    await waitFor(200);
    expect(causes[1]?.signal.aborted).toBe(false);
    expect((await ask()).value).toBe('answer 2');
  });
});

describe('stale where upstream cannot answer', () => {
  test.each<[ErrorCode, string | null]>([
    ['UPSTREAM_RATE_LIMITED', 'QUOTA'],
    ['UPSTREAM_CIRCUIT_OPEN', 'CIRCUIT_OPEN'],
    ['UPSTREAM_TIMEOUT', 'UPSTREAM_ERROR'],
    ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_ERROR'],
    ['UPSTREAM_INVALID_RESPONSE', 'UPSTREAM_ERROR'],
    ['GRANT_STORE_UNAVAILABLE', 'UPSTREAM_ERROR'],
    ['UPSTREAM_REFUSED', null],
    ['UPSTREAM_AUTH_FAILED', null],
    ['UPSTREAM_SCOPE_MISSING', null],
    ['LOCATION_NOT_CONNECTED', null],
    ['LOCATION_PAUSED', null],
    ['NOT_FOUND', null],
    ['INTERNAL_SERVER_ERROR', null],
  ])('%s: %s', async (code, staleReason) => {
    const { ask, loads, fail, counts } = await warm();
    await seconds(300);
    const error = new GatewayError(code, { retryAfterMs: 5_000 });
    fail(error);
    const person = asker();
    const answer = settle(ask(person));
    if (staleReason === null) await expect(answer).rejects.toBe(error);
    else expect(await answer).toEqual(given('answer 1', 'STALE_IF_ERROR', staleReason));
    expect(loads()).toBe(2);
    expect(counts()['cache stale-if-error'] ?? 0).toBe(staleReason === null ? 0 : 1);
    expect(person.meter.cost().fromCache).toBe(staleReason === null ? 0 : 1);
  });

  test('what is no error of ours is a bug and is not papered over', async () => {
    const { ask, fail } = await warm();
    await seconds(300);
    fail(new TypeError('a bug'));
    await expect(settle(ask())).rejects.toThrow('a bug');
  });

  test('never beyond the hard limit, also when that is passed while upstream is asked', async () => {
    const { ask, fail } = await warm();
    const error = new GatewayError('UPSTREAM_UNAVAILABLE');
    fail(error, 3);
    await waitFor(3_600_000 - 300); // asked 200 ms before the limit: the failure comes 100 ms before it
    expect(await settle(ask())).toEqual(given('answer 1', 'STALE_IF_ERROR', 'UPSTREAM_ERROR'));
    const late = await warm();
    late.fail(error, 3);
    await waitFor(3_600_000 - 150);
    await expect(settle(late.ask())).rejects.toBe(error);
    await expect(settle(late.ask(asker({ maxStaleSeconds: Infinity })))).rejects.toBe(error);
  });

  test('a caller that has gone is given its reason, nothing stale', async () => {
    const { ask, fail } = await warm();
    await seconds(300);
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'));
    const leaver = new AbortController();
    const answer = ask(asker({}, leaver.signal));
    await waitFor(50);
    const reason = new GatewayError('UPSTREAM_TIMEOUT');
    leaver.abort(reason);
    await expect(settle(answer)).rejects.toBe(reason);
    for (const wish of [{}, { maxStaleSeconds: Infinity }, { isOnlyIfCached: true }]) {
      await expect(ask(asker(wish, leaver.signal))).rejects.toBe(reason);
    }
  });
});

describe('wishes', () => {
  test('an answer that is older than wished is not given before upstream was asked, and is marked when it has to be', async () => {
    const { ask, loads, fail } = await warm();
    await waitFor(5_900);
    expect((await ask(asker({ maxAgeSeconds: 6 }))).value).toBe('answer 1');
    fail(new GatewayError('UPSTREAM_RATE_LIMITED'));
    expect(await settle(ask(asker({ maxAgeSeconds: 5 })))).toEqual(given('answer 1', 'STALE_IF_ERROR', 'QUOTA'));
    expect((await settle(ask(asker({ maxAgeSeconds: 5 })))).value).toBe('answer 3');
    expect(loads()).toBe(3);
  });

  test('whoever takes stale answers is given them at once up to the hard limit, and they are read again behind', async () => {
    const { ask, loads } = await warm();
    await seconds(3_000);
    const patient = asker({ maxStaleSeconds: Infinity });
    expect(await ask(patient)).toEqual(given('answer 1', 'STALE_WHILE_REVALIDATE'));
    await waitFor(0);
    expect(loads()).toBe(2);
  });

  test('whoever takes no stale answer waits for upstream', async () => {
    const { ask } = await warm();
    await seconds(60);
    expect((await settle(ask(asker({ maxStaleSeconds: 0 })))).value).toBe('answer 2');
  });

  test('only what is kept: never a wait, and NOT_CACHED where nothing is fresh enough', async () => {
    const { ask, loads } = await warm();
    await seconds(60);
    expect(await ask(asker({ isOnlyIfCached: true }))).toEqual(given('answer 1', 'STALE_WHILE_REVALIDATE'));
    await waitFor(0);
    expect(loads()).toBe(2); // behind
    await seconds(301);
    await expect(ask(asker({ isOnlyIfCached: true }))).rejects.toMatchObject({ code: 'NOT_CACHED' });
    await expect(createRoom().cache.getOrLoad(key, upstream().load, asker({ isOnlyIfCached: true }))).rejects.toThrow();
    expect(loads()).toBe(2);
  });
});

describe('that there is no such thing', () => {
  test('is believed for thirty seconds with its own words, and never given stale', async () => {
    const { cache } = createRoom();
    const { load, loads, fail } = upstream();
    const error = new GatewayError('NOT_FOUND', { message: 'No such location.' });
    const ask = () => settle(cache.getOrLoad(key, load, asker()));
    fail(error);
    await expect(ask()).rejects.toBe(error);
    await seconds(29);
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'No such location.' });
    expect(loads()).toBe(1);
    await seconds(1);
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'));
    await expect(ask()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await ask()).value).toBe('answer 3');
  });

  test('takes the place of what was kept', async () => {
    const { ask, loads, fail } = await warm();
    await seconds(60);
    fail(new GatewayError('NOT_FOUND'));
    await settle(ask());
    await expect(ask()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(loads()).toBe(2);
  });
});

describe('many ids', () => {
  const keyOf = (id: string) => ({ ...key, text: id });

  test('each is fresh, stale, missing or failed for itself; what is missing travels together', async () => {
    const { cache } = createRoom();
    const asked: { ids: string; priority: string }[] = [];
    let version = 1;
    let failing = '';
    const load = (missing: readonly string[], { urgency }: { urgency: { priority: string } }) => {
      asked.push({ ids: missing.join(''), priority: urgency.priority });
      const error = new GatewayError('UPSTREAM_TIMEOUT');
      return Promise.resolve(
        new Map(missing.flatMap((id) => (id === 'x' ? [] : [[id, failing.includes(id) ? error : `${id}${version}`]]))),
      );
    };
    const ask = async (ids: string, cause = asker()) => {
      const found = await cache.getOrLoadMany(Array.from(ids), keyOf, load, cause);
      return [...found.values()].map((one) => {
        if (one instanceof Error) return 'code' in one ? one.code : one.message;
        return one === null ? null : `${String(one.value)} ${one.freshness.state}`;
      });
    };
    await ask('ab'); // will have failed twice
    await seconds(240);
    await ask('cdx'); // stale
    await seconds(59);
    await ask('e'); // fresh
    await seconds(1);
    asked.length = 0;
    [version, failing] = [2, 'bg'];
    const person = asker();
    expect(await ask('abcdefgx', person)).toEqual([
      'a2 FRESH',
      'b1 STALE_IF_ERROR',
      'c1 STALE_WHILE_REVALIDATE',
      'd1 STALE_WHILE_REVALIDATE',
      'e1 FRESH',
      'f2 FRESH',
      'UPSTREAM_TIMEOUT',
      null,
    ]);
    expect(asked).toEqual([
      { ids: 'cd', priority: 'background' },
      { ids: 'abfgx', priority: 'interactive' },
    ]);
    expect(person.meter.cost()).toMatchObject({ shared: 0, fromCache: 4, fetchedAt: start });
    await waitFor(0);
    expect(await ask('cdx')).toEqual(['c2 FRESH', 'd2 FRESH', null]);
    expect(asked).toHaveLength(2);
  });

  test('a batch hurries as its most urgent id, and an id somebody else had under way is a shared answer', async () => {
    const { cache } = createRoom();
    const { load, causes } = upstream();
    const many = async (_: readonly string[], cause: Parameters<typeof load>[0]) => {
      await load(cause);
      return new Map([
        ['a', 'A'],
        ['b', 'B'],
      ]);
    };
    const background = { ...asker(), urgency: { ...asker().urgency, priority: 'background' as const } };
    const reader = cache.getOrLoadMany(['a', 'b'], keyOf, many, background);
    await waitFor(10);
    expect(causes[0]?.urgency.priority).toBe('background');
    const person = asker();
    const own = [['b'], ['b']].map((ids) => cache.getOrLoadMany(ids, keyOf, many, person));
    await waitFor(0);
    expect(causes[0]?.urgency.priority).toBe('interactive');
    await settle(Promise.all([reader, ...own]));
    expect(causes).toHaveLength(1);
    expect(person.meter.cost()).toMatchObject({ made: 0, shared: 1, fromCache: 0 });
    expect(background.meter.cost()).toMatchObject({ made: 0, shared: 0, fromCache: 0 });
  });
});
