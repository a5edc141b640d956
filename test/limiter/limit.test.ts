import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createBudgets } from '../../src/limiter/budgets.ts';
import { createLedger } from '../../src/limiter/ledger.ts';
import { limit } from '../../src/limiter/limit.ts';
import { toLocationId } from '../../src/model/ids.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';
import { createTally } from '../../src/observe/tally.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { authorize } from '../../src/tokens/authorize.ts';
import { createAccessTokens } from '../../src/tokens/access-tokens.ts';
import { clientCredentials } from '../../src/tokens/grants.ts';
import { orAborted } from '../../src/upstream/abort.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import { holderKey, stack, type Send, type UpstreamRequest, type UpstreamResponse } from '../../src/upstream/send.ts';
import { createTransport } from '../../src/upstream/transport.ts';
import { createTestClient, silentAudit } from '../tokens/upstream.ts';

const requestFor = (locationId: string, signal = new AbortController().signal): UpstreamRequest => {
  const id = toLocationId(locationId);
  if (id === null) throw new Error(`not an id: ${locationId}`);
  return {
    endpoint: 'listTags',
    method: 'GET',
    path: `/social-media-posting/${locationId}/tags`,
    headers: { accept: 'application/json', version: '2021-07-28' },
    body: null,
    holder: { kind: 'location', locationId: id },
    scope: 'socialplanner/tag.readonly',
    isRepeatable: true,
    ...ownCause('interactive', 60_000),
    signal,
  };
};

const budgetsOf = (burst: { limit: number; windowMs: number }, dailyLimit: number) =>
  createBudgets(createLedger({ burst, dailyLimit, replicas: 1, attemptMs: 5_000 }), { interactiveReserve: 20 });

/** The product's own way to a sandbox, from the access token to the wire. */
const connect = (sandbox: Sandbox, budgets: ReturnType<typeof createBudgets>) => {
  const { client, dispatcher, close } = createTestClient(sandbox);
  const tokens = createAccessTokens({
    grant: clientCredentials({ client, audit: silentAudit }, { companyId: sandbox.companyId, scopes: [] }),
    wantedScopes: [],
  });
  const stages = [authorize(tokens), limit(budgets, createTally())];
  const send = stack(stages, createTransport(dispatcher, { url: sandbox.url, isTellingOperations: false }));
  return { send, close };
};

describe('against a sandbox', () => {
  test.each([
    ['that we know', { limit: 60, windowMs: 200 }],
    ['that only its headers tell', { limit: 250, windowMs: 100 }],
  ])('250 calls at once under a limit of 60 %s cost 250 requests and are all answered', async (_, assumed) => {
    const real = { limit: 60, windowMs: 200 };
    await using sandbox = await startSandbox({ burst: real });
    const budgets = budgetsOf(assumed, 1_000);
    const { send, close } = connect(sandbox, budgets);
    const { full } = sandbox.locations;
    // The first answer tells the limit where it is not known.
    const { meter } = ownCause('interactive', 0);
    const request = { ...requestFor(full), meter };
    const answers = [await send(request)];
    answers.push(...(await Promise.all(Array.from({ length: 249 }, () => send(request)))));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const calls = sandbox.calls().filter(({ route }) => route === 'listTags');
    expect([calls.length, calls.filter(({ status }) => status !== 200)]).toEqual([250, []]);
    expect(meter.cost()).toMatchObject({ made: 250, shared: 0, fromCache: 0 });
    expect([...meter.cost().byHolder.keys()]).toEqual([`location:${full}`]);
    expect(await budgets.quota(holderKey(request.holder))).toMatchObject({
      burst: { limit: 60, windowSeconds: 1 },
      daily: { limit: 200_000, remaining: 200_000 - 250 },
      observedAt: expect.any(Number),
    });
    await close();
  });

  test('a location that is at its limit keeps neither another one nor the company waiting', async () => {
    await using sandbox = await startSandbox({ burst: { limit: 2, windowMs: 60_000 } });
    const budgets = budgetsOf({ limit: 2, windowMs: 60_000 }, 1_000);
    const { send, close } = connect(sandbox, budgets);
    const { full, large } = sandbox.locations;
    await Promise.all([send(requestFor(full)), send(requestFor(full))]);
    const leaver = new AbortController();
    const waiting = send(requestFor(full, leaver.signal));
    expect(await send(requestFor(large))).toMatchObject({ status: 200 });
    const ofCompany = {
      ...requestFor(large),
      endpoint: 'searchLocations',
      path: `/locations/search?companyId=${sandbox.companyId}&limit=1`,
      holder: { kind: 'company' },
      scope: 'locations.readonly',
    } as const;
    expect(await send(ofCompany)).toMatchObject({ status: 200 });
    leaver.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(sandbox.calls().filter(({ route }) => route === 'listTags')).toHaveLength(3);
    await close();
  });
});

describe('the stage', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const location = 've9EPM428h8vShlRW1KT';
  const key = `location:${location}`;
  const create = () => budgetsOf({ limit: 2, windowMs: 60_000 }, 10);
  const answering =
    (answer: Partial<UpstreamResponse>): Send =>
    () =>
      Promise.resolve({ status: 200, headers: {}, body: null, ...answer });

  test.each([
    ['without a word', {}, 60_000],
    ['with seconds', { 'retry-after': '7' }, 7_000],
    ['with nonsense', { 'retry-after': 'soon' }, 1_000],
  ])('a 429 %s stops the location for that long, and the next request is not sent', async (_, headers, expectedMs) => {
    let sent = 0;
    const send = limit(
      create(),
      createTally(),
    )((request) => {
      sent += 1;
      return answering({ status: 429, headers })(request);
    });
    expect(await send(requestFor(location))).toMatchObject({ status: 429 });
    await expect(
      send({ ...requestFor(location), urgency: fixedUrgency('interactive', Date.now() + 500) }),
    ).rejects.toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: expectedMs,
    });
    expect(sent).toBe(1);
  });

  test('a request without an answer gives its permit back a window later, too', async () => {
    const budgets = create();
    const send = limit(budgets, createTally())(() => Promise.reject(new Error('cut')));
    await expect(send(requestFor(location))).rejects.toThrow('cut');
    expect((await budgets.quota(key)).burst).toMatchObject({ remaining: 1, expectedResetAt: Date.now() + 60_000 });
    expect((await budgets.quota(key)).observedAt).toBeNull();
  });

  test('one that is called off on the wire may arrive all the same: its permit is held as if it had taken the longest time', async () => {
    const budgets = create();
    const leaver = new AbortController();
    const send = limit(budgets, createTally())(({ signal }) => orAborted(new Promise<never>(() => undefined), signal));
    const sending = send(requestFor(location, leaver.signal));
    sending.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1_000);
    leaver.abort(new Error('gone'));
    await expect(sending).rejects.toThrow('gone');
    // An attempt of five seconds and one to spare, from the moment when it was sent, and then the window.
    await jest.advanceTimersByTimeAsync(60_000 + 4_999);
    expect((await budgets.quota(key)).burst.remaining).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect((await budgets.quota(key)).burst.remaining).toBe(2);
  });

  test('a company has a budget of its own', async () => {
    const budgets = create();
    const send = limit(budgets, createTally())(answering({}));
    await send({ ...requestFor(location), holder: { kind: 'company' } });
    expect((await budgets.quota('company')).daily.remaining).toBe(9);
    expect((await budgets.quota(key)).daily.remaining).toBe(10);
  });
});
