import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createCache, type Cache } from '../../src/cache/cache.ts';
import { createMemoryStore, createRedisStore, type Store } from '../../src/cache/store.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Redis } from '../../src/stores/redis.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

const waitFor = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const always = new AbortController().signal;
const keyOf = (text: string, ttlSeconds = 60) => ({ text, ttlSeconds });
const fresh = <T>(value: T, fetchedAt = start) => ({
  value,
  freshness: { fetchedAt, state: 'FRESH', staleReason: null },
});

const create = (store: Store | null = createMemoryStore(1_000_000)) => {
  const tally = createTally();
  return { cache: createCache({ store, timeoutMs: 50, tally }), store, counts: () => tally.snapshot() };
};

/** A load that takes 100 ms and gives "answer 1", "answer 2" and so on; `fail` makes the next one fail. */
const upstream = () => {
  const signals: AbortSignal[] = [];
  let failure: Error | null = null;
  const load = async (signal: AbortSignal) => {
    signals.push(signal);
    const answer = `answer ${signals.length}`;
    const error = failure;
    failure = null;
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (error !== null) throw error;
    return answer;
  };
  return { load, signals, loads: () => signals.length, fail: (error: Error) => (failure = error) };
};

const settle = async <T>(answer: Promise<T>) => {
  answer.catch(() => undefined);
  await waitFor(200);
  return answer;
};

describe('one answer', () => {
  test('it is loaded once, given again as long as it is fresh, and loaded anew when its time is over', async () => {
    const { cache, counts } = create();
    const { load, loads } = upstream();
    const ask = () => settle(cache.getOrLoad(keyOf('a', 60), load, always));
    expect(await ask()).toEqual(fresh('answer 1', start + 100));
    await waitFor(50_000);
    expect(await ask()).toEqual(fresh('answer 1', start + 100));
    expect(loads()).toBe(1);
    await waitFor(10_000);
    expect((await ask()).value).toBe('answer 2');
    expect(counts()).toEqual({ 'cache miss': 2, 'cache hit': 1 });
  });

  test.each([
    ['a lifetime of 0', () => create(), 0],
    ['the cache off', () => create(null), 60],
  ])('with %s nothing is kept, yet those who ask at the same time share a load', async (_, make, ttlSeconds) => {
    const { cache, store } = make();
    const { load, loads } = upstream();
    const ask = () => cache.getOrLoad(keyOf('a', ttlSeconds), load, always);
    const together = await settle(Promise.all(Array.from({ length: 20 }, ask)));
    expect(new Set(together.map(({ value }) => value))).toEqual(new Set(['answer 1']));
    expect((await settle(ask())).value).toBe('answer 2');
    expect(loads()).toBe(2);
    expect(await store?.get('a')).toBeUndefined();
  });

  test('different keys are different answers', async () => {
    const { cache } = create();
    const { load } = upstream();
    const both = [cache.getOrLoad(keyOf('a'), load, always), cache.getOrLoad(keyOf('b'), load, always)];
    expect((await settle(Promise.all(both))).map(({ value }) => value)).toEqual(['answer 1', 'answer 2']);
  });

  test('a failed load fails all who waited for it, is not kept, and the next one loads again', async () => {
    const { cache } = create();
    const { load, loads, fail } = upstream();
    const ask = () => cache.getOrLoad(keyOf('a'), load, always);
    fail(new Error('down'));
    const outcomes = await settle(Promise.allSettled([ask(), ask()]));
    expect(outcomes).toEqual(Array(2).fill({ status: 'rejected', reason: new Error('down') }));
    expect((await settle(ask())).value).toBe('answer 2');
    expect(loads()).toBe(2);
  });

  test('null, false and an empty text are answers like any other', async () => {
    const { cache } = create();
    for (const value of [null, false, '', 0]) {
      let loads = 0;
      const ask = () => cache.getOrLoad(keyOf(`value ${value}`), () => Promise.resolve((loads += 1) && value), always);
      expect([await ask(), await ask()].map((answer) => answer.value)).toEqual([value, value]);
      expect(loads).toBe(1);
    }
  });
});

describe('leaving', () => {
  test('one who leaves harms nobody, the last one to leave calls the load off, and the next one starts anew', async () => {
    const { cache } = create();
    const { load, signals } = upstream();
    const [first, second] = [new AbortController(), new AbortController()];
    const ask = (signal: AbortSignal) => cache.getOrLoad(keyOf('a'), load, signal);
    const answers = [ask(first.signal), ask(second.signal)];
    await waitFor(10);
    first.abort(new Error('first gone'));
    await expect(answers[0]).rejects.toThrow('first gone');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    second.abort(new Error('second gone'));
    await expect(answers[1]).rejects.toThrow('second gone');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect((await settle(ask(always))).value).toBe('answer 2');
  });

  test('one who joins a load under way keeps it alive when the one who started it leaves', async () => {
    const { cache } = create();
    const { load, loads } = upstream();
    const starter = new AbortController();
    const started = cache.getOrLoad(keyOf('a'), load, starter.signal);
    await waitFor(50);
    const joined = cache.getOrLoad(keyOf('a'), load, always);
    starter.abort(new Error('gone'));
    await expect(started).rejects.toThrow('gone');
    expect((await settle(joined)).value).toBe('answer 1');
    expect(loads()).toBe(1);
  });
});

describe('many ids', () => {
  const known: Readonly<Record<string, string>> = { a: 'A', b: 'B', c: 'C', d: 'D' };
  /** Loads of known ids that take 100 ms. */
  const batches = () => {
    const asked: string[][] = [];
    const signals: AbortSignal[] = [];
    const load = async (missing: readonly string[], signal: AbortSignal) => {
      asked.push([...missing]);
      signals.push(signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return new Map(missing.flatMap((id) => (known[id] === undefined ? [] : [[id, known[id]] as const])));
    };
    return { asked, signals, load };
  };
  const start = (cache: Cache, { load }: ReturnType<typeof batches>, ids: string, signal = always) =>
    cache.getOrLoadMany(Array.from(ids), (id) => keyOf(`tag:${id}`, 60), load, signal);
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
    const { cache } = create(null);
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
    const started = start(cache, room, 'ab', first.signal);
    const sharing = start(cache, room, 'b', second.signal);
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
    const found = await settle(cache.getOrLoadMany(['a', 'b'], (id) => keyOf(`tag:${id}`, 60), partly, always));
    expect(valuesOf(found)).toEqual({ a: 'A', b: 'down' });
    const room = batches();
    expect(valuesOf(await settle(start(cache, room, 'ab')))).toEqual({ a: 'A', b: 'B' });
    expect(room.asked).toEqual([['b']]);
  });

  test('a failed load fails its own ids only, and nothing of it is kept', async () => {
    const { cache } = create();
    const room = batches();
    const failing = () => Promise.reject<Map<string, string>>(new Error('down'));
    const failed = cache.getOrLoadMany(['a', 'b'], (id) => keyOf(`tag:${id}`), failing, always);
    const other = start(cache, room, 'c');
    expect(valuesOf(await settle(failed))).toEqual({ a: 'down', b: 'down' });
    expect(valuesOf(await settle(other))).toEqual({ c: 'C' });
    expect(valuesOf(await settle(start(cache, room, 'ab')))).toEqual({ a: 'A', b: 'B' });
  });
});

describe('what the store gives', () => {
  test.each([
    ['a text', 'garbage'],
    ['a number', 5],
    ['a list', [1, 2]],
    ['an object of another shape', { fetchedAt: start, data: 'x' }],
    ['an entry without a value', { key: 'a', at: start }],
    ['an entry of another key', { key: 'b', at: start, value: 'x' }],
    ['an entry without a moment', { key: 'a', value: 'x' }],
    ['an entry whose moment is a text', { key: 'a', at: '2026-11-24', value: 'x' }],
    ['an entry whose moment is no number', { key: 'a', at: null, value: 'x' }],
    ['an entry from the future', { key: 'a', at: start + 60_000, value: 'x' }],
    ['an entry that is too old by its own date', { key: 'a', at: start - 60_000, value: 'x' }],
  ])('%s is a miss', async (_, garbage) => {
    const { cache, store, counts } = create();
    await store?.set('a', garbage, 60_000);
    const { load } = upstream();
    expect((await settle(cache.getOrLoad(keyOf('a', 60), load, always))).value).toBe('answer 1');
    expect(counts()).toEqual({ 'cache miss': 1 });
    expect((await settle(cache.getOrLoad(keyOf('a', 60), load, always))).value).toBe('answer 1');
  });

  test('an entry of a replica whose clock is somewhat ahead is believed', async () => {
    const { cache, store } = create();
    await store?.set('a', { key: 'a', at: start + 10_000, value: 'x' }, 60_000);
    expect(await cache.getOrLoad(keyOf('a', 60), upstream().load, always)).toEqual(fresh('x', start + 10_000));
  });

  const dead = (run: Redis['read'], write = run): Store =>
    createRedisStore(
      { read: run, write, close: () => undefined },
      { secret: 's', spareBytes: 1_000, onProblem: () => undefined },
    );

  test('a store that is silent costs its time limit and no answer', async () => {
    const { cache, counts } = create(dead(() => new Promise(() => undefined)));
    const { load, loads } = upstream();
    const answer = cache.getOrLoad(keyOf('a'), load, always);
    await waitFor(49);
    expect(loads()).toBe(0);
    await waitFor(2); // the limit, and one turn in which what has arrived by then would be read
    expect(loads()).toBe(1);
    await waitFor(100);
    expect((await answer).value).toBe('answer 1');
    expect(counts()).toMatchObject({ 'cache broken': 1 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a write that hangs is waited for by nobody', async () => {
    const empty = () => Promise.resolve([undefined] as never);
    const { cache } = create(dead(empty, () => new Promise(() => undefined)));
    expect((await cache.getOrLoad(keyOf('a'), () => Promise.resolve('one'), always)).value).toBe('one');
    const many = await cache.getOrLoadMany(['a'], keyOf, () => Promise.resolve(new Map([['a', 'many']])), always);
    expect(many.get('a')).toMatchObject({ value: 'many' });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a store that refuses everything costs nothing and no answer, and this process keeps its own meanwhile', async () => {
    const { cache } = create(dead(() => Promise.reject(new Error('gone'))));
    const { load, loads } = upstream();
    const answer = cache.getOrLoad(keyOf('a', 60), load, always);
    await waitFor(0);
    expect(jest.getTimerCount()).toBe(1); // that of the load
    await waitFor(100);
    expect((await answer).value).toBe('answer 1');
    expect((await settle(cache.getOrLoad(keyOf('a', 60), load, always))).value).toBe('answer 1');
    expect(loads()).toBe(1);
    await waitFor(60_000);
    expect((await settle(cache.getOrLoad(keyOf('a', 60), load, always))).value).toBe('answer 2');
  });
});
