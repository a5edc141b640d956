import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ErrorCode } from '../../src/model/errors.ts';
import { holderKey } from '../../src/upstream/send.ts';
import { always, create, minutes, one, scopes, spentOf, two, waitFor } from './answers.ts';
import { idOf } from './upstream.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

describe('obtaining', () => {
  test('a token is obtained once for a hundred who wait, and kept for those who come later', async () => {
    const { get, asked } = create();
    const values = await Promise.all(Array.from({ length: 100 }, () => get()));
    expect(new Set([...values, await get()])).toEqual(new Set(['token 1']));
    expect(asked()).toBe(1);
  });

  test('locations have tokens of their own where the grant says so, and share one where it does not', async () => {
    const apart = create();
    expect([await apart.get(one), await apart.get(two), await apart.get({ kind: 'company' })]).toEqual([
      'token 1',
      'token 2',
      'token 3',
    ]);
    const shared = create([{}], { tokenKey: () => 'grant' });
    expect([await shared.get(one), await shared.get(two)]).toEqual(['token 1', 'token 1']);
  });

  test('one who gives up harms none of the others', async () => {
    const { tokens, asked } = create();
    const leaver = new AbortController();
    const leaving = tokens.get(one, leaver.signal);
    const staying = tokens.get(one, always);
    leaver.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    await expect(tokens.get(one, leaver.signal)).rejects.toThrow('gone');
    await waitFor(100);
    expect((await staying).reveal()).toBe('token 1');
    expect(asked()).toBe(1);
  });

  test('one who had left already starts nothing', async () => {
    const { tokens, asked } = create();
    await expect(tokens.get(one, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(asked()).toBe(0);
  });

  test('a request that fails after everyone has left is nobody’s unhandled rejection', async () => {
    const { tokens, asked } = create(['UPSTREAM_UNAVAILABLE']);
    const leaver = new AbortController();
    const leaving = tokens.get(one, leaver.signal);
    leaver.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    await waitFor(100);
    expect(asked()).toBe(1);
  });

  test('the token of another location is never used, and costs one request only', async () => {
    const { get, asked } = create([{ locationId: idOf('two') }], { tokenKey: () => 'grant' });
    expect([await get(one), await get(one), await get(two)]).toEqual([
      'LOCATION_NOT_CONNECTED',
      'LOCATION_NOT_CONNECTED',
      'token 1',
    ]);
    expect(asked()).toBe(1);
  });
});

describe('renewing ahead', () => {
  test('a token that is due serves on while it is renewed in the background, once for all', async () => {
    const { get, tokens, asked } = create([{ renewAt: start + minutes(50) }, {}]);
    await get();
    await waitFor(minutes(50) - 201);
    expect([await get(), asked()]).toEqual(['token 1', 1]);
    await waitFor(1);
    const several = await Promise.all(Array.from({ length: 10 }, () => tokens.get(one, always)));
    expect(new Set(several.map((token) => token.reveal()))).toEqual(new Set(['token 1']));
    expect(asked()).toBe(2);
    await waitFor(100);
    expect([await get(), asked()]).toEqual(['token 2', 2]);
  });

  test('a token in its last seconds is not used while its successor is on the way', async () => {
    const { get, asked } = create([{ expiresAt: start + minutes(10) }, {}]);
    await get();
    await waitFor(minutes(10) - 5_000);
    expect([await get(), asked()]).toEqual(['token 2', 2]);
  });

  test.each<ErrorCode>(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'LOCATION_NOT_CONNECTED', 'UPSTREAM_RATE_LIMITED'])(
    'when the renewal fails with %s the old token serves as long as it lives, then the failure is told',
    async (code) => {
      const { get, asked } = create([{ expiresAt: start + minutes(10) }, code]);
      await get();
      await waitFor(minutes(9));
      expect(await get()).toBe('token 1');
      expect([await get(), asked()]).toEqual(['token 1', 2]);
      await waitFor(59_000 - 400);
      expect([await get(), asked()]).toEqual(['token 1', 3]);
      await waitFor(10_000);
      expect([await get(), asked()]).toEqual([code, 4]);
    },
  );
});

describe('failing', () => {
  test.each<[ErrorCode, number]>([
    ['UPSTREAM_UNAVAILABLE', 1_000],
    ['UPSTREAM_TIMEOUT', 1_000],
    ['LOCATION_NOT_CONNECTED', 5_000],
    ['LOCATION_PAUSED', 5_000],
    ['UPSTREAM_AUTH_FAILED', 5_000],
    ['UPSTREAM_INVALID_RESPONSE', 5_000],
  ])('%s is given to sixty questions for one token request, and tried again after %i ms', async (code, pauseMs) => {
    const { get, tokens, asked } = create([code, {}]);
    expect(await get()).toBe(code);
    for (let question = 1; question < 60; question += 1)
      await expect(tokens.get(one, always)).rejects.toMatchObject({ code });
    await waitFor(pauseMs - 101);
    expect([await get(two), asked()]).toEqual(['token 2', 2]);
    await expect(tokens.get(one, always)).rejects.toMatchObject({ code });
    await waitFor(1);
    expect([await get(), asked()]).toEqual(['token 3', 3]);
  });

  test.each([
    [30_000, 30_000],
    [10, 5_000],
    [3_600_000, 60_000],
  ])('a token endpoint that asks for a pause of %i ms is left alone for %i ms', async (retryAfterMs, pauseMs) => {
    const { get, tokens, asked } = create(['UPSTREAM_RATE_LIMITED', {}], { retryAfterMs });
    await get();
    await waitFor(pauseMs - 1);
    // Who asks meanwhile hears how long it still takes.
    await expect(tokens.get(one, always)).rejects.toMatchObject({ code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 1 });
    await waitFor(1);
    expect([await get(), asked()]).toEqual(['token 2', 2]);
  });

  test('a bug in the grant is an internal error, not a refusal', async () => {
    const { get } = create([{}], { obtain: () => Promise.reject(new TypeError('bug')) });
    expect(await get()).toBe('INTERNAL_SERVER_ERROR');
  });

  test('ten thousand locations that do not exist are forgotten, the tokens of those that do are kept', async () => {
    const { tokens, get, asked } = create([{}, 'LOCATION_NOT_CONNECTED']);
    expect(await get(one)).toBe('token 1');
    const ids = Array.from(
      { length: 10_000 },
      (_, index) => ({ kind: 'location', locationId: idOf(`no-${index}`) }) as const,
    );
    const all = Promise.allSettled(ids.map((holder) => tokens.get(holder, always)));
    await waitFor(5_100);
    await all;
    await get(two); // makes room
    expect(await get(one)).toBe('token 1');
    expect(asked()).toBe(10_002);
  });
});

describe('after a 401', () => {
  test('the refused token is replaced once for all who had it', async () => {
    const { tokens, asked } = create();
    const spent = await spentOf(tokens);
    const renewals = Promise.all(Array.from({ length: 10 }, () => tokens.renew(one, spent, always)));
    await waitFor(100);
    const late = await tokens.renew(one, spent, always);
    expect(new Set([...(await renewals), late].map((token) => token.reveal()))).toEqual(new Set(['token 2']));
    expect(asked()).toBe(2);
  });

  test('a new token that is refused as well is not replaced for ten seconds, unless it is accepted', async () => {
    const { tokens, asked } = create();
    const spent = await spentOf(tokens);
    tokens.heard(one, 'tags', 'token-expired');
    for (let question = 0; question < 30; question += 1)
      await expect(tokens.renew(one, spent, always)).rejects.toMatchObject({ code: 'UPSTREAM_AUTH_FAILED' });
    expect(asked()).toBe(1);
    await waitFor(10_000);
    const renewed = tokens.renew(one, spent, always);
    await waitFor(100);
    expect((await renewed).reveal()).toBe('token 2');
    tokens.heard(one, 'tags', 'token-expired');
    tokens.heard(one, 'tags', null);
    const again = tokens.renew(one, await renewed, always);
    await waitFor(100);
    expect([(await again).reveal(), asked()]).toEqual(['token 3', 3]);
  });
});

describe('another token', () => {
  const same = { reveal: () => 'same' };

  test('one that is read from the store again is the same token: refused once, it is refused in every copy', async () => {
    const { tokens, asked } = create([same, same, {}]);
    const first = await spentOf(tokens);
    tokens.askAgain(holderKey(one));
    await spentOf(tokens);
    const renewed = tokens.renew(one, first, always);
    await waitFor(100);
    expect([(await renewed).reveal(), asked()]).toEqual(['token 3', 3]);
  });

  test('one that upstream refuses while it is on its way is not handed out', async () => {
    const { tokens, asked } = create([same, same, {}]);
    const first = await spentOf(tokens);
    tokens.askAgain(holderKey(one));
    const underWay = tokens.get(one, always);
    const renewed = tokens.renew(one, first, always);
    await waitFor(200);
    expect([(await underWay).reveal(), (await renewed).reveal(), asked()]).toEqual(['token 3', 'token 3', 3]);
  });

  test('the grant is told which token is due and which one upstream refused, so that it never gives that one again', async () => {
    const asked: unknown[] = [];
    const values = ['token 1', 'token 2', 'token 3'];
    const { tokens } = create([], {
      obtain: (_holder, { held, refused }) => {
        asked.push([held?.reveal() ?? null, refused?.reveal() ?? null]);
        const value = values[asked.length - 1] ?? '';
        const now = Date.now();
        const moments = { obtainedAt: now, renewAt: now + minutes(50), expiresAt: now + minutes(60) };
        return Promise.resolve({ ...moments, reveal: () => value, scopes, locationId: null });
      },
    });
    const spent = await tokens.get(one, always);
    await tokens.renew(one, spent, always);
    await waitFor(minutes(55));
    await tokens.get(one, always);
    await waitFor(0);
    expect(asked).toEqual([
      [null, null],
      [null, 'token 1'],
      ['token 2', 'token 1'],
    ]);
  });

  test.each([
    ['one location', () => holderKey(one), ['token 3', 'token 2']],
    ['all', () => undefined, ['token 3', 'token 4']],
    ['a location that nobody asked for', () => 'location:three', ['token 1', 'token 2']],
  ])('where there may be other tokens of %s they are asked for again, the others are kept', async (_, key, values) => {
    const { tokens, get } = create();
    await get(one);
    await get(two);
    tokens.askAgain(key());
    expect([await get(one), await get(two)]).toEqual(values);
  });

  test('a failure is forgotten then: who was connected a moment ago need not wait', async () => {
    const { tokens, get } = create(['LOCATION_NOT_CONNECTED', {}]);
    expect(await get()).toBe('LOCATION_NOT_CONNECTED');
    tokens.askAgain(holderKey(one));
    expect(await get()).toBe('token 2');
  });

  test('where nothing comes the token that was held stays good, and is asked for again later', async () => {
    const { tokens, get, asked } = create([{}, 'GRANT_STORE_UNAVAILABLE', {}]);
    expect(await get()).toBe('token 1');
    tokens.askAgain(holderKey(one));
    expect([await get(), await get(), asked()]).toEqual(['token 1', 'token 1', 2]);
    await waitFor(5_000);
    expect([await get(), asked()]).toEqual(['token 3', 3]);
  });

  test('what is under way when there may be another token is used, and the next one asks again', async () => {
    const { tokens, get } = create();
    const underWay = tokens.get(one, always);
    tokens.askAgain(holderKey(one));
    await waitFor(100);
    expect((await underWay).reveal()).toBe('token 1');
    expect([await get(), await get()]).toEqual(['token 2', 'token 2']);
  });

  test('what upstream said of the token before is not held against the next', async () => {
    const { tokens, get } = create([{ scopes: null }]);
    await get();
    tokens.heard(one, 'tags', 'scope-missing');
    tokens.heard(one, 'tags', 'other-location');
    const look = () => tokens.installation(idOf('one'), always);
    expect(await look()).toMatchObject({ status: 'NOT_INSTALLED' });
    tokens.askAgain(holderKey(one));
    await get();
    expect(await look()).toMatchObject({ status: 'CONNECTED', missingScopes: [] });
  });
});
