import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { errorTable } from '../../src/model/errors.ts';
import type { SandboxFault } from '../../src/sandbox/server.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const both = (id: string) =>
  `{ location(id: "${id}") { tags(first: 2) { nodes { name } } socialAccounts { nodes { id } } } }`;

describe('a field that fails is null with an error, and its neighbours answer', () => {
  test.each<[string, Omit<Extract<SandboxFault, object>, 'route'>, string]>([
    ['a 500', { kind: 'status', status: 500 } as never, 'UPSTREAM_UNAVAILABLE'],
    ['a 503 with HTML', { kind: 'status', status: 503, body: '<html>down</html>' } as never, 'UPSTREAM_UNAVAILABLE'],
    ['a 400', { kind: 'status', status: 400, body: { message: 'secret detail' } } as never, 'UPSTREAM_REFUSED'],
    ['a 422', { kind: 'status', status: 422, body: { message: ['secret detail'] } } as never, 'UPSTREAM_REFUSED'],
    ['a 404', { kind: 'status', status: 404, body: { message: 'secret detail' } } as never, 'NOT_FOUND'],
    ['a 429', { kind: 'rate-limit', retryAfter: '2' } as never, 'UPSTREAM_RATE_LIMITED'],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:9/secret' } } as never,
      'UPSTREAM_INVALID_RESPONSE',
    ],
    [
      'HTML with 200',
      { kind: 'status', status: 200, body: '<html>secret detail</html>' } as never,
      'UPSTREAM_INVALID_RESPONSE',
    ],
    ['success: false', { kind: 'body', body: { success: false, results: {} } } as never, 'UPSTREAM_INVALID_RESPONSE'],
    ['no results', { kind: 'body', body: { success: true } } as never, 'UPSTREAM_INVALID_RESPONSE'],
    [
      'another text in place of the list',
      { kind: 'body', body: { success: true, results: { tags: 'secret detail' } } } as never,
      'UPSTREAM_INVALID_RESPONSE',
    ],
    ['a cut body', { kind: 'cut' } as never, 'UPSTREAM_UNAVAILABLE'],
    ['a reset', { kind: 'reset' } as never, 'UPSTREAM_UNAVAILABLE'],
    ['a missing scope', { kind: 'unauthorized', reason: 'scope' } as never, 'UPSTREAM_SCOPE_MISSING'],
    ['a Version that upstream does not know', { kind: 'unauthorized', reason: 'version' } as never, 'UPSTREAM_REFUSED'],
    ['a wrong token class', { kind: 'unauthorized', reason: 'token-class' } as never, 'UPSTREAM_AUTH_FAILED'],
    ['a token that is always refused', { kind: 'unauthorized', reason: 'expired' } as never, 'UPSTREAM_AUTH_FAILED'],
  ])('%s', async (_name, fault, code) => {
    await using gateway = await startTestGateway();
    gateway.sandbox.setFault({ ...fault, route: 'listTags' } as SandboxFault);
    const answer = await gateway.ask(both(gateway.sandbox.locations.full));
    expect(answer.status).toBe(200);
    expect(answer.data.location.tags).toBeNull();
    expect(answer.data.location.socialAccounts.nodes).not.toHaveLength(0);
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]?.path).toEqual(['location', 'tags']);
    expect(answer.errors[0]?.extensions).toMatchObject({
      code,
      remedy: expect.any(String),
      requestId: answer.headers.get('x-request-id'),
    });
    expect(answer.text).not.toMatch(/secret|127\.0\.0\.1|stack|\.ts|node:/);
  });

  test('of 300 tags in three calls, a failing call costs its own hundred alone', async () => {
    await using gateway = await startTestGateway();
    const { large } = gateway.sandbox.locations;
    const ids = gateway.sandbox
      .tagsOf(large)
      .slice(0, 300)
      .map(({ id }) => id);
    gateway.sandbox.setFault({ route: 'readTagDetails', kind: 'body', body: {}, times: 1 }); // not repeated
    const answer = await gateway.ask(
      `query ($ids: [ID!]!) { location(id: "${large}") { tagDetails(ids: $ids) { id } } }`,
      { ids },
    );
    expect(answer.data.location.tagDetails.filter((one: unknown) => one !== null)).toHaveLength(200);
    expect(new Set(gateway.codesOf(answer))).toEqual(new Set(['UPSTREAM_INVALID_RESPONSE']));
    expect(answer.errors).toHaveLength(100);
  });

  test('a 429 names the time to wait, and so does the next question without asking upstream', async () => {
    await using gateway = await startTestGateway();
    gateway.sandbox.setFault({ route: 'listTags', kind: 'rate-limit', retryAfter: '60' });
    const answer = await gateway.ask(both(gateway.sandbox.locations.full));
    expect(answer.errors[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: 60_000,
      isRetryable: true,
    });
    gateway.calls();
    const next = await gateway.ask(
      `{ location(id: "${gateway.sandbox.locations.full}") { tags(first: 9) { totalCount } } }`,
    );
    expect(next.errors[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_RATE_LIMITED',
      retryAfterMs: expect.any(Number),
    });
    expect(gateway.calls()).toEqual([]);
  });

  test('upstream that never answers ends in UPSTREAM_TIMEOUT', async () => {
    await using gateway = await startTestGateway({ config: { upstreamTimeoutMs: 50 } });
    gateway.sandbox.setFault({ route: 'listTags', kind: 'hang' });
    const answer = await gateway.ask(both(gateway.sandbox.locations.full));
    expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_TIMEOUT']);
  });

  test('a route that keeps failing is left alone: UPSTREAM_CIRCUIT_OPEN with the time to wait, at once', async () => {
    await using gateway = await startTestGateway();
    const { full, large } = gateway.sandbox.locations;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 500 });
    const pages = Array.from({ length: 12 }, (_, index) => `p${index}: tags(first: ${20 + index}) { totalCount }`);
    await gateway.ask(`{ location(id: "${full}") { ${pages.join(' ')} } }`);
    gateway.calls();
    const answer = await gateway.ask(both(full));
    expect(answer.data.location.socialAccounts.nodes).not.toHaveLength(0); // another route
    expect(answer.errors[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_CIRCUIT_OPEN',
      retryAfterMs: expect.any(Number),
      isRetryable: true,
    });
    expect(gateway.calls().map(({ route }) => route)).toEqual(['listAccounts']);
    await gateway.ask(both(large)); // nobody else's
    expect(gateway.calls().map(({ route }) => route)).toContain('listTags');
  });

  test('a question that may not ask upstream, of which nothing is kept, is NOT_CACHED', async () => {
    await using gateway = await startTestGateway();
    const question = both(gateway.sandbox.locations.full);
    const answer = await gateway.ask(question, {}, { 'cache-control': 'only-if-cached' });
    expect(answer.data.location).toEqual({ tags: null, socialAccounts: null });
    expect(gateway.codesOf(answer)).toEqual(['NOT_CACHED', 'NOT_CACHED']);
    expect(answer.errors[0]?.extensions).toMatchObject({ remedy: expect.stringContaining('only-if-cached') });
    expect(gateway.calls()).toEqual([]);
  });

  test('an operation that takes longer than its deadline answers what it has', async () => {
    await using gateway = await startTestGateway({ config: { requestDeadlineMs: 150 } });
    gateway.sandbox.setFault({ route: 'listTags', kind: 'hang' });
    const answer = await gateway.ask(both(gateway.sandbox.locations.full));
    expect(answer.data.location.socialAccounts.nodes).not.toHaveLength(0);
    expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_TIMEOUT']);
  });
});

describe('a location without a working grant', () => {
  const status = (id: string) =>
    `{ location(id: "${id}") { installation { status missingScopes grantedScopes } tags { totalCount } } }`;

  test('not installed: LOCATION_NOT_CONNECTED, and installation says so', async () => {
    await using gateway = await startTestGateway();
    const answer = await gateway.ask(status(gateway.sandbox.locations.notInstalled));
    expect(answer.data.location.installation.status).toBe('NOT_INSTALLED');
    expect(gateway.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED']);
    expect(gateway.calls()).toEqual([]);
  });

  test('paused: LOCATION_PAUSED, and installation says so', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    gateway.sandbox.pauseLocation(full, true);
    const answer = await gateway.ask(status(full));
    expect(answer.data.location.installation.status).toBe('PAUSED');
    expect(gateway.codesOf(answer)).toEqual(['LOCATION_PAUSED']);
  });

  test('a scope that was not granted is named by the field and by installation', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    gateway.sandbox.grantScopes(full, ['socialplanner/account.readonly', 'locations.readonly']);
    const answer = await gateway.ask(status(full));
    expect(answer.data.location.installation.missingScopes).toContain('socialplanner/tag.readonly');
    expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_SCOPE_MISSING']);
    expect(answer.errors[0]?.message).toContain('socialplanner/tag.readonly');
  });

  test('credentials that upstream does not accept: UPSTREAM_AUTH_FAILED', async () => {
    await using gateway = await startTestGateway({
      access: (sandbox) => ({
        url: sandbox.url,
        sandbox,
        grant: {
          kind: 'client-credentials',
          clientId: sandbox.client.id,
          clientSecret: 'wrong',
          previousSecret: null,
          companyId: null,
        },
      }),
    });
    const answer = await gateway.ask(status(gateway.sandbox.locations.full));
    expect(gateway.codesOf(answer).sort()).toEqual(['UPSTREAM_AUTH_FAILED', 'UPSTREAM_AUTH_FAILED']);
    expect(answer.data.location.installation).toBeNull();
  });
});

describe('a token that has expired', () => {
  test('is renewed and the call repeated once, unseen by the caller', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    await gateway.ask(`{ location(id: "${full}") { name } }`);
    gateway.calls();
    gateway.sandbox.expireAccessTokens();
    const answer = await gateway.ask(both(full));
    expect(answer.errors).toEqual([]);
    expect(gateway.sandbox.calls().filter(({ route }) => route === 'token')).toHaveLength(1);
    expect(
      gateway
        .calls()
        .map(({ status: code }) => code)
        .toSorted(),
    ).toEqual([200, 200, 401, 401]);
  });
});

/** An operation whose worst case is over the limits. */
const expensive = (gateway: TestGateway) =>
  gateway.ask(
    '{ locations(first: 100) { nodes { tags(first: 100) { nodes { details { updatedAt } } } statistics { likes { total } } } } }',
  );

test('an operation that could cost too much is refused before any call, with the numbers', async () => {
  await using gateway = await startTestGateway();
  const answer = await expensive(gateway);
  expect(gateway.codesOf(answer)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  expect(answer.errors[0]?.message).toBe(
    'The operation could cost 501 upstream calls (5 of one location); 200 (20) are allowed.',
  );
  expect(gateway.calls()).toEqual([]);
});

test('an answer that could grow beyond all bounds is refused before it is made', async () => {
  await using gateway = await startTestGateway();
  const level = (inner: string) => `tags(first: 100) { nodes { ${inner} } }`;
  const nested = level(`location { ${level(`location { ${level('name')} }`)} }`);
  const answer = await gateway.ask(`{ location(id: "${gateway.sandbox.locations.full}") { ${nested} } }`);
  expect(gateway.codesOf(answer)).toEqual(['OPERATION_TOO_EXPENSIVE']);
  expect(answer.errors[0]?.message).toMatch(/could answer \d{7,} values; 25000 are allowed/);
});

test('a caller who goes away is no error of anybody’s, and its upstream call is called off', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.setFault({ route: 'listTags', kind: 'hang' });
  const gone = new AbortController();
  const question = fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    signal: gone.signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: both(gateway.sandbox.locations.full) }),
  });
  while (!gateway.sandbox.calls().some(({ route }) => route === 'listTags'))
    await new Promise((resolve) => setImmediate(resolve));
  gone.abort();
  await expect(question).rejects.toThrow();
  while (
    !gateway.logLines.some((line) => line.includes('"outcome":"cancelled"') && line.includes('"msg":"operation"'))
  ) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(gateway.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(gateway.gateway.tally.snapshot()).toHaveProperty(['upstream listTags cancelled'], 1);
});

test('every code that the gateway raises is looked at by some test', () => {
  const sources = (pattern: string, ...without: readonly string[]) =>
    globSync(pattern)
      .filter((path) => !without.includes(path))
      .map((path) => readFileSync(path, 'utf8'))
      .join();
  const [raised, tested] = [
    sources('src/**/*.ts', 'src/model/errors.ts'),
    sources('test/**/*.test.ts', 'test/operation/errors.test.ts'), // there each row of the table is written out
  ];
  const codes = Object.keys(errorTable).filter((code) => raised.includes(`'${code}'`));
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !tested.includes(`'${code}'`))).toEqual([]);
});

test('a failure that many fields share is logged once', async () => {
  await using gateway = await startTestGateway();
  gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 500 });
  const aliases = Array.from({ length: 30 }, (_, index) => `a${index}: tags(first: 5) { totalCount }`).join(' ');
  const answer = await gateway.ask(`{ location(id: "${gateway.sandbox.locations.full}") { ${aliases} } }`);
  expect(answer.errors).toHaveLength(30);
  expect(gateway.logLines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
});
