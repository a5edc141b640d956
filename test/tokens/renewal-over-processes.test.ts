import { describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxOptions } from '../../src/sandbox/server.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import {
  askedOf,
  changeRow,
  needs,
  openStore,
  outcomeOf,
  pairOf,
  rowOf,
  startReplica,
  stateOf,
  turns,
  type OpenStore,
  type ReplicaOptions,
} from './rotation.ts';
import { useEngines } from './engines.ts';
import { idOf } from './upstream.ts';

const { engines, leave } = useEngines();

describe.each(engines)('renewals over %s', (_engine, locate) => {
  // A grant whose access token has run out, and what starts processes over its store.
  const setUp = async (options: SandboxOptions = {}) => {
    const sandbox = await startSandbox(options);
    const location = await locate();
    const locationId = idOf(sandbox.locations.full);
    const key: GrantKey = `location:${locationId}`;
    const open = async (): Promise<OpenStore> => {
      const opened = await openStore(location);
      leave(() => opened.database.close());
      return opened;
    };
    const begin = async (behaviour: ReplicaOptions = {}) => {
      const opened = await open();
      const replica = startReplica(sandbox, opened, behaviour);
      leave(() => replica[Symbol.asyncDispose]());
      return {
        ...opened,
        ...replica,
        ask: () => replica.renewal.obtain(key, needs.any),
      };
    };
    leave(() => sandbox.close());
    const outside = await open();
    const refreshToken = sandbox.issueRefreshToken({ locationId });
    await outside.store.put(key, pairOf('old', refreshToken, { locationId }), refreshToken);
    const expire = () => changeRow(outside, key, { renew_at: Date.now() - 2, expires_at: Date.now() - 1 });
    const endLease = () => changeRow(outside, key, { leased_until: Date.now() - 60_000 });
    await expire();
    return { sandbox, key, locationId, outside, begin, expire, endLease };
  };

  test('a hundred askers in two processes cause one redemption and get the same token', async () => {
    const { sandbox, key, outside, begin } = await setUp();
    const [one, two] = [await begin(), await begin()];
    const askers = Array.from({ length: 100 }, (_, at) => outcomeOf((at % 2 === 0 ? one : two).ask()));
    const tokens = new Set(await Promise.all(askers));
    expect(tokens.size).toBe(1);
    expect([...tokens][0]).toBe((await outside.store.find(key))?.access?.reveal());
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 0, reconnect: 0 });
    expect(await stateOf(outside, key)).toBe('at rest');
  });

  test('fifty renewals of two processes by turns never present a spent token, though upstream revokes for that', async () => {
    const { sandbox, begin, expire, key, outside } = await setUp({ revokesFamilyOnReuse: true });
    const processes = [await begin(), await begin()] as const;
    const tokens = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      await expire();
      sandbox.expireAccessTokens();
      const [first, second] = round % 2 === 0 ? processes : processes.toReversed();
      tokens.add(await outcomeOf(first.ask()));
      tokens.add(await outcomeOf(second.ask()));
    }
    expect(tokens.size).toBe(50);
    expect(askedOf(sandbox)).toEqual({ refresh: 50, code: 0, reconnect: 0 });
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
    expect(await stateOf(outside, key)).toBe('at rest');
    const bearer = [...tokens].at(-1) ?? '';
    const headers = { authorization: `Bearer ${bearer}`, version: '2021-07-28' };
    const answer = await fetch(`${sandbox.url}/locations/${sandbox.locations.full}`, { headers });
    expect(answer.status).toBe(200);
  });

  test.each(['before', 'after'] as const)(
    'a crash %s upstream heard the request is healed by whoever waits',
    async (when) => {
      const { sandbox, key, outside, begin, endLease } = await setUp();
      const dying = await begin({ onAnswer: () => Promise.reject(new Error('killed')) });
      const found = await outside.store.find(key);
      const lease = found && (await dying.store.leases.take(found));
      if (!found || !lease) throw new Error('no lease');
      if (when === 'after') {
        const { id, secret } = sandbox.client;
        const form = {
          grant_type: 'refresh_token',
          refresh_token: found.refreshToken(),
          client_id: id,
          client_secret: secret,
        };
        await fetch(`${sandbox.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
      }
      sandbox.clearCalls();
      const waiting = await begin();
      const asked = waiting.ask();
      await turns();
      expect(askedOf(sandbox)).toEqual({ refresh: 0, code: 0, reconnect: 0 }); // the lease still stands
      await endLease();
      const token = await outcomeOf(asked);
      expect(token).toBe((await outside.store.find(key))?.access?.reveal());
      expect(token).not.toBe('old');
      expect(askedOf(sandbox)).toEqual({ refresh: 0, code: 1, reconnect: 1 });
      expect(sandbox.spentRefreshTokensPresented()).toBe(0);
      expect(await stateOf(outside, key)).toBe('at rest');
    },
  );

  test('a consent that comes while a renewal is under way stands, and its token is what the askers get', async () => {
    const { key, outside, begin } = await setUp();
    const consent = () => outside.store.put(key, pairOf('consented', 'consented-refresh'), 'consented-refresh');
    const { ask } = await begin({ onAnswer: consent });
    expect(await outcomeOf(ask())).toBe('consented');
    expect((await outside.store.find(key))?.refreshToken()).toBe('consented-refresh');
  });

  test('who was slower than their lease gets the token of whoever took over, never the old one', async () => {
    const { sandbox, key, outside, begin, endLease } = await setUp();
    const quick = await begin();
    let theirs = '';
    const slow = await begin({
      onAnswer: async () => {
        await endLease();
        theirs = await outcomeOf(quick.ask());
      },
    });
    expect(await outcomeOf(slow.ask())).toBe(theirs);
    expect((await outside.store.find(key))?.access?.reveal()).toBe(theirs);
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 1, reconnect: 1 });
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('a pair is not lost to somebody who took over and was refused for good', async () => {
    const { sandbox, key, outside, begin, endLease } = await setUp();
    const other = await begin({ canReconnect: false });
    let theirs = '';
    const slow = await begin({
      onAnswer: async () => {
        await endLease();
        theirs = await outcomeOf(other.ask());
      },
    });
    const token = await outcomeOf(slow.ask());
    expect(theirs).toBe('LOCATION_NOT_CONNECTED');
    expect((await outside.store.find(key))?.access?.reveal()).toBe(token);
    expect(await stateOf(outside, key)).toBe('at rest');
    await changeRow(outside, key, { expires_at: Date.now() - 1, renew_at: Date.now() - 1 });
    expect(await outcomeOf(other.ask())).not.toBe(theirs);
    expect(sandbox.spentRefreshTokensPresented()).toBe(1); // with reconnect off there is no other way to learn it
  });

  test('a pair that came while the store was away is used, written once when it is back, and found after a restart', async () => {
    const { sandbox, key, outside, begin } = await setUp();
    let cutOff = (): unknown => undefined;
    const one = await begin({ onAnswer: () => cutOff() });
    cutOff = () => (one.switches.isAway = true);
    const token = await outcomeOf(one.ask());
    for (let time = 0; time < 20; time += 1) expect(await outcomeOf(one.ask())).toBe(token);
    expect(askedOf(sandbox)).toEqual({ refresh: 1, code: 0, reconnect: 0 });
    expect(await stateOf(outside, key)).toBe('leased');
    const { version } = await rowOf(outside, key);

    one.switches.isAway = false;
    await Promise.all([one.renewal.writeUnsaved(), one.ask(), one.ask(), one.renewal.writeUnsaved()]);
    expect(await rowOf(outside, key)).toMatchObject({ version: version + 1, is_redeeming: 0 });
    const restarted = await begin();
    expect(await outcomeOf(restarted.ask())).toBe(token);
    await changeRow(outside, key, { expires_at: Date.now() - 1, renew_at: Date.now() - 1 });
    expect(await outcomeOf(restarted.ask())).not.toBe(token);
    expect(askedOf(sandbox)).toEqual({ refresh: 2, code: 0, reconnect: 0 });
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });
});
