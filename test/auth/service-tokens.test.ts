import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { CallerTables } from '../../src/auth/migrations.ts';
import { isServiceToken } from '../../src/auth/service-token-text.ts';
import { createServiceTokens, TooManyServiceTokens } from '../../src/auth/service-tokens.ts';
import { openCallerDatabase } from '../../src/compose-database.ts';
import { mayRead } from '../../src/model/caller.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { toLocationId, type LocationId } from '../../src/model/ids.ts';
import { createLog } from '../../src/observe/log.ts';
import { describeError } from '../../src/observe/redact.ts';
import { StoreUnavailable, type Database, type DatabaseLocation } from '../../src/stores/sql.ts';
import { createCanaries } from '../support/leaks.ts';
import { useEngines } from '../tokens/engines.ts';

const { engines, leave } = useEngines();

let now = 0;
beforeEach(() => {
  now = Date.parse('2026-11-27T10:00:00.000Z');
  jest.spyOn(Date, 'now').mockImplementation(() => now); // timers go on: a server answers in its own time
});
afterEach(() => void jest.restoreAllMocks());

const dayMs = 86_400_000;
const idOf = (text: string): LocationId => {
  const id = toLocationId(text);
  if (id === null) throw new Error(`${text} is no id`);
  return id;
};
const [one, other] = [idOf('one'), idOf('other')];
const wanted = {
  name: 'reporting',
  scopes: ['socialplanner/tag.readonly', 'locations.readonly'],
  locations: [one],
  lifetimeMs: 90 * dayMs,
} as const;

/** Another process of the same store, as far as it knows. `store.runs`: how often it went there. */
const open = async (location: DatabaseLocation) => {
  const database = await openCallerDatabase(location);
  leave(database.close);
  const store = { runs: 0 };
  const run: Database<CallerTables>['run'] = (query, limitMs) => {
    store.runs += 1;
    return database.run(query, limitMs);
  };
  return { ...createServiceTokens({ ...database, run }), database, store };
};

type Opened = Awaited<ReturnType<typeof open>>;

const codeOf = (verifying: Promise<unknown>): Promise<unknown> =>
  verifying.then(
    () => 'let in',
    (error: unknown) => (error instanceof GatewayError ? error.code : error),
  );

/** Looks again until it is so: nobody is told when a note of use is written. */
const lastUse = async ({ list }: Opened, expected: number): Promise<number | null | undefined> => {
  for (let look = 0; look < 200; look += 1) if ((await list())[0]?.lastUsedAt === expected) break;
  return (await list())[0]?.lastUsedAt;
};

describe.each(engines)('service tokens over %s', (engine, newStore) => {
  test('let their service in, with its scopes and locations and no others', async () => {
    const tokens = await open(await newStore());
    const { token, id, expiresAt } = await tokens.create(wanted);
    expect(token).toMatch(new RegExp(`^ugw_${id}_[A-Za-z0-9_-]{43}$`));
    expect(id).toMatch(/^[0-9a-z]{10}$/);
    expect(expiresAt).toBe(now + 90 * dayMs);
    const caller = await tokens.verify(token);
    expect(caller).toEqual({
      subject: 'service:reporting',
      key: 'service:reporting',
      kind: 'SERVICE',
      scopes: wanted.scopes,
      locations: new Set([one]),
      isOfCompany: false,
    });
    expect([mayRead(caller, one), mayRead(caller, other)]).toEqual([true, false]);
    const all = await tokens.create({ ...wanted, locations: 'all' });
    expect(await tokens.verify(all.token)).toMatchObject({ locations: 'all', isOfCompany: true });
    const none = await tokens.create({ ...wanted, name: 'nobody', scopes: [], locations: [] });
    expect(await tokens.verify(none.token)).toMatchObject({ scopes: [], locations: new Set(), isOfCompany: false });
  });

  test('are listed with all but their secret', async () => {
    const tokens = await open(await newStore());
    const first = await tokens.create(wanted);
    now += 1_000;
    const second = await tokens.create({ ...wanted, locations: 'all', lifetimeMs: dayMs });
    expect(await tokens.revoke(first.id)).toBe(true);
    now += dayMs;
    expect(await tokens.revoke(first.id)).toBe(true); // and stays what it was
    expect(await tokens.revoke('0000000000')).toBe(false);
    const common = { name: 'reporting', scopes: wanted.scopes, lastUsedAt: null };
    const [firstAt, secondAt] = [first.expiresAt - 90 * dayMs, second.expiresAt - dayMs];
    expect(await tokens.list()).toEqual([
      {
        ...common,
        id: first.id,
        locations: [one],
        state: 'revoked',
        createdAt: firstAt,
        expiresAt: first.expiresAt,
        revokedAt: secondAt,
      },
      {
        ...common,
        id: second.id,
        locations: 'all',
        state: 'expired',
        createdAt: secondAt,
        expiresAt: second.expiresAt,
        revokedAt: null,
      },
    ]);
  });

  test('that are unknown, forged, revoked, expired or no tokens at all are refused in the same words', async () => {
    const tokens = await open(await newStore());
    const good = await tokens.create(wanted);
    const revoked = await tokens.create(wanted);
    const shortLived = await tokens.create({ ...wanted, name: 'short', lifetimeMs: dayMs });
    await tokens.revoke(revoked.id);
    now += dayMs;
    const secret = good.token.slice(15);
    const digest = (await rowsOf(tokens)).find(({ id }) => id === good.id)?.digest ?? '';
    const bad = [
      revoked.token,
      shortLived.token,
      `ugw_0000000000_${secret}`,
      `ugw_${good.id}_${revoked.token.slice(15)}`,
      `ugw_${good.id}_${secret.slice(0, -1)}`,
      `ugw_${good.id}_${digest}`,
      `ugw_${good.id}_${Buffer.from(digest, 'hex').toString('base64url')}`,
      // What base64 reads as the same bytes is another text.
      `ugw_${good.id}_${secret.slice(0, -1)}${nextLetter(secret.slice(-1))}`,
      `UGW_${good.id}_${secret}`,
      `${good.token}\n`,
      ` ${good.token}`,
      `ugw_' or 1=1;--_${secret}`,
      'ugw_',
      '',
      'eyJhbGciOiJub25lIn0.e30.',
    ];
    for (const text of bad) {
      const refused: unknown = await tokens.verify(text).catch((error: unknown) => error);
      expect([text, refused]).toEqual([text, new GatewayError('UNAUTHENTICATED')]);
      expect(refused).toHaveProperty('cause', undefined);
    }
    expect(await codeOf(tokens.verify(good.token))).toBe('let in');
  });

  test('are two at most of one name; the third is told which two, and is made when one of them has ended', async () => {
    const tokens = await open(await newStore());
    const first = await tokens.create({ ...wanted, lifetimeMs: dayMs });
    const second = await tokens.create(wanted);
    const refused = tokens.create(wanted);
    await expect(refused).rejects.toBeInstanceOf(TooManyServiceTokens);
    await expect(refused).rejects.toThrow(
      `"reporting" has two valid tokens already: revoke ${first.id} or ${second.id}, or wait until 2026-11-28T10:00:00.000Z.`,
    );
    expect(await codeOf(tokens.create({ ...wanted, name: 'another' }))).toBe('let in');
    await tokens.revoke(second.id);
    const third = await tokens.create(wanted);
    await expect(tokens.create(wanted)).rejects.toThrow(`revoke ${first.id} or ${third.id}`);
    now += dayMs;
    const fourth = await tokens.create(wanted);
    await expect(tokens.create(wanted)).rejects.toThrow(`revoke ${third.id} or ${fourth.id}`);
    expect(await codeOf(tokens.verify(third.token))).toBe('let in');
  });

  test('are two at most of one name also when two processes make them at once', async () => {
    const location = await newStore();
    const both = [await open(location), await open(location)];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const made = await Promise.allSettled(
        [...both, ...both, ...both].map(({ create }) => create({ ...wanted, name })),
      );
      const good = made.flatMap((one) => (one.status === 'fulfilled' ? one.value.token : []));
      expect(good).toHaveLength(2);
      for (const token of good)
        expect(await codeOf(both[0]?.verify(token) ?? Promise.reject(new Error()))).toBe('let in');
      const problems = made.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      for (const problem of problems) expect(problem).toBeInstanceOf(TooManyServiceTokens);
    }
  });

  test('that one process revokes end in another within 10 s, which asks the store no sooner', async () => {
    const location = await newStore();
    const [gateway, command] = [await open(location), await open(location)];
    const { token, id } = await command.create(wanted);
    expect(await codeOf(gateway.verify(token))).toBe('let in');
    const { runs } = gateway.store;
    await command.revoke(id);
    now += 9_999;
    expect(await codeOf(gateway.verify(token))).toBe('let in');
    expect(gateway.store.runs).toBe(runs);
    now += 1;
    expect(await codeOf(gateway.verify(token))).toBe('UNAUTHENTICATED');
    expect(await codeOf(command.verify(token))).toBe('UNAUTHENTICATED');
  });

  test('are written down as used once a minute over all processes', async () => {
    const location = await newStore();
    const [gateway, replica] = [await open(location), await open(location)];
    const { token } = await gateway.create(wanted);
    const firstAt = now;
    await gateway.verify(token);
    expect(await lastUse(gateway, firstAt)).toBe(firstAt);
    now += 59_999;
    for (const { verify } of [gateway, replica, replica]) await verify(token);
    expect(await lastUse(gateway, now)).toBe(firstAt);
    now += 1;
    await replica.verify(token);
    expect(await lastUse(replica, now)).toBe(now);
    const again = now;
    now += 10_000;
    await gateway.verify(token);
    expect(await lastUse(gateway, now)).toBe(again);
  });

  test('outlive their store by 5 minutes where they were seen, but not their end', async () => {
    const location = await newStore();
    const gateway = await open(location);
    const seen = await gateway.create({ ...wanted, name: 'seen' });
    const ending = await gateway.create({ ...wanted, name: 'ending', lifetimeMs: 60_000 });
    const unseen = await gateway.create({ ...wanted, name: 'unseen' });
    for (const { token } of [seen, ending]) expect(await codeOf(gateway.verify(token))).toBe('let in');
    await gateway.database.close();
    now += 60_000;
    const codes = () => Promise.all([seen, ending, unseen].map(({ token }) => codeOf(gateway.verify(token))));
    expect(await codes()).toEqual(['let in', 'UNAUTHENTICATED', 'AUTH_UNAVAILABLE']);
    now += 239_999;
    expect(await codes()).toEqual(['let in', 'UNAUTHENTICATED', 'AUTH_UNAVAILABLE']);
    now += 1;
    expect(await codes()).toEqual(['AUTH_UNAVAILABLE', 'AUTH_UNAVAILABLE', 'AUTH_UNAVAILABLE']);
    for (const one of ['ugw_', 'rubbish']) expect(await codeOf(gateway.verify(one))).toBe('UNAUTHENTICATED');
    await expect(gateway.create(wanted)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(gateway.list()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(gateway.revoke(seen.id)).rejects.toBeInstanceOf(StoreUnavailable);
  });

  test('leave nothing of their secret in the store, in errors or in the log', async () => {
    const location = await newStore();
    const tokens = await open(location);
    const canaries = createCanaries();
    const lines: string[] = [];
    const log = createLog({ level: 'debug', secrets: [], sink: { write: (line) => void lines.push(line) } });
    for (const name of ['a', 'b']) {
      const { token } = await tokens.create({ ...wanted, name });
      canaries.adopt(name, token.slice(15));
      await tokens.verify(token);
      log.info(`somebody sent ${token}`, { header: `Bearer ${token}`, query: `?key=${token}&x=1` });
    }
    await expect(lastUse(tokens, now)).resolves.toBe(now);
    const bytes = 'path' in location ? bytesOf(location.path) : '';
    const rows = await rowsOf(tokens);
    await tokens.database.close();
    now += 400_000;
    const failure: unknown = await tokens
      .verify(`ugw_${rows[0]?.id ?? ''}_${'x'.repeat(43)}`)
      .catch((error: unknown) => error);
    expect(describeError(failure, String)).toMatch(/^GatewayError AUTH_UNAVAILABLE.*<- StoreUnavailable/);
    log.failed('refused', failure);
    const emitted = new Map([
      ['rows', JSON.stringify(rows)],
      ['file', bytes],
      ['errors', describeError(failure, String)],
      ['log', lines.join('')],
    ]);
    expect(canaries.leaksIn(emitted)).toEqual([]);
    const digest = rows[0]?.digest ?? 'none';
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect([...emitted].filter(([, text]) => text.includes(digest)).map(([place]) => place)).toEqual(
      engine === 'SQLite' ? ['rows', 'file'] : ['rows'],
    );
    expect(lines.join('')).toContain(rows[0]?.id); // which token it was may be known
  });
});

const rowsOf = ({ database }: Opened) =>
  database.run((db) => db.selectFrom('gateway_service_tokens').selectAll().orderBy('name').execute());

const bytesOf = (path: string): string =>
  readdirSync(dirname(path))
    .map((name) => readFileSync(join(dirname(path), name), 'latin1'))
    .join('');

// The last letter of 32 bytes holds four bits of them and two that say nothing.
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const nextLetter = (letter: string): string => alphabet[alphabet.indexOf(letter) ^ 1] ?? '';

test('what means to be a service token is known by its beginning', () => {
  expect(['ugw_', 'ugw_x', 'UGW_x', 'xugw_', 'eyJ', ''].map(isServiceToken)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
