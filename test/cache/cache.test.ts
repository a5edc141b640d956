import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Cache } from '../../src/cache/cache.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';
import type { Cause } from '../../src/upstream/cause.ts';
import { asker, cacheKey, createRoom, settle, upstream, waitFor } from './rooms.ts';
import { createSharedMemory } from './shared-memory.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

const keyOf = (text: string, seconds = 60) => cacheKey(text, seconds);
const fresh = <T>(value: T, fetchedAt = start) => ({
  value,
  freshness: { fetchedAt, state: 'FRESH', staleReason: null },
});
const create = (isKeeping = true) => createRoom(null, { isKeeping });

describe('one answer', () => {
  test('it is loaded once, given again as long as it is fresh, and loaded anew when its time is over', async () => {
    const { cache, counts } = create();
    const { load, loads } = upstream();
    const ask = () => settle(cache.getOrLoad(keyOf('a', 60), load, asker()));
    expect(await ask()).toEqual(fresh('answer 1', start + 100));
    await waitFor(50_000);
    expect(await ask()).toEqual(fresh('answer 1', start + 100));
    expect(loads()).toBe(1);
    await waitFor(10_000);
    expect((await ask()).value).toBe('answer 2');
    expect(counts()).toEqual({ 'cache miss test': 2, 'cache hit test': 1 });
  });

  test.each([
    ['a lifetime of 0', () => create(), 0],
    ['the cache off', () => create(false), 60],
  ])('with %s nothing is kept, yet those who ask at the same time share a load', async (_, make, ttlSeconds) => {
    const { cache } = make();
    const { load, loads } = upstream();
    const ask = () => cache.getOrLoad(keyOf('a', ttlSeconds), load, asker());
    const together = await settle(Promise.all(Array.from({ length: 20 }, ask)));
    expect(new Set(together.map(({ value }) => value))).toEqual(new Set(['answer 1']));
    expect((await settle(ask())).value).toBe('answer 2');
    expect(loads()).toBe(2);
    const onlyKept = cache.getOrLoad(keyOf('a', ttlSeconds), load, asker({ isOnlyIfCached: true }));
    await expect(onlyKept).rejects.toMatchObject({ code: 'NOT_CACHED' });
    expect(loads()).toBe(2);
  });

  test('different keys are different answers', async () => {
    const { cache } = create();
    const { load } = upstream();
    const both = [cache.getOrLoad(keyOf('a'), load, asker()), cache.getOrLoad(keyOf('b'), load, asker())];
    expect((await settle(Promise.all(both))).map(({ value }) => value)).toEqual(['answer 1', 'answer 2']);
  });

  test('a failed load fails all who waited for it, is not kept, and the next one loads again', async () => {
    const { cache } = create();
    const { load, loads, fail } = upstream();
    const ask = () => cache.getOrLoad(keyOf('a'), load, asker());
    fail(new Error('down'));
    const outcomes = await settle(Promise.allSettled([ask(), ask()]));
    expect(outcomes).toEqual(Array(2).fill({ status: 'rejected', reason: new Error('down') }));
    expect((await settle(ask())).value).toBe('answer 2');
    expect(loads()).toBe(2);
  });

  test('at whatever moment of its landing somebody asks, there is one load', async () => {
    // A shared store that takes its time to fail, in which nobody waits for a lease.
    const getMany = () => new Promise<never>((_, reject) => setTimeout(() => reject(new Error('away')), 2));
    const { cache } = createRoom({ ...createSharedMemory(), getMany });
    const { load, loads } = upstream();
    const asked = [];
    for (let ms = 0; ms < 130; ms += 1) {
      asked.push(cache.getOrLoad(keyOf('a'), load, asker()));
      await waitFor(1);
    }
    expect(new Set((await Promise.all(asked)).map(({ value }) => value))).toEqual(new Set(['answer 1']));
    expect(loads()).toBe(1);
  });

  test('null, false and an empty text are answers like any other', async () => {
    const { cache } = create();
    for (const value of [null, false, '', 0]) {
      let loads = 0;
      const ask = () => cache.getOrLoad(keyOf(`value ${value}`), () => Promise.resolve((loads += 1) && value), asker());
      expect([await ask(), await ask()].map((answer) => answer.value)).toEqual([value, value]);
      expect(loads).toBe(1);
    }
  });
});

describe('leaving', () => {
  test('one who leaves harms nobody, the last one to leave calls the load off, and the next one starts anew', async () => {
    const { cache } = create();
    const { load, causes } = upstream();
    const [first, second] = [new AbortController(), new AbortController()];
    const ask = (signal: AbortSignal) => cache.getOrLoad(keyOf('a'), load, asker({}, signal));
    const answers = [ask(first.signal), ask(second.signal)];
    await waitFor(10);
    first.abort(new Error('first gone'));
    await expect(answers[0]).rejects.toThrow('first gone');
    expect(causes.map(({ signal }) => signal.aborted)).toEqual([false]);
    second.abort(new Error('second gone'));
    await expect(answers[1]).rejects.toThrow('second gone');
    expect(causes.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect((await settle(ask(new AbortController().signal))).value).toBe('answer 2');
  });

  test('one who joins a load under way keeps it alive when the one who started it leaves', async () => {
    const { cache } = create();
    const { load, loads } = upstream();
    const starter = new AbortController();
    const started = cache.getOrLoad(keyOf('a'), load, asker({}, starter.signal));
    await waitFor(50);
    const joined = cache.getOrLoad(keyOf('a'), load, asker());
    starter.abort(new Error('gone'));
    await expect(started).rejects.toThrow('gone');
    expect((await settle(joined)).value).toBe('answer 1');
    expect(loads()).toBe(1);
  });
});

describe('time', () => {
  const until = (ms: number): Cause => ({ ...asker(), urgency: fixedUrgency('interactive', start + ms) });
  /** A load of three seconds. */
  const slowly = () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    setTimeout(() => resolve('late'), 3_000);
    return promise;
  };

  test('one who joins a load prolongs it for themselves, not for those who have waited before', async () => {
    const { cache } = create();
    const first = cache.getOrLoad(keyOf('a'), slowly, until(1_000));
    const outcome = first.catch((error: unknown) => [error, Date.now() - start]);
    await waitFor(500);
    const second = cache.getOrLoad(keyOf('a'), slowly, until(8_000));
    await waitFor(2_500);
    expect(await outcome).toEqual([expect.objectContaining({ code: 'UPSTREAM_TIMEOUT' }), 1_000]);
    expect((await second).value).toBe('late');
  });

  test('one whose time is over is given what is kept, though the load goes on for others', async () => {
    const { cache } = create();
    const key = cacheKey('a', 0.1, { hardSeconds: 60 });
    await cache.getOrLoad(key, () => Promise.resolve('kept'), until(100));
    await waitFor(200);
    const first = cache.getOrLoad(key, slowly, until(1_000));
    const second = cache.getOrLoad(key, slowly, until(8_000));
    await waitFor(3_500);
    expect((await first).freshness).toMatchObject({ state: 'STALE_IF_ERROR', staleReason: 'UPSTREAM_ERROR' });
    expect((await second).value).toBe('late');
  });
});

describe('many ids', () => {
  const known: Readonly<Record<string, string>> = { a: 'A', b: 'B', c: 'C', d: 'D' };
  /** Loads of known ids that take 100 ms. */
  const batches = () => {
    const asked: string[][] = [];
    const signals: AbortSignal[] = [];
    const load = async (missing: readonly string[], { signal }: Cause) => {
      asked.push([...missing]);
      signals.push(signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return new Map(missing.flatMap((id) => (known[id] === undefined ? [] : [[id, known[id]] as const])));
    };
    return { asked, signals, load };
  };
  const start = (cache: Cache, { load }: ReturnType<typeof batches>, ids: string, cause = asker()) =>
    cache.getOrLoadMany(Array.from(ids), (id) => keyOf(`tag:${id}`, 60), load, cause);
  const valuesOf = (found: Awaited<ReturnType<typeof start>>) =>
    Object.fromEntries(
      [...found].map(([id, answer]) => [id, answer instanceof Error ? answer.message : (answer?.value ?? null)]),
    );

  test('only what is missing is loaded, in one go and each id once; what is unknown is null', async () => {
    const { cache } = create();
    const room = batches();
    expect(valuesOf(await settle(start(cache, room, 'ab')))).toEqual({ a: 'A', b: 'B' });
    expect(valuesOf(await settle(start(cache, room, 'caxcb')))).toEqual({ c: 'C', a: 'A', x: null, b: 'B' });
    expect(valuesOf(await settle(start(cache, room, 'abcx')))).toEqual({ a: 'A', b: 'B', c: 'C', x: null });
    expect(room.asked).toEqual([
      ['a', 'b'],
      ['c', 'x'],
    ]);
    expect((await start(cache, room, '')).size).toBe(0);
  });

  test('that an id is unknown is believed for thirty seconds, what is known for its lifetime', async () => {
    const { cache } = create();
    const room = batches();
    await settle(start(cache, room, 'ax'));
    await waitFor(29_000);
    await settle(start(cache, room, 'ax'));
    await waitFor(1_000);
    await settle(start(cache, room, 'ax'));
    expect(room.asked).toEqual([['a', 'x'], ['x']]);
  });

  test('with the cache off every question loads all its ids', async () => {
    const { cache } = create(false);
    const room = batches();
    await settle(start(cache, room, 'ax'));
    await settle(start(cache, room, 'ax'));
    expect(room.asked).toEqual([
      ['a', 'x'],
      ['a', 'x'],
    ]);
  });

  test('ids that several ask for at the same time are loaded once', async () => {
    const { cache } = create();
    const room = batches();
    const answers = await settle(
      Promise.all([start(cache, room, 'ab'), start(cache, room, 'bc'), start(cache, room, 'cd')]),
    );
    expect(answers.map(valuesOf)).toEqual([
      { a: 'A', b: 'B' },
      { b: 'B', c: 'C' },
      { c: 'C', d: 'D' },
    ]);
    expect(room.asked).toEqual([['a', 'b'], ['c'], ['d']]);
  });

  test('a load goes on while anybody waits for one of its ids, and is called off when nobody does', async () => {
    const { cache } = create();
    const room = batches();
    const [first, second] = [new AbortController(), new AbortController()];
    const started = start(cache, room, 'ab', asker({}, first.signal));
    const sharing = start(cache, room, 'b', asker({}, second.signal));
    await waitFor(10);
    first.abort(new Error('gone'));
    await expect(started).rejects.toThrow('gone');
    expect(room.signals.map(({ aborted }) => aborted)).toEqual([false]);
    second.abort(new Error('gone too'));
    await expect(sharing).rejects.toThrow('gone too');
    expect(room.signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('an id that could not be read is its own Error, is not kept, and harms no other', async () => {
    const { cache } = create();
    const partly = () =>
      Promise.resolve(
        new Map<string, string | Error>([
          ['a', 'A'],
          ['b', new Error('down')],
        ]),
      );
    const found = await settle(cache.getOrLoadMany(['a', 'b'], (id) => keyOf(`tag:${id}`, 60), partly, asker()));
    expect(valuesOf(found)).toEqual({ a: 'A', b: 'down' });
    const room = batches();
    expect(valuesOf(await settle(start(cache, room, 'ab')))).toEqual({ a: 'A', b: 'B' });
    expect(room.asked).toEqual([['b']]);
  });

  test('a failed load fails its own ids only, and nothing of it is kept', async () => {
    const { cache } = create();
    const room = batches();
    const failing = () => Promise.reject<Map<string, string>>(new Error('down'));
    const failed = cache.getOrLoadMany(['a', 'b'], (id) => keyOf(`tag:${id}`), failing, asker());
    const other = start(cache, room, 'c');
    expect(valuesOf(await settle(failed))).toEqual({ a: 'down', b: 'down' });
    expect(valuesOf(await settle(other))).toEqual({ c: 'C' });
    expect(valuesOf(await settle(start(cache, room, 'ab')))).toEqual({ a: 'A', b: 'B' });
  });
});
