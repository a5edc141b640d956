import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { GatewayError } from '../../src/model/errors.ts';
import { startSandbox, type RouteName, type Sandbox, type SandboxFault } from '../../src/sandbox/server.ts';
import { createUpstream, segments, type Endpoint } from '../../src/upstream/endpoint.ts';
import { listAccounts } from '../../src/upstream/endpoints/list-accounts.ts';
import { listTags } from '../../src/upstream/endpoints/list-tags.ts';
import { readAccountStatistics } from '../../src/upstream/endpoints/read-account-statistics.ts';
import { readLocation } from '../../src/upstream/endpoints/read-location.ts';
import { readStatistics } from '../../src/upstream/endpoints/read-statistics.ts';
import { readTagDetails } from '../../src/upstream/endpoints/read-tag-details.ts';
import { searchLocations } from '../../src/upstream/endpoints/search-locations.ts';
import { refusalOf, retryAfterMs, upstreamMessage } from '../../src/upstream/refusal.ts';
import { holderKey, type UpstreamRequest } from '../../src/upstream/send.ts';
import { cause, locationId, overSandbox, profileId, tagId, type OverSandbox } from './over-sandbox.ts';

let sandbox: Sandbox;
let over: OverSandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  over = overSandbox(sandbox);
});
beforeEach(() => {
  sandbox.clearFaults();
  sandbox.clearCalls();
});
afterAll(async () => {
  await over.close();
  await sandbox.close();
});

const full = () => locationId(sandbox.locations.full);
const page = () => ({ locationId: full(), search: null, limit: 2, skip: 0 });
const refused = (call: Promise<unknown>): Promise<GatewayError> =>
  call.then(
    () => Promise.reject(new Error('was not refused')),
    (error: unknown) => error as GatewayError,
  );
// What an endpoint asks for, before any stage has touched it.
const requestOf = async <Input, Output>(endpoint: Endpoint<Input, Output>, input: Input): Promise<UpstreamRequest> => {
  const requests: UpstreamRequest[] = [];
  const send = (request: UpstreamRequest) => {
    requests.push(request);
    return Promise.resolve({ status: 418, headers: {}, body: null });
  };
  await refused(createUpstream({ send, tolerated: () => undefined }).call(endpoint, input, cause));
  const [request] = requests;
  if (request === undefined) throw new Error('nothing was sent');
  return request;
};

describe('what upstream sees', () => {
  const range = { startsAt: Date.UTC(2026, 5, 1, 4), endsAt: Date.UTC(2026, 5, 8, 4) - 1 };

  test('a page of tags is asked for with texts only', async () => {
    const { rows } = await over.upstream.call(listTags, { ...page(), search: 'a b&c', limit: 5, skip: 10 }, cause);
    expect(rows).toEqual([]);
    const [call] = sandbox.calls();
    expect(call).toMatchObject({
      method: 'GET',
      path: `/social-media-posting/${full()}/tags`,
      query: { searchText: 'a b&c', limit: '5', skip: '10' },
      version: '2021-07-28',
      locationId: full(),
      operations: ['Test'],
    });
    expect(call?.rawPath).toContain('searchText=a+b%26c');
  });

  test('without a search there is no searchText, and rows come with records and a total', async () => {
    const tags = await over.upstream.call(listTags, page(), cause);
    expect(sandbox.calls()[0]?.query).toEqual({ limit: '2', skip: '0' });
    expect(tags).toMatchObject({ hasNextPage: true });
    expect(tags.rows.map(({ name, record }) => [name, record?.name])).toEqual(
      sandbox
        .tagsOf(full())
        .filter(({ id }) => tags.rows.some((row) => row.id === id))
        .map(({ name }) => [name, name]),
    );
  });

  test('details travel in a POST that answers 201', async () => {
    const [first, second] = sandbox.tagsOf(full()).map(({ id }) => tagId(id));
    const tagIds = [first, second, tagId('unknown')].flatMap((id) => id ?? []);
    const records = await over.upstream.call(readTagDetails, { locationId: full(), tagIds }, cause);
    expect(records.map(({ id }) => id).toSorted()).toEqual([first, second].toSorted());
    expect(sandbox.calls()[0]).toMatchObject({
      method: 'POST',
      path: `/social-media-posting/${full()}/tags/details`,
      requestBody: { tagIds },
      version: '2021-07-28',
      status: 201,
    });
  });

  test('no tag at all and none of the ids are empty answers, told in words upstream', async () => {
    const empty = locationId(sandbox.locations.empty);
    expect(await over.upstream.call(listTags, { ...page(), locationId: empty }, cause)).toEqual({
      rows: [],
      hasNextPage: false,
      totalCount: 0,
    });
    const details = { locationId: empty, tagIds: [tagId('unknown')] };
    expect(await over.upstream.call(readTagDetails, details, cause)).toEqual([]);
    expect(over.tolerated).toEqual([]);
  });

  test('accounts and the location are plain reads', async () => {
    const accounts = await over.upstream.call(listAccounts, { locationId: full() }, cause);
    const expected = sandbox.accountsOf(full()).map(({ id, profileId: profile }) => [id, profile]);
    expect(accounts.map((account) => [account.id, account.profileId])).toEqual(expected);
    const location = await over.upstream.call(readLocation, { locationId: full() }, cause);
    expect(location).toMatchObject({ id: full(), timeZone: 'America/New_York' });
    expect(sandbox.calls().map(({ method, path, version }) => [method, path, version])).toEqual([
      ['GET', `/social-media-posting/${full()}/accounts`, '2021-07-28'],
      ['GET', `/locations/${full()}`, '2021-07-28'],
    ]);
  });

  test('statistics name the location in the query and both ranges as moments', async () => {
    const [account] = sandbox.accountsOf(full());
    const input = { locationId: full(), profileIds: [profileId(account?.profileId ?? '')] };
    const previous = { startsAt: range.startsAt - 604_800_000, endsAt: range.startsAt - 1 };
    await over.upstream.call(readStatistics, { ...input, platforms: ['facebook'], current: range, previous }, cause);
    await over.upstream.call(readStatistics, { ...input, platforms: null, current: range, previous: null }, cause);
    const currentRange = { startDate: '2026-06-01T04:00:00.000Z', endDate: '2026-06-08T03:59:59.999Z' };
    const prevRange = { startDate: '2026-05-25T04:00:00.000Z', endDate: '2026-06-01T03:59:59.999Z' };
    const { profileIds } = input;
    const [both, one] = sandbox.calls();
    expect(both).toMatchObject({
      method: 'POST',
      path: '/social-media-posting/statistics',
      query: { locationId: full() },
      version: 'v3',
    });
    expect(both?.requestBody).toEqual({ profileIds, platforms: ['facebook'], currentRange, prevRange });
    expect(one?.requestBody).toEqual({ profileIds, currentRange });
  });

  test('the search and the account-level statistics go on the company’s token', async () => {
    const companyId = sandbox.companyId;
    const first = await over.upstream.call(searchLocations, { companyId, limit: 3, skip: 0 }, cause);
    const rest = await over.upstream.call(searchLocations, { companyId: null, limit: 3, skip: 3 }, cause);
    expect([...first.records, ...rest.records].map(({ id }) => id)).toEqual(sandbox.readableLocationIds);
    expect([first.isLast, rest.isLast]).toEqual([false, true]);
    const { totals } = await over.upstream.call(readAccountStatistics, {}, cause);
    expect(totals.likes).toBeGreaterThan(0);
    const calls = sandbox.calls();
    expect(calls.map(({ path, query }) => [path, query])).toEqual([
      ['/locations/search', { companyId, skip: '0', limit: '3', order: 'asc' }],
      ['/locations/search', { skip: '3', limit: '3', order: 'asc' }],
      ['/socialplanner/statistics.readonly', {}],
    ]);
    expect(new Set(calls.map(({ tokenFingerprint }) => tokenFingerprint)).size).toBe(1);
  });

  test('each endpoint names scope, version, holder, and a content type only where there is a body', async () => {
    const statistics = { locationId: full(), profileIds: [], platforms: null, current: range, previous: null };
    const requests = [
      await requestOf(listTags, page()),
      await requestOf(readTagDetails, { locationId: full(), tagIds: [] }),
      await requestOf(listAccounts, { locationId: full() }),
      await requestOf(readLocation, { locationId: full() }),
      await requestOf(readStatistics, statistics),
      await requestOf(searchLocations, { companyId: null, limit: 1, skip: 0 }),
      await requestOf(readAccountStatistics, {}),
    ];
    const own = `location:${full()}`;
    expect(
      requests.map(({ endpoint, scope, holder, headers }) => [
        endpoint,
        scope,
        headers['version'],
        holderKey(holder),
        headers['content-type'],
      ]),
    ).toEqual([
      ['listTags', 'socialplanner/tag.readonly', '2021-07-28', own, undefined],
      ['readTagDetails', 'socialplanner/tag.readonly', '2021-07-28', own, 'application/json'],
      ['listAccounts', 'socialplanner/account.readonly', '2021-07-28', own, undefined],
      ['readLocation', 'locations.readonly', '2021-07-28', own, undefined],
      ['readStatistics', 'socialplanner/statistics.readonly', 'v3', own, 'application/json'],
      ['searchLocations', 'locations.readonly', '2021-07-28', 'company', undefined],
      ['readAccountStatistics', 'socialplanner/statistics.readonly', 'v3', 'company', undefined],
    ]);
    expect(requests.every(({ headers }) => headers['accept'] === 'application/json')).toBe(true);
    expect(requests.every(({ signal }) => signal === cause.signal)).toBe(true);
  });

  test.each([
    ['../oauth/token', '/a/..%2Foauth%2Ftoken/b'],
    ['a/b', '/a/a%2Fb/b'],
    ['a%2F..', '/a/a%252F../b'],
    ['a?b#c', '/a/a%3Fb%23c/b'],
    ['a\r\nx: y', '/a/a%0D%0Ax%3A%20y/b'],
    ['...', '/a/.../b'],
  ])('the segment %p never becomes another path', (id, path) => {
    expect(segments('a', id, 'b')).toBe(path);
    expect(new URL(`http://upstream.example${path}`).pathname).toBe(path);
  });
  test.each([['.'], ['..'], ['']])('the segment %p is a bug: a URL would resolve it', (id) => {
    expect(() => segments('a', id, 'b')).toThrow('segment');
  });

  test('what was tolerated is told with the endpoint and the field', async () => {
    const before = over.tolerated.length;
    const tags = [{ _id: 't1', tag: 5, updatedAt: '2026-01-01T00:00:00Z' }, null];
    sandbox.setFault({ route: 'listTags', kind: 'body', body: { results: { tags, count: '2' } } });
    const { rows, totalCount } = await over.upstream.call(listTags, page(), cause);
    expect(rows).toMatchObject([{ id: 't1', name: null }]);
    expect(totalCount).toBeNull();
    expect(over.tolerated.slice(before)).toEqual([
      'listTags results.tags[].tag',
      'listTags results.tags[]',
      'listTags results.count',
    ]);
  });

  test.each([
    ['listTags', () => over.upstream.call(listTags, page(), cause)],
    [
      'readTagDetails',
      () =>
        over.upstream.call(
          readTagDetails,
          {
            locationId: full(),
            tagIds: sandbox
              .tagsOf(full())
              .slice(0, 2)
              .map(({ id }) => tagId(id)),
          },
          cause,
        ),
    ],
    ['listAccounts', () => over.upstream.call(listAccounts, { locationId: full() }, cause)],
    ['readLocation', () => over.upstream.call(readLocation, { locationId: full() }, cause)],
    ['searchLocations', () => over.upstream.call(searchLocations, { companyId: null, limit: 10, skip: 0 }, cause)],
    ['readAccountStatistics', () => over.upstream.call(readAccountStatistics, {}, cause)],
  ] as const satisfies readonly (readonly [RouteName, () => Promise<unknown>])[])(
    '%s: well-formed JSON of wrong types, HTML, null, {} and nothing are never a silent success',
    async (route, call) => {
      const faults: readonly SandboxFault[] = [
        { route, kind: 'wrong-types', times: 1 },
        { route, kind: 'status', status: 200, body: '<html>Sign in</html>', times: 1 },
        { route, kind: 'body', body: null, times: 1 },
        { route, kind: 'body', body: {}, times: 1 },
        { route, kind: 'status', status: 200, body: '', times: 1 },
      ];
      for (const fault of faults) sandbox.setFault(fault);
      while (sandbox.calls().length < faults.length)
        expect((await refused(call())).code).toBe('UPSTREAM_INVALID_RESPONSE');
      await call();
    },
  );
});

describe('refusals', () => {
  const secretive = 'upstream said: see https://internal.example/?token=abc';
  const answering = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    sandbox.setFault({ route: 'listTags', kind: 'status', status, body, headers });
    return refused(over.upstream.call(listTags, page(), cause));
  };

  test.each([
    [400, 'UPSTREAM_REFUSED'],
    [403, 'UPSTREAM_REFUSED'],
    [404, 'NOT_FOUND'],
    [409, 'UPSTREAM_REFUSED'],
    [422, 'UPSTREAM_REFUSED'],
    [429, 'UPSTREAM_RATE_LIMITED'],
    [500, 'UPSTREAM_UNAVAILABLE'],
    [502, 'UPSTREAM_UNAVAILABLE'],
    [503, 'UPSTREAM_UNAVAILABLE'],
    [504, 'UPSTREAM_UNAVAILABLE'],
    [302, 'UPSTREAM_INVALID_RESPONSE'],
    [304, 'UPSTREAM_INVALID_RESPONSE'],
    [401, 'UPSTREAM_AUTH_FAILED'],
  ])('%i is %s, and upstream’s words stay in the cause', async (status, code) => {
    const error = await answering(status, { statusCode: status, message: secretive });
    expect(error.code).toBe(code);
    expect(error.message).not.toContain('internal.example');
    expect(error.retryAfterMs).toBeNull();
    if (status !== 304) expect(String(error.cause)).toBe(`Error: upstream answered ${status} ${secretive}`);
    expect(sandbox.calls()).toHaveLength(1);
  });

  test.each([
    ['expired', 'UPSTREAM_AUTH_FAILED', 'token-expired'],
    ['scope', 'UPSTREAM_SCOPE_MISSING', 'scope-missing'],
    ['version', 'UPSTREAM_REFUSED', 'version'],
    ['token-class', 'UPSTREAM_AUTH_FAILED', 'token-class'],
    ['private-token', 'UPSTREAM_AUTH_FAILED', 'private-token'],
  ] as const)('the 401 for %s is %s', async (reason, code, refusal) => {
    sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason });
    const error = await refused(over.upstream.call(listTags, page(), cause));
    expect(error.code).toBe(code);
    const words = String(error.cause).replace('Error: upstream answered 401 ', '');
    expect(refusalOf({ status: 401, headers: {}, body: { message: words } })).toBe(refusal);
    expect(error.message).not.toContain(words);
  });

  test.each([
    ['version header was not found.', 'version'],
    ['Invalid JWT', 'token-expired'],
    ['', 'token-expired'],
  ])('a 401 that says %p is taken for %s', (message, refusal) => {
    expect(refusalOf({ status: 401, headers: {}, body: { message } })).toBe(refusal);
  });

  test('a missing scope is named in the message, another location is one that is not connected', async () => {
    sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason: 'scope' });
    const scope = await refused(over.upstream.call(listTags, page(), cause));
    expect(scope.message).toContain('socialplanner/tag.readonly');
    const other = { ...page(), locationId: locationId(sandbox.locations.otherTenant) };
    sandbox.clearFaults();
    const message = 'The token does not have access to this location';
    sandbox.setFault({ route: 'listTags', kind: 'status', status: 403, body: { message } });
    expect((await refused(over.upstream.call(listTags, other, cause))).code).toBe('LOCATION_NOT_CONNECTED');
  });

  test.each([
    ['7', 7_000],
    ['0', 0],
    ['Tue, 24 Nov 2026 12:00:30 GMT', 30_000],
    ['Tue, 24 Nov 2026 11:00:00 GMT', 1_000],
    ['soon', 1_000],
    ['-5', 1_000],
    ['1.5', 1_000],
    ['', 1_000],
    ['9'.repeat(400), 1_000],
    ['99999999', 86_400_000],
    ['Fri, 01 Jan 2100 00:00:00 GMT', 86_400_000],
  ])('Retry-After %p means %i ms', (value, ms) => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 24, 12), doNotFake: ['nextTick', 'setImmediate'] });
    try {
      expect(retryAfterMs({ 'retry-after': value })).toBe(ms);
    } finally {
      jest.useRealTimers();
    }
  });

  test.each([
    [429, 'UPSTREAM_RATE_LIMITED', '2'],
    [503, 'UPSTREAM_UNAVAILABLE', '2'],
  ])('a %i that says when to come back is passed on', async (status, code, after) => {
    const error = await answering(status, {}, { 'Retry-After': after });
    expect(error).toMatchObject({ code, retryAfterMs: 2_000 });
  });

  test.each([
    [{ message: ['a must be a text', 7, 'b must be a number'] }, 'a must be a text; b must be a number'],
    [{ message: 'no '.repeat(1_000) }, 'no '.repeat(100)],
    [{ message: 'Token opaque_9f8e7d6c5b4a39281706 may not do that' }, 'Token […] may not do that'],
    [{ message: { no: 'text' } }, ''],
    [{}, ''],
    ['text', ''],
    [null, ''],
  ])('of %j the log gets %p', (body, said) => {
    expect(upstreamMessage(body)).toBe(said);
  });
});
