import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createGrantStore } from '../../src/tokens/grant-store.ts';
import { createSeal, type SealKey } from '../../src/tokens/seal.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { app, changeRow, openStore, pairOf, rowOf, seal, stateOf, type OpenStore } from './rotation.ts';
import { useEngines } from './engines.ts';
import { idOf } from './upstream.ts';

const { engines, leave } = useEngines();

const [older, newer]: readonly [SealKey, SealKey] = [
  { id: 'one', bytes: new Uint8Array(32).fill(1) },
  { id: 'two', bytes: new Uint8Array(32).fill(2) },
];
const place: GrantKey = `location:${idOf('place1')}`;
const dayMs = 86_400_000;

describe.each(engines)('the grant store on %s', (_engine, locate) => {
  const setUp = async () => {
    const location = await locate();
    const one = await openStore(location);
    leave(() => one.database.close());
    return { location, one, store: one.store };
  };
  const leaseOf = async ({ store }: OpenStore, key: GrantKey) => {
    const found = await store.find(key);
    const lease = found && (await store.leases.take(found));
    if (!lease) throw new Error('no lease');
    return lease;
  };

  test('a grant comes back as it was put, to another process too, and to no other app', async () => {
    const { one, store, location } = await setUp();
    const two = await openStore(location);
    leave(() => two.database.close());
    const pair = pairOf('access-1', 'refresh-1', { locationId: 'place1', companyId: 'firm1', scope: 'a.readonly b' });
    await store.put(place, pair, 'refresh-1');

    const found = await two.store.find(place);
    const rest = { locationId: 'place1', companyId: 'firm1', isDead: false, scopes: ['a.readonly', 'b'] };
    expect(found).toMatchObject({ key: place, ...rest, isLeased: false, isUncertain: false, version: 1 });
    expect(found?.refreshToken()).toBe('refresh-1');
    expect(found?.access?.reveal()).toBe('access-1');
    const { obtainedAt, expiresAt, renewAt } = pair.access;
    expect(found?.access).toMatchObject({ obtainedAt, expiresAt: Math.round(expiresAt), renewAt: Math.round(renewAt) });
    expect(found?.refreshedAt).toBe(obtainedAt);
    expect(await two.store.summaries()).toEqual([{ key: place, ...rest }]);
    expect(await store.find('company')).toBeNull();

    const others = createGrantStore({ ...one.space, app: 'another-app' });
    expect(await others.find(place)).toBeNull();
    expect(await others.summaries()).toEqual([]);
    expect(await others.survey(0)).toEqual([]);
    expect(await others.keyUse()).toEqual(new Map());
    expect(await others.reseal()).toBe(0);
  });

  test('a consent stands over whatever was there: it ends lease, journal, death and the wait for a reconnect', async () => {
    const { one, store } = await setUp();
    await store.put(place, pairOf('a1', 'r1', { scope: 'x' }), 'r1');
    const lease = await leaseOf(one, place);
    await store.leases.mayReconnect(lease);
    await store.leases.bury(lease);
    await changeRow(one, place, { is_redeeming: 1, leased_until: Date.now() + 60_000 });
    const { version } = await rowOf(one, place);
    await store.put(place, pairOf('a2', 'r2'), 'r2');
    expect(await stateOf(one, place)).toBe('at rest');
    expect(await rowOf(one, place)).toMatchObject({ version: version + 1, reconnect_tried_at: null, scopes: null });
    expect((await store.find(place))?.refreshToken()).toBe('r2');
  });

  test('a refresh token of the settings is sown once, and again only over a dead grant and another such token', async () => {
    const { one, store } = await setUp();
    const seedOf = (name: string) => ({ refreshToken: `token-${name}`, fingerprint: name, companyId: null });
    const refreshToken = async () => (await store.find('seed'))?.refreshToken();

    expect(await store.seed('seed', { ...seedOf('f1'), companyId: 'firm1' })).toBe(true);
    expect(await store.find('seed')).toMatchObject({
      access: null,
      companyId: 'firm1',
      locationId: null,
      isDead: false,
    });
    expect(await store.seed('seed', seedOf('f1'))).toBe(false);
    expect(await store.seed('seed', seedOf('f2'))).toBe(false);
    const sown = await Promise.all(Array.from({ length: 10 }, () => store.seed('company', seedOf('f9'))));
    expect(sown.filter((isSown) => isSown)).toHaveLength(1);

    expect(await store.leases.save(await leaseOf(one, 'seed'), pairOf('a1', 'r1'), 'token-f1')).toBe(true);
    expect(await store.seed('seed', seedOf('f2'))).toBe(false);
    expect(await refreshToken()).toBe('r1');

    await store.leases.bury(await leaseOf(one, 'seed'));
    expect(await store.seed('seed', seedOf('f1'))).toBe(false); // long spent: it would be presented in vain
    expect(await stateOf(one, 'seed')).toBe('dead');
    expect(await store.seed('seed', seedOf('f2'))).toBe(true);
    expect(await refreshToken()).toBe('token-f2');
    expect(await store.find('seed')).toMatchObject({
      access: null,
      isDead: false,
      isUncertain: false,
      companyId: null,
    });

    await store.put('seed', pairOf('a3', 'r3'), 'r3');
    await store.leases.bury(await leaseOf(one, 'seed'));
    expect(await store.seed('seed', seedOf('f2'))).toBe(false);
    expect(await stateOf(one, 'seed')).toBe('dead');
  });

  test('a grant from a consent that died gives way to a first refresh token in the settings', async () => {
    const { one, store } = await setUp();
    await store.put('company', pairOf('a1', 'r1', { companyId: 'firm1' }), 'r1');
    const seed = { refreshToken: 'sown', fingerprint: 'f1', companyId: 'firm2' };
    expect(await store.seed('company', seed)).toBe(false);
    await store.leases.bury(await leaseOf(one, 'company'));
    expect(await store.seed('company', seed)).toBe(true);
    expect(await store.find('company')).toMatchObject({ companyId: 'firm2', access: null, scopes: null });
  });

  test('the survey finds what nobody looks after: uncertain, never redeemed, idle; never the dead and the leased', async () => {
    const { one, store } = await setUp();
    const neglected = async (idleMs = 30 * dayMs) =>
      (await store.survey(idleMs)).filter(({ isNeglected }) => isNeglected).map(({ key }) => key);
    await store.put(place, pairOf('a1', 'r1', { locationId: 'place1' }), 'r1');
    expect(await neglected()).toEqual([]);
    await changeRow(one, place, { leased_until: null });
    expect(await neglected(0)).toEqual([place]); // idle since now
    expect(await store.survey(dayMs)).toMatchObject([{ key: place, isNeglected: false }]);
    expect((await store.survey(dayMs))[0]?.obtainedAt).toBe((await store.find(place))?.access?.obtainedAt);

    const lease = await leaseOf(one, place);
    expect(await neglected(0)).toEqual([]);
    await changeRow(one, place, { leased_until: Date.now() - 60_000 });
    expect(await neglected()).toEqual([place]);
    await store.leases.release(lease, { isUncertain: true });
    await store.seed('company', { refreshToken: 'sown', fingerprint: 'f1', companyId: null });
    expect(await neglected()).toEqual([place, 'company']); // crashes first
    expect((await store.survey(0)).find(({ key }) => key === 'company')?.obtainedAt).toBeNull();

    await store.leases.bury(await leaseOf(one, place));
    await store.leases.bury(await leaseOf(one, 'company'));
    expect(await neglected(0)).toEqual([]);
  });

  test('resealing with a new key moves all records to it, and never over a renewal that ends meanwhile', async () => {
    const { location, one, store } = await setUp();
    await store.put('company', pairOf('a1', 'r1'), 'r1');
    await store.put(place, pairOf('b1', 's1'), 's1');
    const ring = await openStore(location, createSeal([newer, older]));
    const ahead = await openStore(location, createSeal([newer]));
    leave(
      () => ring.database.close(),
      () => ahead.database.close(),
    );
    expect(await ring.store.keyUse()).toEqual(new Map([['one', 2]]));
    await expect(ahead.store.find(place)).rejects.toThrow('sealed with key "one": add that key to TOKEN_KEYS');
    await expect(ahead.store.reseal()).rejects.toThrow('TOKEN_KEYS');

    // A renewal with the old key ends between the reading of the records and the writing of its own.
    const lease = await leaseOf(one, place);
    const slow = createGrantStore({
      ...ring.space,
      database: {
        ...ring.database,
        run: async (query, limitMs) => {
          const result = await ring.database.run(query, limitMs);
          if (Array.isArray(result)) await store.leases.save(lease, pairOf('b2', 's2'), 's1');
          return result;
        },
      },
    });
    expect(await slow.reseal()).toBe(1);
    expect((await ring.store.find(place))?.refreshToken()).toBe('s2');
    expect(await ring.store.reseal()).toBe(1);
    expect(await ring.store.reseal()).toBe(0);
    expect(await ring.store.keyUse()).toEqual(new Map([['two', 2]]));
    expect((await ahead.store.find(place))?.access?.reveal()).toBe('b2');
    expect((await ahead.store.find('company'))?.refreshToken()).toBe('r1');
  });

  test('a renewal under way may save after its record was resealed', async () => {
    const { location, one, store } = await setUp();
    await store.put(place, pairOf('b1', 's1'), 's1');
    const lease = await leaseOf(one, place);
    const ring = await openStore(location, createSeal([newer, older]));
    leave(() => ring.database.close());
    expect(await ring.store.reseal()).toBe(1);
    expect(await store.leases.save(lease, pairOf('b2', 's2'), 's1')).toBe(true);
    expect((await ring.store.find(place))?.refreshToken()).toBe('s2');
  });

  test('a record that was altered, cut or moved to another grant is refused with the remedy', async () => {
    const { one, store } = await setUp();
    await store.put(place, pairOf('a1', 'r1'), 'r1');
    await store.put('company', pairOf('c1', 's1'), 's1');
    const { sealed } = await rowOf(one, place);
    const { sealed: companys } = await rowOf(one, 'company');
    for (const bad of [sealed.slice(0, -4), sealed.slice(0, 12), 'nonsense', '', companys]) {
      await one.database.run((db) =>
        db.updateTable('gateway_grants').set({ sealed: bad }).where('grant_key', '=', place).execute(),
      );
      await expect(store.find(place)).rejects.toMatchObject({ name: 'SealError' });
      await expect(store.find(place)).rejects.toThrow('connect it again at /oauth/install');
    }
    expect(await store.summaries()).toHaveLength(2); // seen from afar, it is still there
  });

  test('no token stands in any column or byte of the store, in any spelling', async () => {
    const { location, one, store } = await setUp();
    const tokens = ['access', 'refresh', 'next-access', 'next-refresh', 'sown'].map(
      (name) => `${name}-${'s3cr3t'.repeat(4)}`,
    );
    const [access = '', refresh = '', nextAccess = '', nextRefresh = '', sown = ''] = tokens;
    await store.put(place, pairOf(access, refresh, { locationId: 'place1', scope: 'x' }), refresh);
    await store.leases.save(await leaseOf(one, place), pairOf(nextAccess, nextRefresh), refresh);
    await store.seed('company', { refreshToken: sown, fingerprint: 'f1', companyId: null });

    const { rows } = await one.database.run((db) => sql<object>`select * from gateway_grants`.execute(db));
    expect(rows).toHaveLength(2);
    const texts = [JSON.stringify(rows)];
    if ('path' in location) {
      const files = readdirSync(join(location.path, '..'));
      expect(files).toEqual(expect.arrayContaining(['gateway.db', 'gateway.db-wal']));
      for (const name of files) texts.push(readFileSync(join(location.path, '..', name), 'latin1'));
      expect(texts.join()).toContain('place1'); // it is the right place to search
    }
    const found = tokens
      .flatMap(spellings)
      .filter((spelling) => texts.some((text) => text.toLowerCase().includes(spelling)));
    expect(found).toEqual([]);
    expect(seal.open((await rowOf(one, place)).sealed, `${app} ${place}`)).toContain(nextRefresh);
  });
});

// Base64 has three spellings, by where the text begins in its group of three bytes; the outermost characters depend on the neighbours.
const spellings = (token: string): string[] => {
  const base64 = [0, 1, 2].map((lead) =>
    Buffer.from('_'.repeat(lead) + token)
      .toString('base64url')
      .slice(lead === 0 ? 0 : 4, -4),
  );
  return [token, Buffer.from(token).toString('hex'), ...base64].map((text) => text.toLowerCase());
};
