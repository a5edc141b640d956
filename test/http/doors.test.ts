import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { networkOf } from '../../src/http/proxies.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { sendRaw } from '../support/raw.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const viewer = { query: '{ viewer { subject } }' };
const post = (body: unknown, headers: Record<string, string> = {}, url = gateway.url) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const codeOf = async (response: Response) => {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return [response.status, errors[0]?.extensions.code];
};

describe('the head of a request', () => {
  test('with two tokens is refused: a proxy might read the other one', async () => {
    const head = 'GET /livez HTTP/1.1\r\nhost: a\r\nauthorization: Bearer a\r\nAuthorization: Bearer b\r\n';
    expect(await sendRaw(gateway.url, `${head}connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('with an address over 8 KB is refused before the 16 KB of all headers are', async () => {
    const response = await fetch(`${gateway.url}/graphql?query=${'a'.repeat(9_000)}`);
    expect(await codeOf(response)).toEqual([414, 'URI_TOO_LONG']);
  });

  test('every answer says that its type is meant, JSON carries no more than that, pages carry a policy', async () => {
    const json = await post(viewer);
    expect(json.headers.get('x-content-type-options')).toBe('nosniff');
    expect(json.headers.get('content-security-policy')).toBeNull();
    const page = await fetch(gateway.url);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
  });
});

describe('a body', () => {
  test('that nests deeper than 40 levels is refused as text, 40 are read', async () => {
    const nested = (levels: number) =>
      `{"query":"{ viewer { subject } }","extensions":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels)}`;
    expect(await codeOf(await post(nested(41)))).toEqual([400, 'BAD_REQUEST']);
    expect((await post(nested(40))).status).toBe(200);
    expect((await post({ ...viewer, extensions: { text: '[[[['.repeat(100) } })).status).toBe(200); // brackets in text nest nothing
  });

  test('is limited to what is configured, and the answer says the number', async () => {
    await using small = await startTestGateway({ config: { bodyLimitBytes: 1_024 } });
    const response = await post({ ...viewer, extensions: { pad: 'x'.repeat(2_000) } }, {}, small.url);
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('larger than 1 KB');
  });
});

describe('a list of operations', () => {
  test('is refused unless it is allowed', async () => {
    expect(await codeOf(await post([viewer]))).toEqual([400, 'BATCH_NOT_ALLOWED']);
    expect(await codeOf(await post([]))).toEqual([400, 'BAD_REQUEST']); // holds nothing
  });

  test('where it is allowed, is answered one by one, in its order, sharing upstream calls, and never stored', async () => {
    await using batching = await startTestGateway({ config: { maxBatch: 3 } });
    const { full } = batching.sandbox.locations;
    const tags = { query: `{ location(id: "${full}") { tags(first: 2) { totalCount } } }` };
    const response = await post([tags, { query: '{ nonsense }' }, tags], {}, batching.url);
    const [first, second, third] = (await response.json()) as { data?: unknown; errors?: unknown }[];
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'private, no-store']);
    expect(first).toMatchObject({ data: { location: { tags: { totalCount: expect.any(Number) as unknown } } } });
    expect(second).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
    expect(third?.data).toEqual(first?.data);
    expect(batching.calls().map(({ route }) => route)).toEqual(['listTags']);
    expect(await codeOf(await post([tags, tags, tags, tags], {}, batching.url))).toEqual([400, 'BATCH_NOT_ALLOWED']);
  });
});

describe('pages of other origins', () => {
  test('may call where they are on the list, and nobody else may in production', async () => {
    const corsOrigins = ['https://app.example.com'];
    await using production = await startTestGateway({ config: { isProduction: true, corsOrigins } });
    const allowed = async (origin: string) =>
      (await post(viewer, { origin }, production.url)).headers.get('access-control-allow-origin');
    expect(await allowed('https://app.example.com')).toBe('https://app.example.com');
    for (const origin of ['https://studio.apollographql.com', 'https://app.example.com.evil.example', 'null'])
      expect(await allowed(origin)).toBeNull();
  });
});

describe('a proxy', () => {
  const ids = { 'x-request-id': 'edge-42', 'x-forwarded-for': '203.0.113.9' };

  test('that is trusted names the request', async () => {
    await using behind = await startTestGateway({ config: { trustedProxies: ['127.0.0.0/8'] } });
    expect((await post(viewer, ids, behind.url)).headers.get('x-request-id')).toBe('edge-42');
    const forged = await post(viewer, { 'x-request-id': 'a b"}' }, behind.url);
    expect(forged.headers.get('x-request-id')).toMatch(/^[a-z0-9]+-[a-z0-9]+$/);
    await post('{', ids, behind.url);
    expect(refusalIn(behind)).toMatchObject({ requestId: 'edge-42', network: '203.0.113.0/24' });
  });

  test('that is not trusted names nothing: its headers are any caller’s', async () => {
    await using alone = await startTestGateway({ config: { trustedProxies: ['10.0.0.0/8'] } });
    expect((await post(viewer, ids, alone.url)).headers.get('x-request-id')).not.toBe('edge-42');
    await post('{', ids, alone.url);
    expect(refusalIn(alone)).toMatchObject({ network: '127.0.0.0/24' });
  });

  test.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
  ])('%s is logged as %s: a whole address is a person’s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

const refusalIn = ({ logLines }: TestGateway): unknown =>
  logLines.map((line) => JSON.parse(line) as { msg: string }).find(({ msg }) => msg === 'request refused');

describe('too much at once', () => {
  test('is refused with 503 and the time to wait, before it is read, while health still answers', async () => {
    await using full = await startTestGateway({ config: { maxConcurrentRequests: 1 } });
    full.sandbox.setFault({ route: 'listTags', kind: 'hang' });
    const hanging = new AbortController();
    const first = fetch(`${full.url}/graphql`, {
      method: 'POST',
      signal: hanging.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: `{ location(id: "${full.sandbox.locations.full}") { tags { totalCount } } }` }),
    });
    while (full.sandbox.calls().length < 2) await new Promise((resolve) => setImmediate(resolve)); // its token, its call
    const refused = await post(viewer, {}, full.url);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await codeOf(refused)).toEqual([503, 'OVERLOADED']);
    expect((await fetch(`${full.url}/readyz`)).status).toBe(200);
    hanging.abort();
    await expect(first).rejects.toThrow();
    let again = refused;
    while (again.status === 503) again = await post(viewer, {}, full.url);
    expect(again.status).toBe(200);
  });
});

describe('a request that is refused by its head', () => {
  test('is in the log and in the counts, whoever refused it, and its body is not waited for', async () => {
    await using alone = await startTestGateway();
    expect((await fetch(`${alone.url}/graphql?query=${'a'.repeat(9_000)}`)).status).toBe(414);
    const { port } = new URL(alone.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /nothing HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n{',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    const refused = alone.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const codes = refused.filter(({ msg }) => msg === 'request refused').map(({ code }) => code);
    expect(codes).toContain('URI_TOO_LONG');
    expect(alone.gateway.tally.snapshot()).toHaveProperty(['http GET /graphql 414'], 1);
  });
});
