import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { readCredentialAges } from '../../src/tokens/credential-age.ts';
import { StoreUnavailable } from '../../src/stores/sql.ts';
import { openSpace } from './upstream.ts';

const dayMs = 86_400_000;
const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

test('a credential is as old as the first time this store saw it, whatever it was asked in between', async () => {
  const { database } = await openSpace();
  const ageOf = () => readCredentialAges(database, 'app', { SECRET: 'value-1' });
  expect(await ageOf()).toEqual([{ name: 'SECRET', ageDays: 0 }]);
  for (const [passedMs, ageDays] of [
    [dayMs - 1, 0],
    [1, 1],
    [88 * dayMs, 89],
    [2 * dayMs, 91],
  ] as const) {
    jest.advanceTimersByTime(passedMs);
    expect(await ageOf()).toEqual([{ name: 'SECRET', ageDays }]);
  }
  await database.close();
});

test('a new value begins anew, the old one goes on where it is still asked for, each setting and app for itself', async () => {
  const { database } = await openSpace();
  await readCredentialAges(database, 'app', { SECRET: 'old', TOKEN: 'old' });
  jest.advanceTimersByTime(10 * dayMs);
  expect(await readCredentialAges(database, 'app', { SECRET: 'new', TOKEN: 'old' })).toEqual([
    { name: 'SECRET', ageDays: 0 },
    { name: 'TOKEN', ageDays: 10 },
  ]);
  jest.advanceTimersByTime(dayMs);
  expect(await readCredentialAges(database, 'app', { SECRET: 'old' })).toEqual([{ name: 'SECRET', ageDays: 11 }]);
  expect(await readCredentialAges(database, 'other app', { SECRET: 'old' })).toEqual([{ name: 'SECRET', ageDays: 0 }]);
  expect(await readCredentialAges(database, 'app', {})).toEqual([]);
  await database.close();
});

test('two processes that see it for the first time at once agree', async () => {
  const { database } = await openSpace();
  const both = await Promise.all([1, 2].map(() => readCredentialAges(database, 'app', { SECRET: 'value' })));
  expect(both).toEqual([[{ name: 'SECRET', ageDays: 0 }], [{ name: 'SECRET', ageDays: 0 }]]);
  await database.close();
});

test('the store keeps a digest, not the value', async () => {
  const { database } = await openSpace();
  await readCredentialAges(database, 'app', { SECRET: 'very-secret-value' });
  const rows = await database.run((db) => db.selectFrom('gateway_credentials').selectAll().execute());
  expect(rows).toEqual([
    { app: 'app', name: 'SECRET', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), first_seen_at: start },
  ]);
  await database.close();
});

test('a store that is away is said to be so', async () => {
  const { database } = await openSpace();
  await database.close();
  await expect(readCredentialAges(database, 'app', { SECRET: 'value' })).rejects.toBeInstanceOf(StoreUnavailable);
});
