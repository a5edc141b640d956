// Freshness as callers see it, through the whole gateway. Only the date is faked, for gateway and sandbox alike: sockets and timers are real.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { request } from 'undici';
import type { SandboxFault } from '../../src/sandbox/server.ts';
import { stopClock } from '../support/clock.ts';
import { startTestGateway, type Answer, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';

const noon = '2026-06-15T12:00:00.000Z';
const later = (seconds: number): void => {
  jest.setSystemTime(Date.now() + seconds * 1_000);
};
const secondsAfterNoon = (seconds: number) => new Date(Date.parse(noon) + seconds * 1_000).toISOString();
const now = () => new Date().toISOString();

const start = async (options: TestGatewayOptions = {}) => {
  stopClock(noon);
  const gateway = await startTestGateway(options);
  const { full, large } = gateway.sandbox.locations;
  const question = (id = full, first = 2) =>
    `{ location(id: "${id}") { tags(first: ${first}) { nodes { name } freshness { fetchedAt state staleReason } } } }`;
  return {
    gateway,
    full,
    large,
    /** Asks for a page of tags, which is fresh for 60 s, given and read again for 600 s, and given for a day where upstream fails. */
    tags: (headers: Record<string, string> = {}, id = full, first = 2) => gateway.ask(question(id, first), {}, headers),
    /** The same by GET. Not by fetch, which with `if-none-match` asks for `no-cache` by itself (Fetch standard, HTTP-network-or-cache). */
    getTags: async (headers: Record<string, string> = {}, query = question()) => {
      const url = `${gateway.url}/graphql?query=${encodeURIComponent(query)}`;
      const answer = await request(url, { headers: { 'apollo-require-preflight': '1', ...headers } });
      const of = (name: string) => answer.headers[name]?.toString() ?? null;
      return { status: answer.statusCode, of, text: await answer.body.text() };
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  };
};

const freshnessOf = ({ data }: Answer) => data.location.tags?.freshness as unknown;
const fresh = (fetchedAt: string) => ({ fetchedAt, state: 'FRESH', staleReason: null });
const revalidated = (fetchedAt: string) => ({ fetchedAt, state: 'STALE_WHILE_REVALIDATE', staleReason: null });
const standIn = (fetchedAt: string, staleReason: string) => ({ fetchedAt, state: 'STALE_IF_ERROR', staleReason });

/** As many calls as open a location's circuit, should they fail. */
const manyPages = (id: string) => {
  const pages = Array.from({ length: 12 }, (_, index) => `p${index}: tags(first: ${20 + index}) { totalCount }`);
  return `{ location(id: "${id}") { ${pages.join(' ')} } }`;
};

/** Resolves once upstream has answered that many calls of tags, which nobody waits for. */
const answered = async ({ sandbox }: TestGateway, count: number): Promise<void> => {
  const isAnswered = () =>
    sandbox.calls().filter(({ route, status }) => route === 'listTags' && status).length >= count;
  while (!isAnswered()) await new Promise((resolve) => setImmediate(resolve));
};

describe('an answer grows old', () => {
  test('fresh; given at once and read again behind; beyond that, read first', async () => {
    await using over = await start();
    const { gateway, tags } = over;
    expect(freshnessOf(await tags())).toEqual(fresh(noon));
    expect(gateway.calls()).toHaveLength(1);

    later(59);
    expect(freshnessOf(await tags())).toEqual(fresh(noon));
    expect(gateway.calls()).toEqual([]);

    later(1);
    expect(freshnessOf(await tags())).toEqual(revalidated(noon));
    await answered(gateway, 1);
    let again = await tags();
    while (again.text.includes('STALE')) again = await tags(); // until what upstream said has been put down
    expect(freshnessOf(again)).toEqual(fresh(secondsAfterNoon(60)));
    expect(gateway.calls()).toHaveLength(1);

    later(600);
    expect(freshnessOf(await tags())).toEqual(fresh(secondsAfterNoon(660)));
    expect(gateway.calls()).toHaveLength(1);
  });

  test('each kind of data has lifetimes of its own, and a combination is as old as its oldest part', async () => {
    await using over = await start();
    const { gateway, full } = over;
    const both = `{ location(id: "${full}") { tags(first: 2) { freshness { state } } socialAccounts { freshness { state } } } }`;
    await gateway.ask(both);
    later(61);
    const { data, headers } = await gateway.ask(both);
    expect([data.location.tags.freshness.state, data.location.socialAccounts.freshness.state]).toEqual([
      'STALE_WHILE_REVALIDATE',
      'FRESH',
    ]);
    expect([headers.get('age'), headers.get('cache-control')]).toEqual(['61', 'private, no-cache']);
  });
});

describe('where upstream cannot answer', () => {
  const faults: readonly [string, object, string][] = [
    ['a 500', { kind: 'status', status: 500 }, 'UPSTREAM_ERROR'],
    ['a 429', { kind: 'rate-limit', retryAfter: '60' }, 'QUOTA'],
    ['a cut body', { kind: 'cut' }, 'UPSTREAM_ERROR'],
    ['HTML', { kind: 'status', status: 200, body: '<html>' }, 'UPSTREAM_ERROR'],
    ['silence', { kind: 'hang' }, 'UPSTREAM_ERROR'],
  ];

  test.each(faults)(
    'after %s the kept answer is given up to its hard limit, and says why',
    async (_name, fault, why) => {
      await using over = await start({ config: { upstreamTimeoutMs: 50 } });
      const { gateway, tags } = over;
      await tags();
      later(601);
      gateway.sandbox.setFault({ ...fault, route: 'listTags' } as SandboxFault);
      const stale = await tags();
      expect(freshnessOf(stale)).toEqual(standIn(noon, why));
      expect(stale.errors).toEqual([]);
      expect([stale.headers.get('age'), stale.headers.get('cache-control')]).toEqual(['601', 'private, no-cache']);
      later(86_400 - 601);
      const tooOld = await tags();
      expect(tooOld.data.location.tags).toBeNull();
      expect(tooOld.errors).toHaveLength(1);
    },
  );

  test('where it is left alone, too, and nothing is asked', async () => {
    await using over = await start();
    const { gateway, full, tags } = over;
    await tags();
    later(601);
    gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 500 });
    await gateway.ask(manyPages(full));
    gateway.calls();
    const stale = await tags();
    expect(freshnessOf(stale)).toEqual(standIn(noon, 'CIRCUIT_OPEN'));
    expect(stale.errors).toEqual([]);
    expect(gateway.calls()).toEqual([]);
  });

  test('once it answers again, so does the gateway', async () => {
    await using over = await start();
    const { gateway, tags } = over;
    await tags();
    later(601);
    gateway.sandbox.setFault({ route: 'listTags', kind: 'body', body: {} });
    expect(freshnessOf(await tags())).toEqual(standIn(noon, 'UPSTREAM_ERROR'));
    gateway.sandbox.clearFaults();
    expect(freshnessOf(await tags())).toEqual(fresh(secondsAfterNoon(601)));
  });

  test.each<[string, (gateway: TestGateway, id: string) => void, string]>([
    ['a 404', ({ sandbox }) => sandbox.setFault({ route: 'listTags', kind: 'status', status: 404 }), 'NOT_FOUND'],
    [
      'a 400',
      ({ sandbox }) => sandbox.setFault({ route: 'listTags', kind: 'status', status: 400 }),
      'UPSTREAM_REFUSED',
    ],
    [
      'a scope that is missing',
      ({ sandbox }) => sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason: 'scope' }),
      'UPSTREAM_SCOPE_MISSING',
    ],
    [
      'an uninstalled app',
      ({ sandbox }, id) => {
        sandbox.uninstall(id);
      },
      'LOCATION_NOT_CONNECTED',
    ],
  ])('%s is an answer, and no kept one hides it', async (_name, refuse, code) => {
    await using over = await start();
    const { gateway, full, tags } = over;
    await tags();
    later(601);
    refuse(gateway, full);
    const answer = await tags();
    expect(answer.data.location.tags).toBeNull();
    expect(gateway.codesOf(answer)).toEqual([code]);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
  });
});

describe('a caller says how old an answer may be', () => {
  let over: Awaited<ReturnType<typeof start>>;
  let page = 0;
  beforeAll(async () => {
    over = await start();
  });
  afterAll(() => over.gateway.close());
  // Each row asks for a page of its own, so that they can share a gateway, and its clock.
  const newPage = () => {
    page += 1;
    return (headers: Record<string, string> = {}) => over.tags(headers, over.full, page);
  };

  const soFar = 'what is kept';
  const anew = 'what upstream says now';
  // Seconds after the answer was kept; the request's header; what is given, and in which state.
  test.each<[number, Record<string, string>, string, string]>([
    [5, { 'cache-control': 'no-cache' }, soFar, 'FRESH'],
    [6, { 'cache-control': 'no-cache' }, anew, 'FRESH'],
    [6, { pragma: 'no-cache' }, anew, 'FRESH'],
    [6, { pragma: 'no-cache', 'cache-control': 'no-transform' }, soFar, 'FRESH'],
    [10, { 'cache-control': 'max-age=10' }, soFar, 'FRESH'],
    [11, { 'cache-control': 'max-age=10' }, anew, 'FRESH'],
    [11, { 'cache-control': 'no-cache, max-age=60' }, anew, 'FRESH'],
    [0, { 'cache-control': 'max-age=0' }, soFar, 'FRESH'], // read in this very moment
    [1, { 'cache-control': 'max-age=0' }, anew, 'FRESH'],
    [61, { 'cache-control': 'max-age=3600' }, soFar, 'STALE_WHILE_REVALIDATE'], // a wish makes nothing fresh
    [61, { 'cache-control': 'max-stale=0' }, anew, 'FRESH'],
    [70, { 'cache-control': 'max-stale=30' }, soFar, 'STALE_WHILE_REVALIDATE'],
    [91, { 'cache-control': 'max-stale=30' }, anew, 'FRESH'],
    [601, {}, anew, 'FRESH'],
    [601, { 'cache-control': 'max-stale' }, soFar, 'STALE_WHILE_REVALIDATE'],
    [86_400, { 'cache-control': 'max-stale' }, anew, 'FRESH'],
    [30, { 'cache-control': 'only-if-cached' }, soFar, 'FRESH'],
    [61, { 'cache-control': 'only-if-cached' }, soFar, 'STALE_WHILE_REVALIDATE'],
    [601, { 'cache-control': 'only-if-cached, max-stale' }, soFar, 'STALE_WHILE_REVALIDATE'],
    [30, { 'cache-control': 'no-store' }, soFar, 'FRESH'], // kept answers are everybody's
    [30, { 'cache-control': 'max-age=-1, nonsense="no-cache"' }, soFar, 'FRESH'],
  ])('%i s after it was read, with %j: %s', async (seconds, headers, expected, state) => {
    const tags = newPage();
    await tags();
    const keptAt = now();
    over.gateway.calls();
    later(seconds);
    const answer = await tags(headers);
    expect(freshnessOf(answer)).toEqual({ fetchedAt: expected === soFar ? keptAt : now(), state, staleReason: null });
    if (state === 'FRESH') expect(over.gateway.calls()).toHaveLength(expected === soFar ? 0 : 1);
    else await answered(over.gateway, 1); // behind
  });

  test.each([
    ['nothing is kept', null, 'only-if-cached'],
    ['what is kept is too old for its kind', 601, 'only-if-cached'],
    ['what is kept is too old for the caller', 30, 'only-if-cached, max-age=10'],
    ['what is kept is beyond the hard limit', 86_400, 'only-if-cached, max-stale'],
  ])('only-if-cached asks nothing of upstream: where %s it is NOT_CACHED', async (_name, seconds, cacheControl) => {
    const tags = newPage();
    const { gateway } = over;
    if (seconds !== null) {
      await tags();
      later(seconds);
    }
    gateway.calls();
    const answer = await tags({ 'cache-control': cacheControl });
    expect(answer.data.location.tags).toBeNull();
    expect(gateway.codesOf(answer)).toEqual(['NOT_CACHED']);
    expect(gateway.sandbox.calls()).toEqual([]);
  });

  test('is a wish: where upstream cannot meet it, the older answer is given and says so', async () => {
    const tags = newPage();
    await tags();
    const keptAt = now();
    later(30);
    over.gateway.sandbox.setFault({ route: 'listTags', kind: 'rate-limit', retryAfter: '60', times: 1 });
    const answer = await tags({ 'cache-control': 'no-cache' });
    expect(freshnessOf(answer)).toEqual(standIn(keptAt, 'QUOTA'));
    expect(answer.errors).toEqual([]);
  });
});

describe('what an answer says to HTTP caches', () => {
  test('Age and Cache-Control tell how old it is and for how long it is fresh', async () => {
    await using over = await start();
    const { tags, getTags } = over;
    const told = ({ headers }: Answer) => [headers.get('age'), headers.get('cache-control')];
    expect(told(await tags())).toEqual(['0', 'private, max-age=60']);
    later(20.5);
    expect(told(await tags())).toEqual(['20', 'private, max-age=59']); // half a second is nobody's
    const { of } = await getTags();
    expect([of('age'), of('cache-control')]).toEqual(['20', 'private, max-age=59']);
  });

  test('what the gateway says of itself, errors, and answers without data are not to be stored', async () => {
    await using over = await start();
    const { gateway, full } = over;
    for (const query of [
      '{ viewer { subject } }',
      '{ __typename }',
      `{ location(id: "${full}") { quota { mode } } }`,
      `{ location(id: "${full}") { quota { mode } tags(first: 2) { nodes { id } } } }`,
      `{ location(id: "${full}") { installation { status } name } }`,
      `{ location(id: "${full}") { name } other: location(id: "${gateway.sandbox.locations.notInstalled}") { city } }`,
      '{ nonsense }',
      '{',
    ]) {
      const { headers } = await gateway.ask(query);
      const told = ['cache-control', 'age', 'etag'].map((name) => headers.get(name));
      expect([query, ...told]).toEqual([query, 'private, no-store', null, null]);
    }
  });

  test('a GET that names the answer by its ETag gets 304, without a body and with the same headers', async () => {
    await using over = await start();
    const { gateway, getTags, tags } = over;
    const first = await getTags();
    const etag = first.of('etag') ?? '';
    expect(first.status).toBe(200);
    expect(etag).toMatch(/^W\/"/);
    later(10);
    for (const named of [etag, `"x", ${etag}`, etag.slice(2), '*']) {
      const known = await getTags({ 'if-none-match': named, origin: 'https://studio.apollographql.com' });
      expect([named, known.status, known.text]).toEqual([named, 304, '']);
      const headers = ['etag', 'age', 'cache-control', 'vary'].map((name) => known.of(name)?.toLowerCase());
      expect(headers).toEqual([
        etag.toLowerCase(),
        '10',
        'private, max-age=60',
        'origin, accept, authorization, graphql-cost',
      ]);
    }
    expect((await getTags({ 'if-none-match': '"x"' })).status).toBe(200);
    const posted = await tags({ 'if-none-match': etag, 'cache-control': 'max-age=60' });
    expect([posted.status, posted.headers.get('etag')]).toEqual([200, etag]);
    expect(gateway.calls()).toHaveLength(1);
  });

  test('the ETag changes with the data and with nothing else', async () => {
    await using over = await start();
    const { full, getTags, gateway } = over;
    const names = `{ location(id: "${full}") { tags(first: 2) { nodes { name } } } }`;
    const cold = await getTags({}, names);
    const etag = cold.of('etag') ?? '';
    const warm = await getTags({}, names);
    expect(warm.text).not.toBe(cold.text); // the cost is another one
    expect(warm.of('etag')).toBe(etag);
    later(601); // read anew, and the same
    expect((await getTags({ 'if-none-match': etag }, names)).status).toBe(304);
    gateway.sandbox.renameTag(full, gateway.sandbox.tagsOf(full)[0]?.id ?? '', 'another name');
    expect((await getTags({ 'if-none-match': etag, 'cache-control': 'max-age=0' }, names)).status).toBe(304); // of this moment
    later(1);
    expect((await getTags({ 'if-none-match': etag, 'cache-control': 'max-age=0' }, names)).status).toBe(200);
  });

  test('an error is never answered with 304, not even to one who names anything', async () => {
    await using over = await start();
    const { gateway, getTags } = over;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'body', body: {} });
    const answer = await getTags({ 'if-none-match': '*' });
    expect([answer.status, answer.of('etag')]).toEqual([200, null]);
    expect(answer.text).toContain('UPSTREAM_INVALID_RESPONSE');
  });
});

test('two tenants: the same question of each is an answer of its own, as old as that one’s', async () => {
  await using over = await start();
  const { gateway, tags, full, large } = over;
  const first = await tags({}, full);
  later(30);
  const second = await tags({}, large);
  expect(gateway.calls().map(({ locationId }) => locationId)).toEqual([full, large]);
  later(10);
  const [again, other] = await Promise.all([tags({}, full), tags({}, large)]);
  expect([again.data, other.data]).toEqual([first.data, second.data]);
  expect([again, other].map(({ headers }) => headers.get('age'))).toEqual(['40', '10']);
  expect(first.headers.get('etag')).not.toBe(second.headers.get('etag'));
  expect(gateway.calls()).toEqual([]);
  later(565);
  gateway.sandbox.setFault({ route: 'listTags', kind: 'body', body: {}, locationId: full });
  const [failing, working] = await Promise.all([tags({}, full), tags({}, large)]);
  expect(freshnessOf(failing)).toEqual(standIn(noon, 'UPSTREAM_ERROR'));
  expect(freshnessOf(working)).toEqual(revalidated(secondsAfterNoon(30)));
});
