import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { byPrivateToken, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { sendRaw } from '../support/raw.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const post = (body: string, headers: Record<string, string> = {}, path = '/graphql') =>
  fetch(gateway.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

const viewer = JSON.stringify({ query: '{ viewer { subject } }' });

interface Problem {
  readonly errors: readonly {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly requestId: string };
  }[];
}

const problemOf = async (response: Response) => {
  expect(response.headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
  const { errors } = (await response.json()) as Problem;
  expect(errors).toHaveLength(1);
  expect(errors[0]?.extensions.requestId).toBe(response.headers.get('x-request-id'));
  return { status: response.status, code: errors[0]?.extensions.code, message: errors[0]?.message };
};

describe('a request that cannot be read is answered as JSON that says what to do', () => {
  test.each([
    ['broken JSON', () => post('{"query":'), 400, 'BAD_REQUEST', /not JSON/],
    ['an empty body', () => post(''), 400, 'BAD_REQUEST', /empty/],
    [
      'a poisoned prototype',
      () => post('{"query":"{ viewer { subject } }","__proto__":{"x":1}}'),
      400,
      'BAD_REQUEST',
      /not JSON/,
    ],
    [
      'text/plain, which needs no preflight',
      () => post(viewer, { 'content-type': 'text/plain' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'a form',
      () => post('query=1', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'another charset',
      () => post(viewer, { 'content-type': 'application/json; charset=utf-16' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /UTF-8/,
    ],
    [
      'a compressed body',
      () => post(viewer, { 'content-encoding': 'gzip' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      /compressed/,
    ],
    [
      'a body over 256 KB',
      () => post(JSON.stringify({ query: `# ${'x'.repeat(300_000)}` })),
      413,
      'BODY_TOO_LARGE',
      /256 KB/,
    ],
    ['an unknown path', () => fetch(`${gateway.url}/graphiql`), 404, 'NOT_FOUND', /POST \/graphql/],
    ['a path that cannot be decoded', () => fetch(`${gateway.url}/%zz`), 400, 'BAD_REQUEST', /cannot be read/],
    [
      'another method',
      () => fetch(`${gateway.url}/graphql`, { method: 'PUT', body: '{}' }),
      405,
      'METHOD_NOT_ALLOWED',
      /GET for queries/,
    ],
    ['a POST to /', () => post(viewer, {}, '/'), 308, 'MOVED', /POST \/graphql/],
  ])('%s', async (_name, send, status, code, message) => {
    expect(await problemOf(await send())).toEqual({ status, code, message: expect.stringMatching(message) });
  });

  test('the moved POST arrives where it should when it is followed', async () => {
    const response = await fetch(`${gateway.url}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: viewer,
    });
    expect(await response.json()).toMatchObject({ data: { viewer: { subject: 'sandbox' } } });
  });

  test('an operation without a query says so, and batches are refused', async () => {
    const empty = await post('{}');
    expect(await empty.text()).toMatch(/query/);
    const batch = await post(`[${viewer},${viewer}]`);
    expect(batch.status).toBe(400);
    expect(await batch.text()).toMatch(/one operation a request/);
  });
});

describe('what no client library sends', () => {
  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'BAD_REQUEST'],
    [
      'headers over 16 KB',
      `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['two hosts', 'GET /livez HTTP/1.1\r\nhost: a\r\nHost: b\r\nconnection: close\r\n\r\n', 400, 'BAD_REQUEST'],
    [
      'another type that begins alike',
      'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json-evil\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  ])('%s is refused as JSON', async (_name, text, status, code) => {
    const answer = await sendRaw(gateway.url, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('{"errors')))).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  test('a live gateway on loopback answers to its own names only, so that no page can rebind one to it', async () => {
    await using live = await startTestGateway({ access: (sandbox) => byPrivateToken(sandbox) });
    const port = new URL(live.url).port;
    for (const [host, status] of [
      ['127.0.0.1', 200],
      ['localhost', 200],
      ['evil.example', 421],
    ] as const) {
      const { statusCode } = await request(`${live.url}/livez`, { headers: { host: `${host}:${port}` } });
      expect([host, statusCode]).toEqual([host, status]);
    }
  });
});

describe('who may call from a page', () => {
  test('a GET that a page of another site could send is refused, with a preflight header or a token it is answered', async () => {
    const url = `${gateway.url}/graphql?query=${encodeURIComponent('{ viewer { kind } }')}`;
    expect((await fetch(url)).status).toBe(400);
    for (const headers of [{ 'apollo-require-preflight': '1' }, { authorization: 'Bearer a.b.c' }]) {
      expect(await (await fetch(url, { headers: headers as Record<string, string> })).json()).toMatchObject({
        data: { viewer: { kind: 'USER' } },
      });
    }
  });

  test('the hosted Apollo Sandbox may, another origin may not', async () => {
    const preflight = (origin: string) =>
      fetch(`${gateway.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      });
    const studio = await preflight('https://studio.apollographql.com');
    expect(studio.headers.get('access-control-allow-origin')).toBe('https://studio.apollographql.com');
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a page may steer freshness and priority, ask for the cost, and read what an answer says of its age', async () => {
    const origin = 'https://studio.apollographql.com';
    const asked = 'cache-control,priority,if-none-match,graphql-cost';
    const { headers } = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    });
    const allowed = headers.get('access-control-allow-headers')?.toLowerCase().split(/, */) ?? [];
    expect(asked.split(',').filter((name) => !allowed.includes(name))).toEqual([]);
    expect(allowed).not.toContain('cookie');
    const answer = await post(viewer, { origin });
    expect(answer.headers.get('access-control-expose-headers')).toBe(
      'x-request-id, age, etag, retry-after, ratelimit, ratelimit-policy',
    );
  });

  test('an answer that holds nothing of upstream is private and not to be stored', async () => {
    const response = await post(viewer);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect([response.headers.get('age'), response.headers.get('etag')]).toEqual([null, null]);
    expect(response.headers.get('vary')?.toLowerCase()).toBe('origin, accept, authorization, graphql-cost');
  });
});

describe('the life of the process', () => {
  test('livez and readyz answer without asking upstream', async () => {
    gateway.calls();
    expect(await (await fetch(`${gateway.url}/livez`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({ status: 'ready', mode: 'sandbox' });
    expect((await fetch(`${gateway.url}/readyz`, { method: 'HEAD' })).status).toBe(200); // as balancers ask
    expect(gateway.calls()).toEqual([]);
  });

  test('a request in flight is answered while the gateway closes, and nothing new is taken', async () => {
    const closing = await startTestGateway();
    const { full } = closing.sandbox.locations;
    closing.sandbox.setFault({ route: 'listTags', kind: 'latency', ms: 150 });
    const answer = closing.ask(`{ location(id: "${full}") { tags(first: 1) { nodes { id } } } }`);
    await arrived(closing, 'listTags');
    const closed = closing.gateway.close();
    expect((await answer).data.location.tags.nodes).toHaveLength(1);
    expect((await answer).headers.get('connection')).toBe('close');
    await closed;
    await expect(fetch(`${closing.url}/livez`)).rejects.toThrow();
    await closing.sandbox.close();
  });

  test('a taken port is an error that names it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(startTestGateway({ config: { port } })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    server.close();
  });
});

/** Resolves once upstream has seen a call of that route; the gateway is then waiting for it. */
const arrived = async ({ sandbox }: TestGateway, route: string): Promise<void> => {
  while (!sandbox.calls().some((call) => call.route === route)) await new Promise((resolve) => setImmediate(resolve));
};
