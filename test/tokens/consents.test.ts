import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StoreUnavailable } from '../../src/stores/sql.ts';
import { consentMs, createConsents } from '../../src/tokens/consents.ts';
import { createSeal } from '../../src/tokens/seal.ts';
import { idOf, openSpace } from './upstream.ts';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

const terms = { codeVerifier: 'very-secret-verifier', locationId: idOf('one'), by: 'loopback' };

const start = async () => {
  const space = await openSpace();
  const rows = () => space.database.run((db) => db.selectFrom('gateway_consents').selectAll().execute());
  return {
    space,
    consents: createConsents(space),
    rows,
    [Symbol.asyncDispose]: () => space.database.close(),
  };
};

describe('a consent', () => {
  test.each([
    ['a verifier and a location', terms],
    ['neither', { codeVerifier: null, locationId: null, by: 'ticket' }],
  ])('with %s comes back to the browser that began it, in any replica', async (_, given) => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(given, null);
    expect(await createConsents(started.space).finish(state, browserSecret)).toEqual(given);
    expect(await started.rows()).toEqual([]);
  });

  test('has a state and a browser secret that nobody can guess, of characters that fit an address and a cookie', async () => {
    await using started = await start();
    const begun = await Promise.all(Array.from({ length: 20 }, () => started.consents.begin(terms, null)));
    const all = begun.flatMap(({ state, browserSecret }) => [state, browserSecret]);
    expect(new Set(all).size).toBe(40);
    for (const one of all) expect(one).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const { state, browserSecret } of begun)
      expect(await started.consents.finish(state, browserSecret)).toEqual(terms);
  });

  test('leaves nothing in the store by which somebody could finish it', async () => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    const stored = JSON.stringify(await started.rows());
    expect(stored).toContain('one');
    for (const secret of [state, browserSecret, terms.codeVerifier]) expect(stored).not.toContain(secret);
    const [row] = await started.rows();
    for (const digest of [row?.state_digest, row?.browser_digest]) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await started.consents.finish(row?.state_digest ?? '', row?.browser_digest ?? '')).toBeNull();
  });

  test('is good for one return', async () => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    expect(await started.consents.finish(state, browserSecret)).toEqual(terms);
    expect(await started.consents.finish(state, browserSecret)).toBeNull();
  });

  test('of ten returns at once exactly one gets it', async () => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => createConsents(started.space).finish(state, browserSecret)),
    );
    expect(answers.filter((answer) => answer !== null)).toEqual([terms]);
  });

  test.each([
    ['another browser', 'x'.repeat(43)],
    ['a browser without a cookie', null],
    ['an empty cookie', ''],
  ])('that comes back to %s is over: whoever holds a stolen state has no second try', async (_, other) => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    expect(await started.consents.finish(state, other)).toBeNull();
    expect(await started.consents.finish(state, browserSecret)).toBeNull();
  });

  test('that was never begun, or by another app, is unknown and takes nothing away', async () => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    const otherApp = createConsents({ ...started.space, app: 'other app' });
    expect(await started.consents.finish('', browserSecret)).toBeNull();
    expect(await started.consents.finish('made-up', browserSecret)).toBeNull();
    expect(await otherApp.finish(state, browserSecret)).toBeNull();
    expect(await started.consents.finish(state, browserSecret)).toEqual(terms);
  });

  test('is given ten minutes', async () => {
    await using started = await start();
    const [early, late] = [await started.consents.begin(terms, null), await started.consents.begin(terms, null)];
    expect(consentMs).toBe(600_000);
    jest.advanceTimersByTime(consentMs);
    expect(await started.consents.finish(early.state, early.browserSecret)).toEqual(terms);
    jest.advanceTimersByTime(1);
    expect(await started.consents.finish(late.state, late.browserSecret)).toBeNull();
  });

  test('that nobody came back from is swept away by the next one, of this app only', async () => {
    await using started = await start();
    await started.consents.begin(terms, null);
    await createConsents({ ...started.space, app: 'other app' }).begin(terms, null);
    jest.advanceTimersByTime(consentMs + 1);
    await started.consents.begin(terms, null);
    expect((await started.rows()).map(({ app }) => app).sort()).toEqual(['app', 'other app']);
  });

  test('survives a new key, as long as the old one stays in the ring', async () => {
    await using started = await start();
    const { state, browserSecret } = await started.consents.begin(terms, null);
    const [newKey, oldKey] = [
      { id: 'new', bytes: new Uint8Array(32).fill(8) },
      { id: 'test', bytes: new Uint8Array(32).fill(7) },
    ];
    const later = createConsents({ ...started.space, seal: createSeal([newKey, oldKey]) });
    expect(await later.finish(state, browserSecret)).toEqual(terms);
  });

  test('cannot be begun or finished while the store is away', async () => {
    const { consents, space } = await start();
    await space.database.close();
    await expect(consents.begin(terms, null)).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(consents.finish('state', 'secret')).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
