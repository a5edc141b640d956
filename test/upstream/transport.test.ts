import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createLog } from '../../src/observe/log.ts';
import { orAborted } from '../../src/upstream/abort.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import { deadline } from '../../src/upstream/deadline.ts';
import { observed } from '../../src/upstream/observed.ts';
import { stack, type Send, type Stage, type UpstreamRequest } from '../../src/upstream/send.ts';
import { createDispatcher, createTransport } from '../../src/upstream/transport.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Server {
  readonly url: string;
  readonly requests: IncomingMessage[];
}
const serve = async (listener: RequestListener): Promise<Server> => {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
};
const transportTo = (url: string, isTellingOperations = false): Send => {
  const dispatcher = createDispatcher();
  cleanups.push(() => dispatcher.destroy());
  return createTransport(dispatcher, { url, isTellingOperations });
};
const request = (more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  endpoint: 'listTags',
  method: 'GET',
  path: '/tags?limit=1',
  headers: { authorization: 'Bearer access-token', accept: 'application/json' },
  body: null,
  holder: { kind: 'company' },
  scope: 'socialplanner/tag.readonly',
  isRepeatable: true,
  ...ownCause('interactive', 60_000),
  operations: ['LiveReporting', 'Tags'],
  ...more,
});
const failure = (promise: Promise<unknown>): Promise<GatewayError> =>
  promise.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as GatewayError,
  );

describe('the wire', () => {
  test('carries method, path, headers and body, and asks for plain bytes', async () => {
    const bodies: string[] = [];
    const server = await serve((incoming, response) => {
      incoming.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      incoming.on('end', () => response.writeHead(201, { 'x-ratelimit-remaining': '7' }).end('{"a":[1]}'));
    });
    const send = transportTo(server.url);
    const headers = { 'content-type': 'application/json', version: 'v3' };
    const answer = await send(request({ method: 'POST', body: '{"b":2}', headers, path: '/a%2Fb?x=1' }));
    expect(answer).toMatchObject({ status: 201, body: { a: [1] }, headers: { 'x-ratelimit-remaining': '7' } });
    expect(bodies.join('')).toBe('{"b":2}');
    expect(server.requests[0]).toMatchObject({ method: 'POST', url: '/a%2Fb?x=1' });
    expect(server.requests[0]?.headers).toMatchObject({ ...headers, 'accept-encoding': 'identity' });
  });

  test('names the causing operations only where it is told to, and only when there are any', async () => {
    const server = await serve((_incoming, response) => response.end('{}'));
    await transportTo(server.url, true)(request());
    await transportTo(server.url, true)(request({ operations: [] }));
    await transportTo(server.url, false)(request());
    expect(server.requests.map(({ headers }) => headers['x-graphql-operations'])).toEqual([
      'LiveReporting,Tags',
      undefined,
      undefined,
    ]);
  });

  test.each([301, 302, 303, 307, 308])('a %i is not followed: the token would travel along', async (status) => {
    const thief = await serve((_incoming, response) => response.end('{"results":{}}'));
    const server = await serve((_incoming, response) => {
      response.writeHead(status, { location: `${thief.url}/collect` }).end();
    });
    expect(await transportTo(server.url)(request())).toMatchObject({ status, body: null });
    expect(server.requests).toHaveLength(1);
    expect(thief.requests).toHaveLength(0);
  });

  test.each([
    ['HTML', '<html>Bad gateway</html>'],
    ['nothing', ''],
    ['half of it', '{"results":{"tags":['],
  ])('a body that is %s is null', async (_what, text) => {
    const server = await serve((_incoming, response) => response.writeHead(200).end(text));
    expect(await transportTo(server.url)(request())).toMatchObject({ status: 200, body: null });
  });

  test('compressed bytes, which nobody asked for, are not unpacked', async () => {
    const server = await serve((_incoming, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from('1f8b0800', 'hex')),
    );
    expect(await transportTo(server.url)(request())).toMatchObject({ status: 200, body: null });
  });

  test('of a header that came twice the first stands', async () => {
    const server = await serve((_incoming, response) =>
      response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('{}'),
    );
    expect((await transportTo(server.url)(request())).headers['set-cookie']).toBe('a=1');
  });

  test('an endless body is given up at 10 MB, within flat memory', async () => {
    let sent = 0;
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const server = await serve((_incoming, response) => {
      const more = (): void => {
        while (!response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    const error = await failure(transportTo(server.url)(request()));
    expect(error).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect(sent).toBeLessThan(40 * 1024 * 1024); // ten and what the sockets' buffers hold
  });

  test('a body just below the limit is read, one that announces more is refused', async () => {
    const server = await serve((incoming, response) => {
      const bytes = incoming.url === '/large' ? 10 * 1024 * 1024 + 1 : 10 * 1024 * 1024 - 1_000;
      response.on('error', () => undefined).end(`"${'x'.repeat(bytes - 2)}"`);
    });
    const send = transportTo(server.url);
    expect(await send(request({ path: '/small' }))).toMatchObject({ status: 200 });
    expect(await failure(send(request({ path: '/large' })))).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect(await send(request({ path: '/small' }))).toMatchObject({ status: 200 });
  });

  test('headers without end are refused', async () => {
    const server = await serve((_incoming, response) => response.writeHead(200, { x: 'x'.repeat(200_000) }).end('{}'));
    expect(await failure(transportTo(server.url)(request()))).toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
  });

  test.each<[string, RequestListener]>([
    [
      'a cut body',
      (_incoming, response) =>
        response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
    ],
    ['a reset', (incoming) => incoming.socket.resetAndDestroy()],
    ['a close before any byte', (incoming) => incoming.socket.destroy()],
    ['garbage', (incoming) => incoming.socket.end('SSH-2.0-OpenSSH_9\r\n\r\n')],
  ])('%s means unavailable, and the address stays in the cause', async (_what, listener) => {
    const server = await serve(listener);
    const error = await failure(transportTo(server.url)(request()));
    expect(error).toBeInstanceOf(GatewayError);
    expect(error.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(error.message).not.toMatch(/127\.0\.0\.1|ECONN|UND_ERR/);
    expect(String(error.cause)).not.toBe('undefined');
  });

  test('nobody listening means unavailable', async () => {
    const error = await failure(transportTo('http://127.0.0.1:1')(request()));
    expect(error.code).toBe('UPSTREAM_UNAVAILABLE');
  });

  test.each<[string, RequestListener]>([
    ['before the answer', () => undefined],
    ['in the middle of it', (_incoming, response) => void response.writeHead(200).write('{"results":')],
  ])('whoever leaves %s drops the socket, and hears the own reason', async (_when, listener) => {
    const closed = Promise.withResolvers<unknown>();
    const arrived = Promise.withResolvers<unknown>();
    const server = await serve((incoming, response) => {
      incoming.socket.on('close', closed.resolve);
      listener(incoming, response);
      arrived.resolve(null);
    });
    const leaving = new AbortController();
    const answer = failure(transportTo(server.url)(request({ signal: leaving.signal })));
    await arrived.promise;
    const reason = new Error('the caller left');
    leaving.abort(reason);
    expect(await answer).toBe(reason);
    await closed.promise;
  });

  test('who has left before sends nothing', async () => {
    const server = await serve((_incoming, response) => response.end('{}'));
    const reason = new Error('gone');
    expect(await failure(transportTo(server.url)(request({ signal: AbortSignal.abort(reason) })))).toBe(reason);
    expect(server.requests).toHaveLength(0);
  });
});

describe('a deadline', () => {
  const fakeTime = () =>
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await turn();
  };

  test.each<[string, RequestListener]>([
    ['hangs', () => undefined],
    ['hangs in the body', (_incoming, response) => void response.writeHead(200).write('{"results":')],
  ])('ends a call that %s with UPSTREAM_TIMEOUT, and its socket', async (_what, listener) => {
    const closed = Promise.withResolvers<unknown>();
    const server = await serve((incoming, response) => {
      incoming.socket.on('close', closed.resolve);
      listener(incoming, response);
    });
    const send = stack([deadline(3_000)], transportTo(server.url));
    fakeTime();
    let isOver = false;
    const answer = failure(send(request())).finally(() => {
      isOver = true;
    });
    await until(() => server.requests.length === 1);
    await jest.advanceTimersByTimeAsync(2_999);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    const error = await answer;
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    expect(String(error.cause)).toBe('Error: no answer from listTags in 3000 ms');
    await closed.promise;
  });

  test('leaves an answer in time alone and no timer behind', async () => {
    fakeTime();
    const response = { status: 200, headers: {}, body: null };
    const before = jest.getTimerCount();
    expect(await deadline(10)(() => Promise.resolve(response))(request())).toBe(response);
    await failure(deadline(10)(() => Promise.reject(new Error('refused')))(request()));
    expect(jest.getTimerCount()).toBe(before);
  });

  test('of two the shorter one ends the call', async () => {
    fakeTime();
    const hanging: Send = ({ signal }) => orAborted(new Promise<never>(() => undefined), signal);
    for (const [outer, inner] of [
      [8_000, 3_000],
      [3_000, 8_000],
    ] as const) {
      const answer = failure(stack([deadline(outer), deadline(inner)], hanging)(request()));
      await jest.advanceTimersByTimeAsync(3_000);
      expect(String((await answer).cause)).toContain('in 3000 ms');
    }
  });
});

describe('the stack', () => {
  test('runs its stages outermost first, and back', async () => {
    const heard: string[] = [];
    const stage =
      (name: string): Stage =>
      (next) =>
      async (given) => {
        heard.push(`${name} out`);
        const response = await next({ ...given, path: `${given.path}/${name}` });
        heard.push(`${name} back`);
        return response;
      };
    const send = stack([stage('a'), stage('b'), stage('c')], (given) => {
      heard.push(given.path);
      return Promise.resolve({ status: 200, headers: {}, body: null });
    });
    await send(request({ path: '' }));
    expect(heard).toEqual(['a out', 'b out', 'c out', '/a/b/c', 'c back', 'b back', 'a back']);
  });

  test('each call is counted and written down with what became of it, never with its token', async () => {
    const lines: string[] = [];
    const tally = createTally();
    const log = createLog({ level: 'debug', secrets: [], sink: { write: (line) => lines.push(line) } });
    const outcomes: Send[] = [
      () => Promise.resolve({ status: 404, headers: {}, body: null }),
      () => Promise.reject(new GatewayError('UPSTREAM_TIMEOUT')),
      () => Promise.reject(new Error('a bug')),
    ];
    for (const outcome of outcomes) await observed({ log, tally })(outcome)(request()).catch(() => undefined);
    expect(tally.snapshot()).toEqual({
      'upstream listTags 404': 1,
      'upstream listTags UPSTREAM_TIMEOUT': 1,
      'upstream listTags INTERNAL_SERVER_ERROR': 1,
    });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain('"operations":["LiveReporting","Tags"]');
    expect(lines.join('')).not.toContain('access-token');
  });
});

describe('waiting for what others wait for too', () => {
  test('the promise or the reason of the signal, whichever is first', async () => {
    const leaving = new AbortController();
    expect(await orAborted(Promise.resolve(7), leaving.signal)).toBe(7);
    await expect(orAborted(Promise.reject(new Error('failed')), leaving.signal)).rejects.toThrow('failed');
    const waiting = orAborted(new Promise(() => undefined), leaving.signal);
    leaving.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });

  test('who has left before hears the reason, and a later failure of the promise harms nobody', async () => {
    const promise = turn().then(() => Promise.reject(new Error('failed later')));
    await expect(orAborted(promise, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
    for (let turns = 0; turns < 3; turns += 1) await turn(); // Jest fails the test that leaves a rejection unheard
  });
});
