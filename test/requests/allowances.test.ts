import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig, type Config } from '../../src/config.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { authBy, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { until } from '../support/until.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(async () => {
  await issuer[Symbol.asyncDispose]();
});

const noLimits = { requests: 0, cost: 0 };

interface Limits {
  readonly caller?: Config['allowances']['caller'];
  readonly location?: Config['allowances']['location'];
  readonly maxConcurrentRequests?: number;
  readonly documentLimits?: Config['documentLimits'];
  readonly jwksUrl?: string;
}

/** A gateway that tells callers apart. So few a minute that none comes back while a test runs. */
const start = ({ caller = noLimits, location = noLimits, jwksUrl = issuer.jwksUrl, ...rest }: Limits) =>
  startTestGateway({ config: { auth: authBy({ ...issuer, jwksUrl }), allowances: { caller, location }, ...rest } });

/** The headers of one caller, who may read two locations. */
const callerOf = (
  { sandbox: { locations } }: TestGateway,
  sub: string,
  locationId = [locations.full, locations.empty],
) => ({
  authorization: `Bearer ${issuer.token({ sub, locationId })}`,
});

const tagsOf = (id: string): string => `{ location(id: "${id}") { tags { nodes { name } } } }`;

describe('a caller', () => {
  test('reads its limits from every answer', async () => {
    await using gateway = await start({ caller: { requests: 6_000, cost: 5_000 } });
    const { status, headers } = await gateway.ask('{ viewer { subject } }', {}, callerOf(gateway, 'anna'));
    expect(status).toBe(200);
    expect(headers.get('ratelimit-policy')).toBe('"requests";q=6000;w=60, "cost";q=5000;w=60');
    expect(headers.get('ratelimit')).toBe('"requests";r=5999;t=1, "cost";r=5000;t=1');
    expect(headers.get('retry-after')).toBeNull();
  });

  test('over its requests is told so before anything else, and others are served', async () => {
    await using gateway = await start({ caller: { requests: 2, cost: 0 } });
    const { full } = gateway.sandbox.locations;
    const anna = callerOf(gateway, 'anna');
    for (let count = 0; count < 2; count += 1) expect((await gateway.ask(tagsOf(full), {}, anna)).status).toBe(200);
    gateway.calls();
    const refused = await gateway.ask('this is read by nobody', {}, anna);
    expect(refused.status).toBe(429);
    expect(refused.errors).toEqual([
      expect.objectContaining({
        extensions: expect.objectContaining({
          code: 'RATE_LIMITED',
          isRetryable: true,
          retryAfterMs: expect.any(Number),
        }),
      }),
    ]);
    expect(refused.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=\d+$/);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(gateway.calls()).toEqual([]);
    expect((await gateway.ask(tagsOf(full), {}, callerOf(gateway, 'bert'))).status).toBe(200);
  });

  test('pays for what upstream was asked, afterwards, and waits until it is paid for', async () => {
    await using gateway = await start({ caller: { requests: 0, cost: 1 } });
    const { full } = gateway.sandbox.locations;
    const anna = callerOf(gateway, 'anna');
    expect((await gateway.ask(tagsOf(full), {}, anna)).errors).toEqual([]);
    expect(gateway.calls().length).toBeGreaterThan(0);
    const refused = await gateway.ask('{ viewer { subject } }', {}, anna);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('ratelimit')).toMatch(/^"cost";r=0;t=\d+$/);
    expect((await gateway.ask('{ viewer { subject } }', {}, callerOf(gateway, 'bert'))).status).toBe(200);
  });
});

describe('a location', () => {
  test('takes so many requests from all callers together, and tells none what the others do', async () => {
    await using gateway = await start({ location: { requests: 2, cost: 0 }, caller: { requests: 6_000, cost: 0 } });
    const { full, empty } = gateway.sandbox.locations;
    for (const sub of ['anna', 'bert']) await gateway.ask(tagsOf(full), {}, callerOf(gateway, sub));
    gateway.calls();
    const cora = callerOf(gateway, 'cora');
    const refused = await gateway.ask(tagsOf(full), {}, cora);
    expect(refused.status).toBe(429);
    expect(gateway.codesOf(refused)).toEqual(['RATE_LIMITED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toBe('"requests";r=5999;t=1');
    expect(gateway.calls()).toEqual([]);
    expect((await gateway.ask(tagsOf(empty), {}, cora)).status).toBe(200);
  });

  test('loses nothing to callers who may not read it', async () => {
    await using gateway = await start({ location: { requests: 1, cost: 0 } });
    const { full, empty } = gateway.sandbox.locations;
    const stranger = callerOf(gateway, 'stranger', [empty]);
    for (let count = 0; count < 3; count += 1) {
      const answer = await gateway.ask(tagsOf(full), {}, stranger);
      expect([answer.status, answer.data]).toEqual([200, { location: null }]);
    }
    expect((await gateway.ask(tagsOf(full), {}, callerOf(gateway, 'anna'))).errors).toEqual([]);
  });

  test('is looked at wherever it stands among many in one operation', async () => {
    const ids = Array.from({ length: 22 }, (_, index) => `location-${index}`);
    const { documentLimits } = readConfig({ UPSTREAM: 'sandbox', MAX_ROOT_FIELDS: '22' });
    await using gateway = await start({ location: { requests: 1, cost: 0 }, documentLimits });
    const anna = callerOf(gateway, 'anna', ids);
    const ask = (some: readonly string[]) =>
      gateway.ask(`{ ${some.map((id, index) => `a${index}: location(id: "${id}") { id }`).join(' ')} }`, {}, anna);
    expect((await ask(ids.slice(-1))).status).toBe(200);
    expect((await ask(ids)).status).toBe(429);
  });

  test('pays for the calls that were made for it, whoever asked', async () => {
    await using gateway = await start({ location: { requests: 0, cost: 1 } });
    const { full, empty } = gateway.sandbox.locations;
    await gateway.ask(tagsOf(full), {}, callerOf(gateway, 'anna'));
    const bert = callerOf(gateway, 'bert');
    expect((await gateway.ask(tagsOf(full), {}, bert)).status).toBe(429);
    expect((await gateway.ask(tagsOf(empty), {}, bert)).status).toBe(200);
  });
});

/** A request of which the body never comes. */
const halfOf = async ({ url }: TestGateway, headers: Readonly<Record<string, string>>): Promise<Socket> => {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const lines = Object.entries({ host, 'content-type': 'application/json', 'content-length': '99', ...headers });
  socket.write(`POST /graphql HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n{`);
  return socket;
};

/** The first answer of that status. */
const askUntil = (gateway: TestGateway, headers: Readonly<Record<string, string>>, status: number) =>
  until(async () => {
    const answer = await gateway.ask('{ viewer { subject } }', {}, headers);
    return answer.status === status ? answer : null;
  });

/** The issuer's keys, held back until a test lets them go. */
const startSlowKeys = async () => {
  const asked = Promise.withResolvers<null>();
  const released = Promise.withResolvers<null>();
  const server = createServer((_, response) => {
    asked.resolve(null);
    void released.promise.then(() => response.end(JSON.stringify({ keys: issuer.published })));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    asked: asked.promise,
    answer: () => released.resolve(null),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

describe('of the requests under way', () => {
  test('a caller may hold half, others come in beside it, and places come back when it goes', async () => {
    await using gateway = await start({ maxConcurrentRequests: 4 });
    const [anna, bert] = [callerOf(gateway, 'anna'), callerOf(gateway, 'bert')];
    const sockets = await Promise.all([halfOf(gateway, anna), halfOf(gateway, anna)]);
    const refused = await askUntil(gateway, anna, 429);
    expect(gateway.codesOf(refused)).toEqual(['RATE_LIMITED']);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await gateway.ask('{ viewer { subject } }', {}, bert)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await askUntil(gateway, anna, 200);
  });

  test('nobody has a share of its own where callers cannot be told apart: all places can be taken, and then it is full', async () => {
    await using gateway = await startTestGateway({ config: { maxConcurrentRequests: 2 } });
    const sockets = await Promise.all([halfOf(gateway, {}), halfOf(gateway, {})]);
    const refused = await askUntil(gateway, {}, 503);
    expect(gateway.codesOf(refused)).toEqual(['OVERLOADED']);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit')).toBeNull();
    for (const socket of sockets) socket.destroy();
    await askUntil(gateway, {}, 200);
  });

  test('a caller that goes away while its token is being checked leaves no place behind', async () => {
    await using keys = await startSlowKeys();
    await using gateway = await start({ maxConcurrentRequests: 1, jwksUrl: keys.url });
    const anna = callerOf(gateway, 'anna');
    const socket = await halfOf(gateway, anna);
    await keys.asked;
    socket.destroy();
    await until(() => Object.keys(gateway.gateway.tally.snapshot()).find((name) => name.endsWith('499')) ?? null);
    keys.answer();
    await askUntil(gateway, anna, 200);
  });
});
