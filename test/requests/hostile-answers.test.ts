// Upstream's answers at their worst, through the whole gateway. What an endpoint makes of a wrong form is in test/upstream/endpoint.test.ts.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { Config } from '../../src/config.ts';
import { startTestGateway } from '../support/gateway.ts';

const megabyte = 1024 * 1024;

/** A server on 127.0.0.1 that answers as it is told to. */
const startServer = async (listener: RequestListener) => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    hostile.listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hostile = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    listener,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hostile;
};

/** A gateway whose upstream it is. */
const startOver = async ({ url }: { url: string }, config: Partial<Config> = {}) => {
  const gateway = await startTestGateway({
    config,
    access: (sandbox) => ({
      url,
      sandbox: null,
      grant: {
        kind: 'private-token',
        privateToken: sandbox.issuePrivateToken({ locationId: sandbox.locations.full }),
      },
    }),
  });
  let count = 0;
  /** A question that no kept answer serves. */
  const ask = () =>
    gateway.ask(
      `{ location(id: "${gateway.sandbox.locations.full}") { tags(first: 1, search: "s${(count += 1)}") { nodes { id } } } }`,
    );
  return { gateway, ask, [Symbol.asyncDispose]: () => gateway.close() };
};

const sendJson =
  (text: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
const goodText = JSON.stringify({
  success: true,
  statusCode: 200,
  message: 'Fetched',
  results: { tags: [{ _id: 't1', tag: 'one' }], count: 1 },
});
const good = sendJson(goodText);
const begin = (response: ServerResponse, length: number): ServerResponse =>
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(length) });

/** Writes as much of so many bytes as is taken; `wrote` hears of each piece. */
const writeLong = (response: ServerResponse, bytes: number, wrote: (bytes: number) => void): void => {
  const piece = Buffer.alloc(256 * 1024, 'x');
  let left = bytes;
  const more = (): void => {
    while (!response.destroyed && left > 0) {
      left -= piece.length;
      wrote(piece.length);
      if (!response.write(piece)) return;
    }
    response.end();
  };
  response.on('drain', more).on('error', () => undefined);
  more();
};

describe('each bad answer has its code, after few attempts, and leaves the gateway able to answer', () => {
  const brief = { upstreamTimeoutMs: 250 };
  test.each<[string, RequestListener, string, number, Partial<Config>]>([
    [
      'HTML with a 200',
      (_request, response) =>
        void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
      'UPSTREAM_INVALID_RESPONSE',
      1,
      {},
    ],
    ['half of the JSON, as if it were whole', sendJson(goodText.slice(0, -20)), 'UPSTREAM_INVALID_RESPONSE', 1, {}],
    ['JSON of another kind', sendJson('[[[["tags"]]]]'), 'UPSTREAM_INVALID_RESPONSE', 1, {}],
    ['JSON of a thousand levels', sendJson('['.repeat(1_000) + ']'.repeat(1_000)), 'UPSTREAM_INVALID_RESPONSE', 1, {}],
    [
      'headers of 200 KB',
      (_request, response) => void response.writeHead(200, { x: 'x'.repeat(200_000) }).end(goodText),
      'UPSTREAM_INVALID_RESPONSE',
      1,
      {},
    ],
    ['silence', () => undefined, 'UPSTREAM_TIMEOUT', 2, brief],
    ['silence in mid-body', (_request, response) => void begin(response, 100).write('{'), 'UPSTREAM_TIMEOUT', 2, brief],
    [
      'a byte now and then',
      (_request, response) => {
        begin(response, 1_000_000);
        const timer = setInterval(() => void response.write(' '), 5);
        response.once('close', () => clearInterval(timer));
      },
      'UPSTREAM_TIMEOUT',
      2,
      brief,
    ],
    [
      'silence, longer than those who ask have time',
      () => undefined,
      'UPSTREAM_TIMEOUT',
      1,
      { requestDeadlineMs: 250, upstreamTimeoutMs: 60_000 },
    ],
    [
      'an early end in mid-body',
      (_request, response) => void begin(response, 100).write('{', () => response.destroy()),
      'UPSTREAM_UNAVAILABLE',
      3,
      {},
    ],
    ['an end before any byte', (request) => void request.socket.destroy(), 'UPSTREAM_UNAVAILABLE', 3, {}],
  ])('%s', async (_what, listener, code, attempts, config) => {
    await using upstream = await startServer(listener);
    await using over = await startOver(upstream, config);
    const answer = await over.ask();
    expect(answer).toMatchObject({ status: 200, data: { location: { tags: null } } });
    expect(over.gateway.codesOf(answer)).toEqual([code]);
    expect(upstream.requests).toHaveLength(attempts);
    if (config.upstreamTimeoutMs !== undefined) return; // a good one may need longer
    upstream.listener = good;
    expect((await over.ask()).data.location.tags).toEqual({ nodes: [{ id: 't1' }] });
  });
});

test.each([
  ['that is announced', { 'content-length': String(50 * megabyte) }, 0],
  ['that is not announced', {}, 9],
])('a body of 50 MB %s is cut off at ten, asked for once, time after time', async (_how, headers, atLeastMegabytes) => {
  let written = 0;
  await using upstream = await startServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    writeLong(response, 50 * megabyte, (bytes) => (written += bytes));
  });
  await using over = await startOver(upstream);
  for (let round = 1; round <= 5; round += 1) {
    const before = written;
    expect(over.gateway.codesOf(await over.ask())).toEqual(['UPSTREAM_INVALID_RESPONSE']);
    expect(upstream.requests).toHaveLength(round);
    expect(written - before).toBeGreaterThanOrEqual(atLeastMegabytes * megabyte);
    expect(written - before).toBeLessThan(30 * megabyte); // ten, and what the sockets' buffers hold
  }
  upstream.listener = good;
  expect((await over.ask()).errors).toEqual([]);
});

test.each([301, 302, 303, 307, 308])(
  'a %i to another host is not followed: it never sees the token',
  async (status) => {
    await using thief = await startServer(good);
    await using upstream = await startServer((_request, response) => {
      response.writeHead(status, { location: `${thief.url}/collect` }).end(goodText);
    });
    await using over = await startOver(upstream);
    expect(over.gateway.codesOf(await over.ask())).toEqual(['UPSTREAM_INVALID_RESPONSE']);
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([expect.stringMatching(/^Bearer ./)]);
    expect(thief.requests).toHaveLength(0);
  },
);

describe('rate limit headers that lie are not believed', () => {
  const names = [
    'x-ratelimit-max',
    'x-ratelimit-remaining',
    'x-ratelimit-interval-milliseconds',
    'x-ratelimit-limit-daily',
    'x-ratelimit-daily-remaining',
    'x-ratelimit-daily-reset',
  ];
  test.each([
    ['missing', null],
    ['empty', ''],
    ['negative', '-1'],
    ['NaN', 'NaN'],
    ['huge', '99999999999999999999'],
    ['endless', 'Infinity'],
    ['in another notation', '1e1'],
    ['broken', '0.5'],
    ['hexadecimal', '0x0'],
    ['in words', 'none'],
    ['two in one', '0, 0'],
  ])('%s', async (_what, value) => {
    const headers = value === null ? {} : Object.fromEntries(names.map((name) => [name, value]));
    await using upstream = await startServer(sendJson(goodText, headers));
    await using over = await startOver(upstream);
    for (let count = 0; count < 3; count += 1) expect((await over.ask()).errors).toEqual([]);
    const window = '{ limit remaining windowSeconds }';
    const { full } = over.gateway.sandbox.locations;
    const answer = await over.gateway.ask(
      `{ location(id: "${full}") { quota { burst ${window} daily ${window} mode observedAt } } }`,
    );
    expect(answer.data.location.quota).toEqual({
      burst: { limit: 100, remaining: 97, windowSeconds: 10 },
      daily: { limit: 200_000, remaining: 199_997, windowSeconds: 86_400 },
      mode: 'NORMAL',
      observedAt: null,
    });
    expect(upstream.requests).toHaveLength(3);
  });
});
