import { describe, expect, jest, test } from '@jest/globals';
import type { GrantKey, StoredGrant } from '../../src/tokens/stored-grant.ts';
import { changeRow, openStore, pairOf, realTimers, rowOf, stateOf, type OpenStore } from './rotation.ts';
import { useEngines } from './engines.ts';
import { idOf } from './upstream.ts';

const { engines, newDatabase, leave } = useEngines();

const key: GrantKey = `location:${idOf('place1')}`;

describe.each(engines)('leases on %s', (_engine, locate) => {
  // Two processes and a grant of access a1 and refresh r1.
  const setUp = async () => {
    const location = await locate();
    const [one, two] = [await openStore(location), await openStore(location)];
    leave(
      () => one.database.close(),
      () => two.database.close(),
    );
    await one.store.put(key, pairOf('a1', 'r1', { locationId: 'place1', companyId: 'firm1' }), 'r1');
    return { one, two };
  };
  const found = async ({ store }: OpenStore): Promise<StoredGrant> => {
    const grant = await store.find(key);
    if (grant === null) throw new Error('no grant');
    return grant;
  };
  const taken = async (opened: OpenStore) => {
    const grant = await found(opened);
    const lease = await opened.store.leases.take(grant);
    if (lease === null) throw new Error('the lease is not to be had');
    return lease;
  };
  const tokensIn = async (opened: OpenStore) => {
    const { access, refreshToken } = await found(opened);
    return [access?.reveal(), refreshToken()];
  };
  const endLease = (opened: OpenStore) => changeRow(opened, key, { leased_until: Date.now() - 60_000 });

  test('of twenty takers in two processes exactly one gets it, and its journal is written at once', async () => {
    const { one, two } = await setUp();
    const grant = await found(one);
    const takers = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : two).store.leases.take(grant));
    const leases = (await Promise.all(takers)).filter((lease) => lease !== null);
    expect(leases).toHaveLength(1);
    expect(leases[0]).toMatchObject({ key, version: grant.version + 1 });
    expect(await rowOf(two, key)).toMatchObject({ is_redeeming: 1, version: grant.version + 1 });
    expect(await found(two)).toMatchObject({ isLeased: true, isUncertain: false });
    expect(await two.store.leases.take(await found(two))).toBeNull();
  });

  test('it stands for 12 s by the clock of the store', async () => {
    const { one } = await setUp();
    const before = Date.now();
    const { endsAt } = await taken(one);
    const { leased_until: until } = await rowOf(one, key);
    for (const moment of [endsAt, until ?? 0]) {
      expect(moment).toBeGreaterThanOrEqual(before + 12_000);
      expect(moment).toBeLessThanOrEqual(Date.now() + 12_000);
    }
  });

  test('another process takes over once it is over, and the late steps of the first change nothing', async () => {
    const { one, two } = await setUp();
    const first = await taken(one);
    await endLease(one);
    expect(await found(two)).toMatchObject({ isLeased: false, isUncertain: true });
    const second = await taken(two);
    const before = await rowOf(one, key);

    expect(await one.store.leases.save(first, pairOf('late', 'late'), 'r1')).toBe(false);
    await one.store.leases.release(first, { isUncertain: false });
    await one.store.leases.bury(first);
    expect(await one.store.leases.mayReconnect(first)).toBe(false);

    expect(await rowOf(one, key)).toEqual(before);
    expect(await two.store.leases.save(second, pairOf('a2', 'r2'), 'r1')).toBe(true);
    expect(await tokensIn(one)).toEqual(['a2', 'r2']);
  });

  test('a late save that nobody came before still counts, and whoever has read the grant before it must read again', async () => {
    const { one, two } = await setUp();
    const first = await taken(one);
    await endLease(one);
    const stale = await found(two);
    expect(await one.store.leases.save(first, pairOf('a2', 'r2'), 'r1')).toBe(true);
    // Else the other one would present r1, be refused, and bury the grant that has just been renewed.
    expect(await two.store.leases.take(stale)).toBeNull();
    expect(await tokensIn(two)).toEqual(['a2', 'r2']);
  });

  const lateEnds = [
    ['buried', (store, lease) => store.leases.bury(lease), 'dead'],
    ['given back', (store, lease) => store.leases.release(lease, { isUncertain: true }), 'uncertain'],
  ] satisfies readonly [
    string,
    (store: OpenStore['store'], lease: Awaited<ReturnType<typeof taken>>) => Promise<void>,
    string,
  ][];
  test.each(lateEnds)('nor does a reader of before take a grant that was %s late', async (_end, finish, state) => {
    const { one, two } = await setUp();
    const first = await taken(one);
    await endLease(one);
    const stale = await found(two);
    await finish(one.store, first);
    expect(await two.store.leases.take(stale)).toBeNull();
    expect(await stateOf(two, key)).toBe(state);
  });

  test('a lease that was given back writes nothing any more', async () => {
    const { one } = await setUp();
    const { leases } = one.store;
    const lease = await taken(one);
    await leases.release(lease, { isUncertain: false });
    const before = await rowOf(one, key);
    expect(await leases.save(lease, pairOf('late', 'late'), 'r1')).toBe(false);
    await leases.bury(lease);
    expect(await rowOf(one, key)).toEqual(before);
    expect(await stateOf(one, key)).toBe('at rest');
  });

  test('a silent answer takes back neither whose the grant is nor the refresh token', async () => {
    const { one } = await setUp();
    expect(await one.store.leases.save(await taken(one), pairOf('a2'), 'r1')).toBe(true);
    expect(await found(one)).toMatchObject({
      locationId: 'place1',
      companyId: 'firm1',
      scopes: null,
      isUncertain: false,
    });
    expect(await tokensIn(one)).toEqual(['a2', 'r1']);
    const told = pairOf('a3', 'r3', { locationId: 'place2', companyId: 'firm2', scope: 'x y' });
    expect(await one.store.leases.save(await taken(one), told, 'r1')).toBe(true);
    // That the token is another location's must be seen: it is refused to those who ask for this one.
    expect(await found(one)).toMatchObject({ locationId: 'place2', companyId: 'firm2', scopes: ['x', 'y'] });
    expect((await found(one)).access?.locationId).toBe('place2');
  });

  test('a consent wins over a lease under way', async () => {
    const { one, two } = await setUp();
    const lease = await taken(one);
    await two.store.put(key, pairOf('consented', 'consented', { locationId: 'place1' }), 'consented');
    expect(await one.store.leases.save(lease, pairOf('late', 'late'), 'r1')).toBe(false);
    await one.store.leases.bury(lease);
    await one.store.leases.release(lease, { isUncertain: true });
    expect(await stateOf(one, key)).toBe('at rest');
    expect(await tokensIn(one)).toEqual(['consented', 'consented']);
  });

  test('a buried grant is dead and at rest, until a consent', async () => {
    const { one } = await setUp();
    await one.store.leases.bury(await taken(one));
    expect(await stateOf(one, key)).toBe('dead');
    expect(await tokensIn(one)).toEqual(['a1', 'r1']);
    await one.store.put(key, pairOf('a2', 'r2'), 'r2');
    expect(await stateOf(one, key)).toBe('at rest');
  });

  test('a reconnect may be tried once in 5 s, whoever asks', async () => {
    const { one, two } = await setUp();
    const lease = await taken(one);
    const tries = Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? one : two).store.leases.mayReconnect(lease));
    expect((await Promise.all(tries)).filter((may) => may)).toHaveLength(1);
    await one.store.leases.release(lease, { isUncertain: true });
    const next = await taken(two);
    expect(await two.store.leases.mayReconnect(next)).toBe(false);
    await changeRow(two, key, { reconnect_tried_at: Date.now() - 5_100 });
    expect(await two.store.leases.mayReconnect(next)).toBe(true);
  });
});

test('a process whose clock is a minute ahead takes no lease that still stands by the clock of the store', async () => {
  const ahead = await openStore(await newDatabase());
  leave(() => ahead.database.close());
  const { store } = ahead;
  await store.put(key, pairOf('a1', 'r1'), 'r1');
  const grant = await store.find(key);
  expect(grant && (await store.leases.take(grant))).not.toBeNull();
  jest.useFakeTimers({ now: Date.now() + 60_000, doNotFake: [...realTimers] });
  try {
    const seen = await store.find(key);
    expect(seen).toMatchObject({ isLeased: true, isUncertain: false });
    expect(seen && (await store.leases.take(seen))).toBeNull();
    expect((await store.survey(0)).map(({ isNeglected }) => isNeglected)).toEqual([false]);
  } finally {
    jest.useRealTimers();
  }
});
