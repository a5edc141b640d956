import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../src/observe/log.ts';
import { StoreUnavailable } from '../../src/stores/sql.ts';
import type { GrantStore } from '../../src/tokens/grant-store.ts';
import type { Lease } from '../../src/tokens/leases.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { createUnsaved } from '../../src/tokens/unsaved.ts';
import { changeRow, openStore, pairOf, stateOf, type OpenStore } from './rotation.ts';

const key: GrantKey = 'seed';
const opened: OpenStore[] = [];
let one: OpenStore;

beforeEach(async () => {
  one = await openStore({ path: ':memory:' });
  opened.push(one);
  await one.store.put(key, pairOf('a1', 'r1'), 'r1');
});
afterAll(() => Promise.all(opened.map(({ database }) => database.close())));

const leaseOf = async (of: GrantKey = key): Promise<Lease> => {
  const found = await one.store.find(of);
  const lease = found && (await one.store.leases.take(found));
  if (!lease) throw new Error('no lease');
  return lease;
};
const tokens = async () => {
  const found = await one.store.find(key);
  return [found?.access?.reveal(), found?.refreshToken()];
};
const begin = (store: GrantStore = one.store) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', secrets: [], sink: { write: (line) => lines.push(line) } });
  const messages = () => lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  return { ...createUnsaved({ store, log }), lines, messages };
};
const next = () => pairOf('a2', 'r2');

/** A pair for r1 that the store could not take. */
const keepOne = async () => {
  const unsaved = begin();
  const lease = await leaseOf();
  one.switches.isAway = true;
  expect((await unsaved.save({ lease, pair: next(), spent: 'r1' }))?.reveal()).toBe('a2');
  return { unsaved, lease };
};
/** The lease of that pair is over and somebody else has taken it. */
const takenOver = async () => {
  const kept = await keepOne();
  one.switches.isAway = false;
  await changeRow(one, key, { leased_until: Date.now() - 1 });
  return { ...kept, theirs: await leaseOf() };
};

describe('a pair that the store could not take', () => {
  test('is used, told of once, and written when the store is back', async () => {
    const { unsaved } = await keepOne();
    for (let time = 0; time < 3; time += 1) {
      const kept = await unsaved.write(key);
      expect(kept?.access.reveal()).toBe('a2');
      expect(kept?.problem).toBeInstanceOf(StoreUnavailable);
    }
    expect(unsaved.messages()).toEqual(['A new token pair is kept in memory until the store takes it.']);
    one.switches.isAway = false;
    expect(await tokens()).toEqual(['a1', 'r1']);
    await unsaved.writeAll();
    expect(await tokens()).toEqual(['a2', 'r2']);
    expect(await stateOf(one, key)).toBe('at rest');
    expect(unsaved.messages().slice(1)).toEqual(['The token pair that was kept in memory is stored.']);
    expect(await unsaved.write(key)).toBeNull();
    unsaved.lament();
    expect(unsaved.messages()).toHaveLength(2);
  });

  test('is lamented by the name of its grant, never by its tokens', async () => {
    const { unsaved, lease } = await keepOne();
    unsaved.lament();
    expect(unsaved.lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', grant: key },
      { level: 'error', grant: key, msg: 'A new token pair is lost with this process, as it could not be stored.' },
    ]);
    expect(unsaved.lines.join()).not.toMatch(/"[ar][12]"/);
    await unsaved.save({ lease, pair: next(), spent: 'r1' });
    expect(unsaved.messages().at(-1)).toBe(unsaved.messages()[1]); // of one that came too late to be lamented with the others
  });

  test('is kept whatever the trouble of the store is', async () => {
    const lease = await leaseOf();
    const trouble = new Error('value contains a zero byte');
    const unsaved = begin({ ...one.store, leases: { ...one.store.leases, save: () => Promise.reject(trouble) } });
    expect((await unsaved.save({ lease, pair: next(), spent: 'r1' }))?.reveal()).toBe('a2');
    expect(await unsaved.write(key)).toMatchObject({ problem: trouble });
  });

  test('is written though its first save happened after all', async () => {
    const { unsaved, lease } = await keepOne();
    one.switches.isAway = false;
    expect(await one.store.leases.save(lease, next(), 'r1')).toBe(true);
    expect(await unsaved.write(key)).toBeNull();
    expect(await tokens()).toEqual(['a2', 'r2']);
  });

  test('gives way to the pair of whoever took over', async () => {
    const { unsaved, theirs } = await takenOver();
    expect(await one.store.leases.save(theirs, pairOf('a3', 'r3'), 'r1')).toBe(true);
    expect(await unsaved.write(key)).toBeNull();
    expect(await tokens()).toEqual(['a3', 'r3']);
    expect(unsaved.messages().at(-1)).toBe('The token pair that was kept in memory is replaced.');
  });

  test('gives way to theirs also where upstream rotates nothing', async () => {
    const { unsaved, theirs } = await takenOver();
    expect(await one.store.leases.save(theirs, pairOf('a3'), 'r1')).toBe(true);
    expect(await unsaved.write(key)).toBeNull();
    expect(await tokens()).toEqual(['a3', 'r1']);
  });

  test('gives way to a consent', async () => {
    const { unsaved } = await keepOne();
    one.switches.isAway = false;
    await one.store.put(key, pairOf('consented', 'consented'), 'consented');
    expect(await unsaved.write(key)).toBeNull();
    expect(await tokens()).toEqual(['consented', 'consented']);
  });

  test('is the only good one where whoever took over was refused, and brings the grant back to life', async () => {
    const { unsaved, theirs } = await takenOver();
    await one.store.leases.bury(theirs);
    expect(await stateOf(one, key)).toBe('dead');
    expect(await unsaved.write(key)).toBeNull();
    expect(await stateOf(one, key)).toBe('at rest');
    expect(await tokens()).toEqual(['a2', 'r2']);
  });

  test('is stored where whoever took over learned nothing, and kept as long as they are at it', async () => {
    const { unsaved, theirs } = await takenOver();
    expect(await unsaved.write(key)).toMatchObject({ problem: { code: 'UPSTREAM_UNAVAILABLE' } });
    await one.store.leases.release(theirs, { isUncertain: true });
    await unsaved.writeAll();
    expect(await stateOf(one, key)).toBe('at rest');
    expect(await tokens()).toEqual(['a2', 'r2']);
  });

  test('is used at once, and kept, where others took over before its first save', async () => {
    const unsaved = begin();
    const lease = await leaseOf();
    await changeRow(one, key, { leased_until: Date.now() - 1 });
    const theirs = await leaseOf();
    expect((await unsaved.save({ lease, pair: next(), spent: 'r1' }))?.reveal()).toBe('a2');
    await one.store.leases.save(theirs, pairOf('a3', 'r3'), 'r1');
    await unsaved.writeAll();
    expect(await tokens()).toEqual(['a3', 'r3']);
    expect(await unsaved.save({ lease, pair: next(), spent: 'r1' })).toBeNull();
  });
});

test('while the store is away one try stands for all that are kept', async () => {
  const { store } = one;
  const keys = ['seed', 'company'] as const;
  await store.put('company', pairOf('a1', 'r1'), 'r1');
  let tries = 0;
  const save: GrantStore['leases']['save'] = () => {
    tries += 1;
    return Promise.reject(new StoreUnavailable('gone'));
  };
  const unsaved = begin({ ...store, leases: { ...store.leases, save } });
  for (const of of keys) await unsaved.save({ lease: await leaseOf(of), pair: next(), spent: 'r1' });
  tries = 0;
  await unsaved.writeAll();
  expect(tries).toBe(1);
});

test('a slow write that ends late does not forget the pair that came after its own', async () => {
  const answers: PromiseWithResolvers<boolean>[] = [];
  const save: GrantStore['leases']['save'] = () => {
    const answer = Promise.withResolvers<boolean>();
    answers.push(answer);
    return answer.promise;
  };
  const unsaved = begin({ ...one.store, leases: { ...one.store.leases, save } });
  const lease = await leaseOf();
  const settled = async <T>(work: Promise<T>, at: number, isStored: boolean): Promise<T> => {
    if (isStored) answers[at]?.resolve(true);
    else answers[at]?.reject(new StoreUnavailable('gone'));
    return work;
  };
  await settled(unsaved.save({ lease, pair: pairOf('a2', 'r2'), spent: 'r1' }), 0, false);
  const [slow, slower, quick] = [unsaved.write(key), unsaved.write(key), unsaved.write(key)];
  await settled(quick, 3, true);
  await settled(unsaved.save({ lease, pair: pairOf('a3', 'r3'), spent: 'r2' }), 4, false);
  await settled(slow, 1, true);
  await settled(slower, 2, false);
  expect((await settled(unsaved.write(key), 5, false))?.access.reveal()).toBe('a3');
});
