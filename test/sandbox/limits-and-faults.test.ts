import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { RouteName, Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

let now = Date.parse('2026-11-24T23:59:50.000Z');
let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
let token: string;
beforeEach(async () => {
  now = Date.parse('2026-11-24T23:59:50.000Z');
  sandbox = await startSandbox({ now: () => now, burst: { limit: 3, windowMs: 1_000 }, dailyLimit: 5 });
  caller = createCaller(sandbox);
  token = await caller.locationToken(sandbox.locations.full);
});
afterEach(() => sandbox.close());

const tags = () => `/social-media-posting/${sandbox.locations.full}/tags`;
const ask = () => caller.ask(tags(), { token });
const remaining = (headers: Headers) => ({
  burst: headers.get('x-ratelimit-remaining'),
  daily: headers.get('x-ratelimit-daily-remaining'),
});

describe('rate limits', () => {
  test('the call after the last of a window is 429, and the next window starts afresh', async () => {
    const first = await ask();
    expect(first.headers.get('x-ratelimit-max')).toBe('3');
    expect(first.headers.get('x-ratelimit-interval-milliseconds')).toBe('1000');
    expect(first.headers.get('x-ratelimit-limit-daily')).toBe('5');
    expect(first.headers.get('x-ratelimit-daily-reset')).toBe('10000');
    expect(remaining(first.headers)).toEqual({ burst: '2', daily: '4' });
    await ask();
    expect(remaining((await ask()).headers)).toEqual({ burst: '0', daily: '2' });
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, body: { statusCode: 429 } });
    expect(remaining(refused.headers)).toEqual({ burst: '0', daily: '2' });
    expect(refused.headers.get('retry-after')).toBeNull();
    now += 999;
    expect((await ask()).status).toBe(429);
    now += 1;
    expect((await ask()).status).toBe(200);
  });

  test('the daily budget ends whatever the window says, until the day does', async () => {
    for (let call = 0; call < 5; call++) {
      expect((await ask()).status).toBe(200);
      now += 1_000;
    }
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(remaining(refused.headers)).toEqual({ burst: '3', daily: '0' });
    now += 5_000;
    expect((await ask()).status).toBe(200);
  });

  test('locations and the company have budgets of their own, and token calls have none', async () => {
    for (let call = 0; call < 4; call++) await ask();
    const other = await caller.locationToken(sandbox.locations.large);
    const agency = await caller.agencyToken();
    const path = `/social-media-posting/${sandbox.locations.large}/tags`;
    expect((await caller.ask(path, { token: other })).status).toBe(200);
    expect(remaining((await caller.ask('/locations/search', { token: agency })).headers).burst).toBe('2');
    for (let call = 0; call < 10; call++) await caller.agencyToken();
    const granted = await caller.grant({ grant_type: 'client_credentials' });
    expect(granted.status).toBe(200);
    expect(granted.headers.get('x-ratelimit-max')).toBeNull();
  });

  test('an answer other than success spends as well', async () => {
    const refused = await caller.ask(tags(), { token, version: null });
    expect(refused.status).toBe(401);
    expect(remaining(refused.headers).burst).toBe('2');
  });
});

describe('faults', () => {
  beforeEach(async () => {
    await sandbox.close();
    sandbox = await startSandbox();
    caller = createCaller(sandbox);
    token = await caller.locationToken(sandbox.locations.full);
  });

  test('a status comes with its own body and headers, and ends after its times', async () => {
    sandbox.setFault({
      route: 'listTags',
      kind: 'status',
      status: 503,
      body: { oops: true },
      headers: { 'x-odd': '1' },
      times: 2,
    });
    const broken = await ask();
    expect(broken).toMatchObject({ status: 503, body: { oops: true } });
    expect(broken.headers.get('x-odd')).toBe('1');
    expect((await ask()).status).toBe(503);
    expect((await ask()).status).toBe(200);
  });

  test('a string is sent as a page of HTML', async () => {
    sandbox.setFault({ route: '*', kind: 'status', status: 502, body: '<h1>Bad gateway</h1>' });
    const { status, body, headers } = await ask();
    expect([status, body]).toEqual([502, '<h1>Bad gateway</h1>']);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    sandbox.clearFaults();
    expect((await ask()).status).toBe(200);
  });

  test('a fault hits its route and location only', async () => {
    sandbox.setFault({ route: 'listTags', locationId: sandbox.locations.large, kind: 'status', status: 500 });
    sandbox.setFault({ route: 'listAccounts', kind: 'status', status: 500 });
    expect((await ask()).status).toBe(200);
    const large = await caller.locationToken(sandbox.locations.large);
    expect((await caller.ask(`/social-media-posting/${sandbox.locations.large}/tags`, { token: large })).status).toBe(
      500,
    );
  });

  test('a refusal for too many calls says nothing remains, and when to come back only if told to', async () => {
    sandbox.setFault({ route: 'listTags', kind: 'rate-limit', times: 1 });
    sandbox.setFault({ route: 'listTags', kind: 'rate-limit', retryAfter: '7', times: 1 });
    const [silent, telling] = [await ask(), await ask()];
    expect(silent.status).toBe(429);
    expect(remaining(silent.headers).burst).toBe('0');
    expect(silent.headers.get('retry-after')).toBeNull();
    expect(telling.headers.get('retry-after')).toBe('7');
  });

  test('every class of 401 can be put on', async () => {
    const reasons = {
      expired: 'Invalid token: access token is invalid',
      scope: 'The token is not authorized for this scope.',
      version: 'version header is invalid',
      'token-class': expect.stringContaining('authClass'),
      'private-token': 'Invalid Private Integration token',
    };
    for (const reason of ['expired', 'scope', 'version', 'token-class', 'private-token'] as const) {
      sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason, times: 1 });
      expect(await ask()).toMatchObject({ status: 401, body: { statusCode: 401, message: reasons[reason] } });
    }
  });

  test('wrong types are well-formed JSON with null rows and numbers for texts', async () => {
    sandbox.setFault({ route: 'listTags', kind: 'wrong-types' });
    expect(await ask()).toMatchObject({
      status: 200,
      body: {
        success: 'perhaps',
        statusCode: 'many',
        message: 'Fetched Tags by Location ID'.length,
        results: { count: 'many' },
      },
    });
    const { results } = z.object({ results: z.object({ tags: z.array(z.unknown()) }) }).parse((await ask()).body);
    expect(results.tags.slice(0, 3)).toEqual([null, expect.objectContaining({ tag: expect.any(Number) }), 'row']);
  });

  test('a body replaces the answer and keeps its status, also when it is a text', async () => {
    sandbox.setFault({ route: 'readTagDetails', kind: 'body', body: 'nothing', times: 1 });
    const details = () => caller.ask(`${tags()}/details`, { token, json: { tagIds: ['x'] } });
    expect(await details()).toMatchObject({ status: 201, body: 'nothing' });
    expect(await details()).toMatchObject({ status: 201, body: { success: true } });
  });

  test('a cut answer breaks off after half and is logged without a status, but its work is done', async () => {
    const refreshToken = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    sandbox.setFault({ route: 'token', kind: 'cut', times: 1 });
    await expect(caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken })).rejects.toThrow();
    expect(sandbox.calls().at(-1)).toMatchObject({ route: 'token', locationId: sandbox.locations.full, status: null });
    expect((await caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken })).status).toBe(400);
  });

  test('a reset comes before any byte and before any work', async () => {
    const refreshToken = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    sandbox.setFault({ route: 'token', kind: 'reset', times: 1 });
    await expect(caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken })).rejects.toThrow();
    expect(sandbox.calls().at(-1)).toMatchObject({ route: 'token', status: null });
    expect((await caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken })).status).toBe(200);
  });

  test('a hanging call is there to be seen, and closing ends it at once', async () => {
    sandbox.setFault({ route: 'listTags', kind: 'hang' });
    sandbox.setFault({ route: 'listAccounts', kind: 'latency', ms: 600_000 });
    const hanging = expect(ask()).rejects.toThrow();
    const waiting = expect(
      caller.ask(`/social-media-posting/${sandbox.locations.full}/accounts`, { token }),
    ).rejects.toThrow();
    const arrived = (route: RouteName): boolean => sandbox.calls().some((call) => call.route === route);
    while (!arrived('listTags') || !arrived('listAccounts')) await caller.agencyToken();
    expect(sandbox.calls().find(({ route }) => route === 'listTags')?.status).toBeNull();
    await sandbox.close();
    await Promise.all([hanging, waiting]);
  });

  test('latencies add up and the answer is whole', async () => {
    sandbox.setFault({ route: '*', kind: 'latency', ms: 15 });
    sandbox.setFault({ route: 'listTags', kind: 'latency', ms: 15 });
    const startedAt = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(29);
  });

  test('a rate hits the same calls in every run of one seed', async () => {
    const run = async (): Promise<readonly number[]> => {
      await using twin = await startSandbox({ seed: 3 });
      const twinCaller = createCaller(twin);
      const twinToken = await twinCaller.locationToken(twin.locations.full);
      twin.setFault({ route: 'listTags', kind: 'status', status: 500, rate: 0.5 });
      const path = `/social-media-posting/${twin.locations.full}/tags`;
      const statuses: number[] = [];
      for (let call = 0; call < 40; call++) statuses.push((await twinCaller.ask(path, { token: twinToken })).status);
      return statuses;
    };
    const statuses = await run();
    const failures = statuses.filter((status) => status === 500).length;
    expect(failures).toBeGreaterThan(10);
    expect(failures).toBeLessThan(30);
    expect(await run()).toEqual(statuses);
  });
});
