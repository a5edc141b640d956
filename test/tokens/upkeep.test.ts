import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLog } from '../../src/observe/log.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { StoreUnavailable, type DatabaseLocation } from '../../src/stores/sql.ts';
import type { SurveyedGrant } from '../../src/tokens/grant-store.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { startUpkeep, type Upkeep } from '../../src/tokens/upkeep.ts';
import { askedOf, changeRow, openStore, pairOf, realTimers, rowOf, startReplica, stateOf } from './rotation.ts';
import { useEngines } from './engines.ts';
import { idOf } from './upstream.ts';

const log = createLog({ level: 'silent', secrets: [] });
const keyOf = (name: string): GrantKey => `location:${idOf(name)}`;
const grantOf = (name: string, more: Partial<SurveyedGrant> = {}): SurveyedGrant => {
  const rest = {
    locationId: idOf(name),
    companyId: null,
    isDead: false,
    scopes: null,
    obtainedAt: 1,
    isNeglected: false,
  };
  return { key: keyOf(name), ...rest, ...more };
};

describe('the rounds', () => {
  let upkeep: Upkeep;
  let begunAt = 0;
  const seconds = () => Math.round((Date.now() - begunAt) / 1_000);
  beforeEach(() => {
    jest.useFakeTimers();
    begunAt = Date.now();
  });
  afterEach(() => {
    upkeep.stop();
    jest.useRealTimers();
  });

  // What the store shows and how obtaining ends are the test's; what happened when is written down.
  const begin = () => {
    const world = {
      grants: [] as readonly SurveyedGrant[],
      obtain: (key: GrantKey): Promise<unknown> => Promise.resolve(key),
      survey: () => Promise.resolve(world.grants),
    };
    const tended: string[] = [];
    const changed: string[] = [];
    let writes = 0;
    upkeep = startUpkeep({
      store: { survey: () => world.survey() },
      renewal: {
        obtain: async (key) => {
          tended.push(`${seconds()} ${key}`);
          await world.obtain(key);
          return pairOf('a').access;
        },
        writeUnsaved: () => {
          writes += 1;
          return Promise.resolve();
        },
      },
      log,
      onChanged: ({ key }, { isRegranted }) => changed.push(`${seconds()} ${key}${isRegranted ? ' regranted' : ''}`),
    });
    return { world, tended, changed, writes: () => writes };
  };
  const pass = (forSeconds: number) => jest.advanceTimersByTimeAsync(forSeconds * 1_000);

  test('begin at once, come every 5 s, write what is unsaved, and end when stopped', async () => {
    const { world, tended, writes } = begin();
    world.grants = [grantOf('a', { isNeglected: true }), grantOf('b')];
    await pass(11);
    expect(tended).toEqual(['0 location:a', '5 location:a', '10 location:a']);
    expect(writes()).toBe(3);
    upkeep.stop();
    await pass(60);
    expect(tended).toHaveLength(3);
    expect(writes()).toBe(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('try less and less what does not mend, at least once an hour, and at once again after it was mended', async () => {
    const { world, tended } = begin();
    world.grants = [grantOf('a', { isNeglected: true })];
    world.obtain = () => Promise.reject(new Error('upstream is down'));
    await pass(170);
    expect(tended.map((line) => parseInt(line, 10))).toEqual([0, 5, 15, 35, 75, 155]);
    await pass(86_400);
    const late = tended.slice(-3).map((line) => parseInt(line, 10));
    expect([late[1], late[2]]).toEqual([(late[0] ?? 0) + 3_600, (late[0] ?? 0) + 7_200]);
    const count = tended.length;
    world.grants = [grantOf('a', { obtainedAt: 2 })]; // a request of somebody else got through
    await pass(5);
    world.grants = [grantOf('a', { obtainedAt: 2, isNeglected: true })];
    await pass(10);
    expect(tended).toHaveLength(count + 2);
  });

  test('one that hangs or fails keeps no other waiting, four are tended at once, and what is left comes next', async () => {
    const { world, tended, writes } = begin();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    world.grants = names.map((name) => grantOf(name, { isNeglected: true }));
    const hanging = Promise.withResolvers<undefined>();
    world.obtain = (key) => {
      if (key === keyOf('a')) return hanging.promise;
      if (key === keyOf('b')) return Promise.reject(new Error('no'));
      return new Promise((resolve) => setTimeout(resolve, 3_000));
    };
    await pass(0);
    expect(tended).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `0 location:${name}`)); // b failed at once
    await pass(7);
    expect(tended.slice(5)).toEqual(['f', 'g', 'h'].map((name) => `3 location:${name}`));
    expect(writes()).toBe(1);
    hanging.resolve(undefined);
    await pass(3);
    expect(writes()).toBe(2);
    expect(tended[8]).toBe('10 location:a');
  });

  test('a round begins nothing after the time of the next one', async () => {
    const { world, tended, writes } = begin();
    const names = Array.from({ length: 12 }, (_, at) => `n${at}`);
    world.grants = names.map((name) => grantOf(name, { isNeglected: true }));
    world.obtain = () => new Promise((resolve) => setTimeout(resolve, 6_000));
    await pass(9);
    expect(tended).toHaveLength(4);
    await pass(1);
    expect(writes()).toBe(2);
    expect(tended).toHaveLength(8);
  });

  test('a stop in the middle of a round lets nothing more begin', async () => {
    const { world, tended } = begin();
    world.grants = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => grantOf(name, { isNeglected: true }));
    world.obtain = () => new Promise((resolve) => setTimeout(resolve, 1_000));
    await pass(0);
    upkeep.stop();
    await pass(60);
    expect(tended).toHaveLength(4);
  });

  test('tell of grants that are new or have another access token, and of nothing at the first round', async () => {
    const { world, changed } = begin();
    world.grants = [grantOf('a'), grantOf('b', { scopes: ['x'] })];
    await pass(11);
    expect(changed).toEqual([]);
    world.grants = [grantOf('a'), grantOf('b', { obtainedAt: 7, scopes: ['x'] }), grantOf('c')];
    await pass(10);
    expect(changed).toEqual(['15 location:b', '15 location:c regranted']);
    const [a, b, c] = [
      grantOf('a', { isDead: true }),
      grantOf('b', { obtainedAt: 8, scopes: ['x', 'y'] }),
      grantOf('c'),
    ];
    world.grants = [a, b, c];
    await pass(10);
    expect(changed.slice(2)).toEqual(['25 location:b regranted']);
    world.grants = [grantOf('a', { obtainedAt: 9 }), b, grantOf('c', { obtainedAt: 9, companyId: 'other' })];
    await pass(10);
    expect(changed.slice(3)).toEqual(['35 location:a regranted', '35 location:c regranted']);
  });

  test('go on when the store is back', async () => {
    const { world, tended, changed } = begin();
    world.grants = [grantOf('a')];
    await pass(1);
    world.survey = () => Promise.reject(new StoreUnavailable('gone'));
    await pass(20); // a rejection that nobody handles would fail this file
    world.survey = () => Promise.resolve([grantOf('a', { isNeglected: true, obtainedAt: 2 })]);
    await pass(5);
    expect(tended).toEqual(['25 location:a']);
    expect(changed).toEqual(['25 location:a']);
  });

  test('a round that is asked for joins the one under way', async () => {
    const { world, writes } = begin();
    const slow = Promise.withResolvers<readonly SurveyedGrant[]>();
    world.survey = () => slow.promise;
    const rounds = Promise.all([upkeep.tend(), upkeep.tend()]);
    slow.resolve([]);
    await rounds;
    expect(writes()).toBe(1);
  });
});

describe('grants that nobody asks for', () => {
  const { engines, newFile, leave } = useEngines();
  afterEach(() => void jest.useRealTimers());
  const setUp = async (location: DatabaseLocation) => {
    const sandbox = await startSandbox();
    const outside = await openStore(location);
    leave(
      () => sandbox.close(),
      () => outside.database.close(),
    );
    const key = keyOf(sandbox.locations.full);
    const locationId = sandbox.locations.full;
    const refreshToken = sandbox.issueRefreshToken({ locationId });
    await outside.store.put(key, pairOf('old', refreshToken, { locationId }), refreshToken);
    const begin = async () => {
      const opened = await openStore(location);
      const replica = startReplica(sandbox, opened);
      const changed: string[] = [];
      const upkeep = startUpkeep({ ...replica, onChanged: (grant) => changed.push(grant.key) });
      leave(
        () => opened.database.close(),
        () => replica[Symbol.asyncDispose](),
        () => upkeep.stop(),
      );
      return { ...replica, ...upkeep, changed };
    };
    return { sandbox, outside, key, refreshToken, begin };
  };

  test.each(engines)('are healed after a crash, by one of two processes: %s', async (_engine, locate) => {
    const { sandbox, outside, key, begin } = await setUp(await locate());
    const [one, two] = [await begin(), await begin()];
    await Promise.all([one.tend(), two.tend()]);
    expect(sandbox.calls()).toHaveLength(0);
    const found = await outside.store.find(key);
    expect(found && (await outside.store.leases.take(found))).not.toBeNull(); // and its holder dies
    await Promise.all([one.tend(), two.tend()]);
    expect(sandbox.calls()).toHaveLength(0);
    await changeRow(outside, key, { leased_until: Date.now() - 60_000 });
    await Promise.all([one.tend(), two.tend()]);
    expect(askedOf(sandbox)).toEqual({ refresh: 0, code: 1, reconnect: 1 });
    expect(await stateOf(outside, key)).toBe('at rest');
    await Promise.all([one.tend(), two.tend()]);
    expect([one.changed, two.changed]).toEqual([[key], [key]]);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test.each(engines)('get a new refresh token each month, once for all processes: %s', async (_engine, locate) => {
    const { sandbox, outside, key, refreshToken, begin } = await setUp(await locate());
    const [one, two] = [await begin(), await begin()];
    await changeRow(outside, key, { refreshed_at: Date.now() - 29 * 86_400_000 });
    await Promise.all([one.tend(), two.tend()]);
    expect(sandbox.calls()).toHaveLength(0);
    await changeRow(outside, key, { refreshed_at: Date.now() - 31 * 86_400_000 });
    for (let round = 0; round < 3; round += 1) await Promise.all([one.tend(), two.tend(), one.tend(), two.tend()]);
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 0, reconnect: 0 });
    expect((await outside.store.find(key))?.refreshToken()).not.toBe(refreshToken);
    expect((await rowOf(outside, key)).refreshed_at).toBeGreaterThan(Date.now() - 60_000);
  });

  test('of a crash are healed within 30 s, without any request', async () => {
    const { sandbox, outside, key, begin } = await setUp(newFile());
    const ticks = new Set(['setInterval', 'clearInterval']);
    jest.useFakeTimers({ doNotFake: realTimers.filter((name) => !ticks.has(name)) });
    const found = await outside.store.find(key);
    expect(found && (await outside.store.leases.take(found))).not.toBeNull();
    const { tend } = await begin();
    for (let passed = 0; passed < 30; passed += 5) {
      jest.advanceTimersByTime(5_000);
      await tend(); // the round that has just begun
    }
    expect(askedOf(sandbox)).toEqual({ refresh: 0, code: 1, reconnect: 1 });
    expect(await stateOf(outside, key)).toBe('at rest');
  });
});
