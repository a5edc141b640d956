import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createAdminServer, type AdminOptions } from '../../src/http/admin.ts';
import type { Checks } from '../../src/http/health.ts';
import { createLog } from '../../src/observe/log.ts';
import { holdTimeouts } from '../support/clock.ts';
import { freePort } from '../support/free-port.ts';
import { sendRaw } from '../support/raw.ts';

afterEach(() => void jest.useRealTimers());

const well: Checks['start'] = { otherwise: 'degraded', isWell: () => true };
const checks = (more: Readonly<Record<string, Checks['start']>> = {}): Checks => ({
  start: { otherwise: 'starting', isWell: () => true },
  ...more,
});

const start = async (options: Partial<AdminOptions> = {}) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', secrets: [], sink: { write: (line) => void lines.push(line) } });
  const admin = createAdminServer({
    metrics: { text: () => Promise.resolve('up 1\n') },
    checks: checks(),
    mode: 'live',
    log,
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  await admin.listen();
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(admin.url() + path, init);
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text,
      json: () => JSON.parse(text) as unknown,
    };
  };
  return { ask, url: admin.url(), lines, [Symbol.asyncDispose]: admin.close };
};

describe('the operator’s own port', () => {
  test('gives the metrics as text of Prometheus’ format', async () => {
    await using admin = await start();
    expect(await admin.ask('/metrics')).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: 'up 1\n',
    });
  });

  test('has nothing else, and says what there is', async () => {
    await using admin = await start();
    for (const path of ['/', '/graphql', '/metrics/', '/debug', '/%zz']) {
      const { status, type, json } = await admin.ask(path);
      expect([path, status]).toEqual([path, path === '/%zz' ? 400 : 404]);
      expect(type).toBe('application/json; charset=utf-8');
      expect(json()).toMatchObject({ errors: [{ extensions: { requestId: expect.any(String) } }] });
    }
  });

  test('takes no other method and no body, and reads neither', async () => {
    await using admin = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await admin.ask('/metrics', { method })).status).toBe(405);
    const host = new URL(admin.url).host;
    const withBody = `GET /metrics HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000000\r\n\r\n{`;
    expect(await sendRaw(admin.url, withBody)).toMatch(/^HTTP\/1\.1 400 [^]*connection: close/i);
  });

  test.each([
    ['a name of another machine', 'gateway.example', 421],
    ['a name that begins like one of this machine', '127.0.0.1.attacker.example', 421],
    ['a name of this machine', 'localhost', 200],
    ['an address of this machine', '127.0.0.1:1234', 200],
    ['an address of this machine', '[::1]:9464', 200],
  ])('on loopback answers to %s: %s %i', async (_, host, status) => {
    await using admin = await start();
    const answer = await sendRaw(admin.url, `GET /metrics HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.includes('up 1')).toBe(status === 200);
  });

  test('elsewhere answers to every name', async () => {
    await using admin = await start({ host: '0.0.0.0' });
    const request = 'GET /livez HTTP/1.1\r\nhost: gateway.example\r\nconnection: close\r\n\r\n';
    expect(await sendRaw(admin.url.replace('localhost', '127.0.0.1'), request)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('hides what went wrong inside, and writes it down', async () => {
    await using admin = await start({ metrics: { text: () => Promise.reject(new Error('inner trouble')) } });
    const { status, text } = await admin.ask('/metrics');
    expect(status).toBe(500);
    expect(text).not.toContain('inner trouble');
    expect(admin.lines.join()).toContain('inner trouble');
  });

  test('says so where its port is taken', async () => {
    const port = await freePort();
    await using first = await start({ port });
    expect(first.url).toContain(String(port));
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('readiness', () => {
  const readiness = async (options: Parameters<typeof checks>[0]) => {
    await using admin = await start({ checks: checks(options) });
    const { status, json } = await admin.ask('/readyz');
    return { status, told: json() };
  };

  test('tells of each part whether it is well', async () => {
    const parts = { start: { isWell: true, seconds: 0 }, redis: { isWell: true, seconds: 0 } };
    const told = { status: 'ready', mode: 'live', checks: parts };
    expect(await readiness({ redis: well })).toEqual({ status: 200, told });
  });

  test.each(['draining', 'overloaded', 'starting'] as const)('is 503 while it is %s', async (otherwise) => {
    const seen = await readiness({ part: { otherwise, isWell: () => false } });
    expect(seen).toMatchObject({ status: 503, told: { status: otherwise } });
  });

  test.each([
    ['away', () => Promise.reject(new Error('away'))],
    ['not well', () => false],
  ])('is degraded, and 200, while a store is %s', async (_, isWell) => {
    const seen = await readiness({ store: { otherwise: 'degraded', isWell } });
    const parts = { start: { isWell: true }, store: { isWell: false } };
    expect(seen).toMatchObject({ status: 200, told: { status: 'degraded', checks: parts } });
  });

  test('waits a second for a store that is silent', async () => {
    const asked = Promise.withResolvers<null>();
    const isWell = () => (asked.resolve(null), new Promise<boolean>(() => undefined));
    holdTimeouts();
    const seeing = readiness({ store: { otherwise: 'degraded', isWell } });
    await asked.promise;
    jest.advanceTimersByTime(1_000);
    expect(await seeing).toMatchObject({
      status: 200,
      told: { status: 'degraded', checks: { store: { isWell: false } } },
    });
  });

  test('that is away for two reasons tells the first', async () => {
    const bad = { isWell: () => false };
    const seen = await readiness({
      drain: { ...bad, otherwise: 'draining' },
      store: { ...bad, otherwise: 'degraded' },
    });
    expect(seen).toMatchObject({ status: 503, told: { status: 'draining' } });
  });
});

test('it has started when its start is well, and lives all the while', async () => {
  let hasStarted = false;
  await using admin = await start({
    checks: { start: { otherwise: 'starting', isWell: () => hasStarted }, store: { ...well, isWell: () => false } },
  });
  const look = async () =>
    [await admin.ask('/startupz'), await admin.ask('/livez')].map(({ status, text }) => [status, text]);
  const alive = [200, '{"status":"ok"}'];
  expect(await look()).toEqual([[503, '{"status":"starting"}'], alive]);
  hasStarted = true;
  expect(await look()).toEqual([[200, '{"status":"started"}'], alive]);
});
