import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import {
  askedOf,
  changeRow,
  needs,
  openStore,
  outcomeOf,
  pairOf,
  realTimers,
  rowOf,
  startReplica,
  stateOf,
  turns,
  type ReplicaOptions,
} from './rotation.ts';
import { idOf } from './upstream.ts';

const leftovers: (() => unknown)[] = [];
afterAll(async () => {
  for (const leave of leftovers.toReversed()) await leave();
});

describe('a renewal', () => {
  const setUp = async (behaviour: ReplicaOptions = {}) => {
    const sandbox = await startSandbox();
    const opened = await openStore({ path: ':memory:' });
    const locationId = idOf(sandbox.locations.full);
    const key: GrantKey = `location:${locationId}`;
    const refreshToken = sandbox.issueRefreshToken({ locationId });
    await opened.store.put(key, pairOf('old', refreshToken, { locationId }), refreshToken);
    const replica = startReplica(sandbox, opened, behaviour);
    leftovers.push(
      () => sandbox.close(),
      () => opened.database.close(),
      () => replica[Symbol.asyncDispose](),
    );
    const found = async () => {
      const access = (await opened.store.find(key))?.access;
      if (!access) throw new Error('no access token');
      return access;
    };
    const live = (renewInMs: number, expireInMs: number) =>
      changeRow(opened, key, { renew_at: Date.now() + renewInMs, expires_at: Date.now() + expireInMs });
    return { sandbox, opened, key, ...replica, found, live };
  };

  test('serves a token that is due but alive to those without one, and a new one to those who hold it', async () => {
    const { sandbox, renewal, key, found, live } = await setUp();
    await live(-1, 60_000);
    expect(await outcomeOf(renewal.obtain(key, needs.any))).toBe('old');
    expect(askedOf(sandbox).refresh).toBe(0);
    const token = await outcomeOf(renewal.obtain(key, needs.successor(await found())));
    expect(token).not.toBe('old');
    expect(askedOf(sandbox).refresh).toBe(1);
    await live(-1, 9_000); // not worth handing out
    expect(await outcomeOf(renewal.obtain(key, needs.any))).not.toBe(token);
    expect(askedOf(sandbox).refresh).toBe(2);
  });

  test('never hands out a token that upstream has refused, and keeps one that somebody else renewed meanwhile', async () => {
    const { sandbox, renewal, key, found } = await setUp();
    const refused = await found();
    const token = await outcomeOf(renewal.obtain(key, needs.other(refused)));
    expect(token).not.toBe('old');
    expect(await outcomeOf(renewal.obtain(key, needs.other(refused)))).toBe(token);
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 0, reconnect: 0 });
  });

  test('a refused token is not handed out either while it is only kept in memory', async () => {
    let isAway = true;
    const { opened, sandbox, renewal, key, found } = await setUp({
      onAnswer: () => Object.assign(opened.switches, { isAway }),
    });
    const token = await renewal.obtain(key, needs.other(await found()));
    expect(await outcomeOf(renewal.obtain(key, needs.other(token)))).toBe('GRANT_STORE_UNAVAILABLE');
    isAway = false;
    opened.switches.isAway = false;
    expect(await outcomeOf(renewal.obtain(key, needs.other(token)))).not.toBe(token.reveal());
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('what is kept in memory keeps the spent token from being presented though the store is back by then', async () => {
    const { opened, sandbox, renewal, key, live } = await setUp({
      canReconnect: false,
      onAnswer: () => (opened.switches.isAway = true),
    });
    await live(-2, -1);
    const held = await renewal.obtain(key, needs.any);
    await changeRow(opened, key, { leased_until: Date.now() - 1 });
    Object.assign(opened.switches, { isAway: false, failing: 1 }); // the write fails, the reading after it would not
    expect(await outcomeOf(renewal.obtain(key, needs.other(held)))).toBe('GRANT_STORE_UNAVAILABLE');
    expect(askedOf(sandbox).refresh).toBe(1);
    expect(await outcomeOf(renewal.obtain(key, needs.any))).toBe(held.reveal());
    expect(await stateOf(opened, key)).toBe('at rest');
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('waits for another process for 15 s, not for ever', async () => {
    const { sandbox, opened, renewal, key, live } = await setUp();
    await live(-2, -1);
    await changeRow(opened, key, { is_redeeming: 1, leased_until: Date.now() + 86_400_000 });
    jest.useFakeTimers({ doNotFake: [...realTimers] });
    try {
      const asked = outcomeOf(renewal.obtain(key, needs.any));
      await turns();
      jest.setSystemTime(Date.now() + 15_000);
      expect(await asked).toBe('UPSTREAM_TIMEOUT');
      expect(sandbox.calls()).toHaveLength(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a dead grant costs upstream nothing, however often it is asked for', async () => {
    const { sandbox, opened, renewal, key, live } = await setUp({ canReconnect: false });
    sandbox.revokeGrants({ locationId: sandbox.locations.full });
    await live(-2, -1);
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => outcomeOf(renewal.obtain(key, needs.any))));
    expect(new Set(outcomes)).toEqual(new Set(['LOCATION_NOT_CONNECTED']));
    for (let time = 0; time < 60; time += 1)
      expect(await outcomeOf(renewal.obtain(key, needs.any))).toBe('LOCATION_NOT_CONNECTED');
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 0, reconnect: 0 });
    expect(await stateOf(opened, key)).toBe('dead');
    await expect(renewal.obtain(key, needs.any)).rejects.toMatchObject({
      cause: { name: 'GrantLost', message: `the grant of ${key} is lost: connect it again at /oauth/install` },
    });
  });

  test('with the store away asks upstream for nothing', async () => {
    const { sandbox, opened, renewal, key } = await setUp();
    opened.switches.isAway = true;
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(renewal.obtain(key, needs.any))));
    expect(new Set(outcomes)).toEqual(new Set(['GRANT_STORE_UNAVAILABLE']));
    expect(sandbox.calls()).toHaveLength(0);
  });

  test('asks upstream for nothing either where the store goes between the reading and the lease', async () => {
    const { sandbox, opened, renewal, key, live } = await setUp();
    await live(-2, -1);
    const { take } = opened.store.leases;
    Object.assign(opened.store.leases, {
      take: (...found: Parameters<typeof take>) => {
        opened.switches.isAway = true;
        return take(...found);
      },
    });
    expect(await outcomeOf(renewal.obtain(key, needs.any))).toBe('GRANT_STORE_UNAVAILABLE');
    expect(sandbox.calls()).toHaveLength(0);
    opened.switches.isAway = false;
    expect(await stateOf(opened, key)).toBe('at rest');
  });

  test('says the remedy where a record cannot be opened, and asks upstream for nothing', async () => {
    const { sandbox, opened, renewal, key } = await setUp();
    const { sealed } = await rowOf(opened, key);
    const unreadable = { sealed: sealed.replace('v1.one.', 'v1.lost.') };
    await opened.database.run((db) => db.updateTable('gateway_grants').set(unreadable).execute());
    await expect(renewal.obtain(key, needs.any)).rejects.toMatchObject({
      code: 'GRANT_STORE_UNAVAILABLE', // nobody has to consent again: the operator mends it
      cause: { name: 'SealError', message: expect.stringContaining('add that key to TOKEN_KEYS') },
    });
    const cut = { sealed: sealed.slice(0, -4) };
    await opened.database.run((db) => db.updateTable('gateway_grants').set(cut).execute());
    await expect(renewal.obtain(key, needs.any)).rejects.toMatchObject({
      code: 'LOCATION_NOT_CONNECTED',
      cause: { name: 'GrantLost', cause: { message: expect.stringContaining('connect it again at /oauth/install') } },
    });
    expect(await outcomeOf(renewal.obtain('company', needs.any))).toBe('LOCATION_NOT_CONNECTED');
    expect(sandbox.calls()).toHaveLength(0);
  });

  test('an answer that nobody waits for any more is stored by settling, which begins nothing itself', async () => {
    const arrived = Promise.withResolvers<undefined>();
    const goOn = Promise.withResolvers<undefined>();
    const { opened, renewal, key, live } = await setUp({
      onAnswer: () => {
        arrived.resolve(undefined);
        return goOn.promise;
      },
    });
    await live(-2, -1);
    const asked = outcomeOf(renewal.obtain(key, needs.any));
    await arrived.promise;
    const settled = renewal.settle(60_000);
    goOn.resolve(undefined);
    await settled;
    expect(await stateOf(opened, key)).toBe('at rest');
    expect((await opened.store.find(key))?.access?.reveal()).toBe(await asked);
  });

  test('settling does not wait beyond its patience, writes what it can, and says what is lost', async () => {
    const { opened, renewal, key, live, lines } = await setUp({ onAnswer: () => (opened.switches.isAway = true) });
    await renewal.settle(0);
    expect(lines).toEqual([]);
    await live(-2, -1);
    await renewal.obtain(key, needs.any);
    await renewal.settle(60_000);
    expect(lines.at(-1)).toContain('is lost with this process');
    opened.switches.isAway = false;
    await renewal.settle(60_000);
    expect(await stateOf(opened, key)).toBe('at rest');
    expect(lines.at(-1)).toContain('is stored');

    await live(-2, -1);
    const arrived = Promise.withResolvers<undefined>();
    const onAnswer = () => {
      arrived.resolve(undefined);
      return new Promise(() => undefined);
    };
    const stuck = await setUp({ onAnswer });
    await stuck.live(-2, -1);
    void stuck.renewal.obtain(stuck.key, needs.any);
    await arrived.promise; // else its request could still be under way when the sandbox closes
    await stuck.renewal.settle(20);
    expect(await stateOf(stuck.opened, stuck.key)).toBe('leased'); // its journal tells the next process
  });
});
