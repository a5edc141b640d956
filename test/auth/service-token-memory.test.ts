// What is asked of the store, and how often. That it works over both engines is shown in service-tokens.test.ts.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { CallerTables } from '../../src/auth/migrations.ts';
import { createServiceTokens } from '../../src/auth/service-tokens.ts';
import { openCallerDatabase } from '../../src/compose-database.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { StoreUnavailable, type Database } from '../../src/stores/sql.ts';

let now = 0;
beforeEach(() => {
  now = Date.parse('2026-11-27T10:00:00.000Z');
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});
afterEach(() => void jest.restoreAllMocks());

const opened: Database<CallerTables>[] = [];
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close();
});

/** A store with one token. */
const start = async () => {
  const database = await openCallerDatabase({ path: ':memory:' });
  opened.push(database);
  const { token } = await createServiceTokens(database).create({
    name: 'reporting',
    scopes: [],
    locations: 'all',
    lifetimeMs: 86_400_000,
  });
  return { database, token };
};

type Run = Database<CallerTables>['run'];

/** Counts what the store is asked; `isAway` takes it away. */
const startCounting = async () => {
  const { database, token } = await start();
  const store = { isAway: false, runs: 0 };
  const run: Run = (query, limitMs) => {
    store.runs += 1;
    return store.isAway ? Promise.reject(new StoreUnavailable('gone')) : database.run(query, limitMs);
  };
  return { token, store, verify: createServiceTokens({ ...database, run }).verify };
};

const codeOf = (verifying: Promise<unknown>): Promise<unknown> =>
  verifying.then(
    () => 'let in',
    (error: unknown) => (error instanceof GatewayError ? error.code : error),
  );

describe('the memory of service tokens', () => {
  const madeUp = (index: number) => `ugw_${String(index).padStart(10, '0')}_${'x'.repeat(43)}`;

  test('asks once for all who wait for one token, and not again for 10 s about one that there is not', async () => {
    const { token, verify, store } = await startCounting();
    await Promise.all(Array.from({ length: 50 }, () => verify(token)));
    expect(store.runs).toBe(2); // the question and the note of use
    const refuse = async () =>
      expect(new Set(await Promise.all([1, 2, 3].map(() => codeOf(verify(madeUp(1))))))).toEqual(
        new Set(['UNAUTHENTICATED']),
      );
    await refuse();
    now += 9_999;
    await refuse();
    expect(store.runs).toBe(3);
    now += 1;
    await refuse();
    expect(store.runs).toBe(4);
  });

  test('leaves a store that is away alone for 2 s, then finds it again', async () => {
    const { token, verify, store } = await startCounting();
    await verify(token);
    Object.assign(store, { isAway: true, runs: 0 });
    now += 10_000;
    for (let index = 0; index < 100; index += 1) {
      expect(await codeOf(verify(token))).toBe('let in');
      expect(await codeOf(verify(madeUp(index)))).toBe('AUTH_UNAVAILABLE');
    }
    expect(store.runs).toBe(1);
    store.isAway = false;
    now += 2_000;
    expect(await codeOf(verify(madeUp(1)))).toBe('UNAUTHENTICATED');
  });

  test('asks about at most 100 unknown tokens at a time, so that a flood keeps nobody who is known from the store', async () => {
    const { database, token } = await start();
    const waiting: (() => void)[] = [];
    let isHeld = false;
    const run: Run = async (query, limitMs) => {
      if (isHeld) await new Promise<void>((resolve) => waiting.push(resolve));
      return database.run(query, limitMs);
    };
    const { verify } = createServiceTokens({ ...database, run });
    await verify(token);
    now += 10_000;
    isHeld = true;
    const flood = Array.from({ length: 150 }, (_, index) => codeOf(verify(madeUp(index))));
    const known = codeOf(verify(token));
    expect(waiting).toHaveLength(101);
    isHeld = false;
    for (const resume of waiting) resume();
    expect(await known).toBe('let in');
    const codes = await Promise.all(flood);
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(100);
    expect(codes.filter((code) => code === 'AUTH_UNAVAILABLE')).toHaveLength(50);
    expect(await codeOf(verify(madeUp(149)))).toBe('UNAUTHENTICATED');
  });

  test('forgets the oldest of more than 10,000 made-up tokens, and no real one for them', async () => {
    const { token, verify, store } = await startCounting();
    await verify(token);
    for (let index = 0; index <= 10_000; index += 1) await codeOf(verify(madeUp(index)));
    const { runs } = store;
    for (const text of [token, madeUp(10_000), madeUp(2)]) await codeOf(verify(text));
    expect(store.runs).toBe(runs);
    await codeOf(verify(madeUp(0)));
    expect(store.runs).toBe(runs + 1);
  });

  test('keeps nobody waiting for a note of use, and refuses nobody where it cannot be written', async () => {
    const { database, token } = await start();
    const failures = [() => new Promise<never>(() => undefined), () => Promise.reject(new Error('read-only'))];
    for (const fail of failures) {
      let notes = 0;
      const run: Run = (query, limitMs) => {
        if (limitMs !== undefined) return database.run(query, limitMs); // a question; only it has a limit of its own
        notes += 1;
        return fail();
      };
      const { verify } = createServiceTokens({ ...database, run });
      for (const stepMs of [0, 20_000, 20_000, 20_000]) {
        now += stepMs;
        expect(await codeOf(verify(token))).toBe('let in');
      }
      expect(notes).toBe(2);
    }
  });

  test('lets a note of use stand that another process wrote less than a minute ago, though it was not known', async () => {
    const { database, token } = await start();
    let resume = (): void => undefined;
    const held = new Promise<void>((resolve) => (resume = resolve));
    const run: Run = async (query, limitMs) => {
      const answer = await database.run(query, limitMs);
      await held;
      return answer;
    };
    const late = createServiceTokens({ ...database, run }).verify(token);
    const { verify, list } = createServiceTokens(database);
    const usedAt = now;
    await verify(token);
    await list(); // behind the note, as all that is asked of one file
    now += 59_999;
    resume();
    expect(await codeOf(late)).toBe('let in');
    expect((await list())[0]?.lastUsedAt).toBe(usedAt);
  });
});
