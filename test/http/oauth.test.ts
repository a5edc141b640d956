import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { oauthRoutes, type OAuthOptions } from '../../src/http/oauth.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { toLocationId } from '../../src/model/ids.ts';
import { createLog } from '../../src/observe/log.ts';
import { InstallError, type Installed, type InstallProblem, type Installs } from '../../src/tokens/install.ts';
import { httpDefaults } from '../support/http-defaults.ts';
import { byLocationGrants, startTestGateway } from '../support/gateway.ts';

const secret = 'S'.repeat(43);
const consentPage = new URL('https://vendor.example/choose?state=abc');
const location = 've9EPM428h8vShlRW1KT';
const locationId = toLocationId(location);
if (locationId === null) throw new Error('no location id');
const done: Installed = { holder: { kind: 'location', locationId }, missingScopes: [] };

/** The pages alone. `finish` says how the callback ends. */
const startPages = async (
  finish: Installs['finish'] = () => Promise.resolve(done),
  options: Partial<OAuthOptions> = {},
  publicHost: string | null = null,
) => {
  const begun: unknown[] = [];
  const finished: Parameters<Installs['finish']>[0][] = [];
  const lines: string[] = [];
  const log = createLog({ level: 'debug', secrets: [], sink: { write: (line) => void lines.push(line) } });
  const isDraining = () => false;
  const app = await createHttpServer({ ...httpDefaults, log, isDraining, isLoopbackOnly: true, publicHost });
  const installs: Installs = {
    begin: (wish) => {
      begun.push(wish);
      return Promise.resolve({ url: consentPage, browserSecret: secret });
    },
    finish: (callback) => {
      finished.push(callback);
      return finish(callback);
    },
    refuse: (by) => void refused.push(by),
  };
  const refused: string[] = [];
  const administrator = () => 'somebody';
  oauthRoutes({ installs, publicUrl: () => url, administrator, ...options })(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const { statusCode, headers: answered, body } = await request(url + path, { headers });
    return { status: statusCode, headers: answered, text: await body.text() };
  };
  return { url, get, begun, finished, refused, lines, [Symbol.asyncDispose]: () => app.close() };
};

// Every one of them must be met by somebody who can do something about it.
const remedies: Readonly<Record<InstallProblem, readonly [number, RegExp]>> = {
  'not-administrator': [403, /npm run connect -- --print/],
  'state-unknown': [400, /ten minutes.*Begin again at <a href="\/oauth\/install">/],
  'state-missing': [400, /UPSTREAM_MARKETPLACE_INSTALLS=on/],
  'refused-by-person': [403, /Begin again/],
  'code-missing': [400, /without an authorization code.*Begin again/],
  'code-refused': [400, /redeemed already.*Begin again/],
  'no-refresh-token': [502, /app's settings/],
  'other-location': [409, /another location.*Begin again/],
  'other-company': [409, /UPSTREAM_COMPANY_ID/],
  'company-answer': [409, /UPSTREAM_GRANT=agency/],
  'location-answer': [409, /UPSTREAM_GRANT=authorization-code/],
  'nobody-named': [502, /without saying for which location or company/],
  'upstream-failed': [502, /The log says why/],
  'store-unavailable': [503, /Try again in a moment/],
};

/** What a page must not give back, in whatever spelling. */
const hostile = [
  '<script>reflected()</script>',
  'reflected\r\nset-cookie: gateway_install=evil',
  `"'><img src=x onerror=reflected()>`,
];
const fields = ['code', 'state', 'error', 'error_description', 'location', 'ticket', 'reflected'];
const hostileQueries = hostile.map((text) =>
  new URLSearchParams(fields.map((name): [string, string] => [name, text])).toString(),
);

const expectSafe = ({ headers, text }: { headers: Record<string, unknown>; text: string }) => {
  expect(text).not.toMatch(/reflected|<script|onerror/i);
  expect(JSON.stringify(headers)).not.toMatch(/reflected|evil/i);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  expect(headers).not.toHaveProperty('x-powered-by');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("form-action 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/script-src|unsafe-/);
};

describe('an install that does not end in a grant', () => {
  test.each(Object.entries(remedies))('%s: a page with the way out', async (problem, [status, remedy]) => {
    await using pages = await startPages(() => Promise.reject(new InstallError(problem as InstallProblem)));
    for (const query of hostileQueries) {
      const answer = await pages.get(`/oauth/callback?${query}`);
      expect(answer.status).toBe(status);
      expect(answer.text).toMatch(remedy);
      expect(answer.text).toMatch(/<h1>[A-Z][^<]+<\/h1>/);
      expectSafe(answer);
      expect(answer.headers).not.toHaveProperty('set-cookie');
    }
  });

  test('store-unavailable before it has begun leaves no cookie behind', async () => {
    await using pages = await startPages(undefined, {
      installs: {
        begin: () => Promise.reject(new InstallError('store-unavailable')),
        finish: () => Promise.resolve(done),
        refuse: () => undefined,
      },
    });
    const answer = await pages.get('/oauth/install');
    expect(answer.status).toBe(503);
    expectSafe(answer);
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  test.each(hostile)('a location that cannot be one, %j, is not shown and begins nothing', async (text) => {
    await using pages = await startPages();
    const answer = await pages.get(`/oauth/install?location=${encodeURIComponent(text)}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('cannot be a location id');
    expectSafe(answer);
    expect(pages.begun).toEqual([]);
  });

  test('whoever is no administrator begins nothing, and hears of the link', async () => {
    await using pages = await startPages(undefined, { administrator: () => null });
    for (const query of hostileQueries) {
      const answer = await pages.get(`/oauth/install?${query}`);
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('npm run connect -- --print');
      expectSafe(answer);
    }
    expect(pages.begun).toEqual([]);
  });

  test('what nobody foresaw is an error with an id, and its words stay in the log', async () => {
    await using pages = await startPages(() => Promise.reject(new Error('reflected words')));
    const answer = await pages.get('/oauth/callback?code=1');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('reflected');
    expect(pages.lines.join('')).toContain('reflected words');
  });
});

describe('an install that ends in a grant', () => {
  test('says which location is connected and that nothing is missing', async () => {
    await using pages = await startPages();
    const answer = await pages.get('/oauth/callback?code=1&state=2', { cookie: `gateway_install=${secret}` });
    expect(answer.status).toBe(200);
    expectSafe(answer);
    expect(answer.text).toContain(`Location <code>${location}</code> is connected.`);
    expect(answer.text).toContain('Every scope that was asked for is granted');
    expect(pages.finished).toEqual([{ search: '?code=1&state=2', browserSecret: secret }]);
  });

  test('names the agency and every missing scope as text, whatever upstream calls them', async () => {
    const companyId = '<script>reflected()</script>';
    const missingScopes = ['socialplanner/tag.readonly', '<img src=x onerror=reflected()>'];
    await using pages = await startPages(() =>
      Promise.resolve({ holder: { kind: 'company', companyId }, missingScopes }),
    );
    const { status, text } = await pages.get('/oauth/callback?code=1');
    expect(status).toBe(200);
    expect(text).toContain('Agency <code>&lt;script&gt;reflected()&lt;/script&gt;</code> is connected');
    expect(text).toContain('<li><code>socialplanner/tag.readonly</code></li>');
    expect(text).not.toMatch(/<script|<img/);
  });
});

describe('the cookie', () => {
  const cookieOf = async (publicUrl: string, path: string) => {
    await using pages = await startPages(undefined, { publicUrl: () => publicUrl }, new URL(publicUrl).host);
    return (await pages.get(path, { host: new URL(publicUrl).host })).headers['set-cookie'];
  };

  test.each([
    ['http://127.0.0.1:4000', `gateway_install=${secret}; Path=/oauth; Max-Age=600; HttpOnly; SameSite=Lax`],
    ['https://gateway.example', `gateway_install=${secret}; Path=/oauth; Max-Age=600; HttpOnly; SameSite=Lax; Secure`],
  ])('left at %s is for that browser and these paths alone', async (publicUrl, cookie) => {
    expect(await cookieOf(publicUrl, '/oauth/install')).toBe(cookie);
  });

  test('is the same for all tabs of a browser, so that none takes another one its consent', async () => {
    await using pages = await startPages();
    const held = 'H'.repeat(43);
    await pages.get('/oauth/install', { cookie: `gateway_install=${held}` });
    expect(pages.begun).toEqual([expect.objectContaining({ browserSecret: held })]);
    expect((await pages.get('/oauth/callback?code=1')).headers).not.toHaveProperty('set-cookie');
  });

  test.each([
    ['no cookie', {}, null],
    ['another cookie', { cookie: 'session=1' }, null],
    ['one among others', { cookie: `a=1; gateway_install=${secret}; b=2` }, secret],
    ['one whose name only ends so', { cookie: `not_gateway_install=${secret}` }, null],
    ['one that is too short', { cookie: 'gateway_install=short' }, null],
    ['one that is quoted', { cookie: `gateway_install="${secret}"` }, null],
    ['an empty one', { cookie: 'gateway_install=' }, null],
    // RFC 6265 §5.4: the one of the longest path comes first; a second one is another site's attempt.
    ['a repeated one', { cookie: `gateway_install=${secret}; gateway_install=${'E'.repeat(43)}` }, secret],
  ])('%s', async (_name, headers, browserSecret) => {
    await using pages = await startPages();
    await pages.get('/oauth/callback?code=1', headers);
    expect(pages.finished).toEqual([{ search: '?code=1', browserSecret }]);
  });
});

describe('the beginning', () => {
  test('under another name of this machine leads to the one that the browser comes back to, and leaves nothing behind', async () => {
    await using pages = await startPages();
    const { port } = new URL(pages.url);
    const { status, headers } = await pages.get('/oauth/install?location=one', { host: `localhost:${port}` });
    expect([status, headers['location'], headers['set-cookie']]).toEqual([
      302,
      `${pages.url}/oauth/install?location=one`,
      undefined,
    ]);
    expect(pages.begun).toEqual([]);
  });

  test('by somebody who may not is refused and noted', async () => {
    await using pages = await startPages(undefined, { administrator: () => null });
    expect((await pages.get('/oauth/install')).status).toBe(403);
    expect((await pages.get('/oauth/install?ticket=forged')).status).toBe(403);
    expect(pages.refused).toEqual(['no ticket', 'bad ticket']);
  });

  test('is a redirect to the consent page that no cache keeps, noted with who began it', async () => {
    await using pages = await startPages();
    const { status, headers } = await pages.get(`/oauth/install?location=${location}`);
    expect(status).toBe(302);
    expect(headers).toMatchObject({
      location: consentPage.href,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(pages.begun).toEqual([{ locationId: location, by: 'somebody', browserSecret: null }]);
  });

  test('takes GET only: a HEAD, as link checkers send it, begins and spends nothing', async () => {
    await using pages = await startPages();
    for (const method of ['HEAD', 'POST'] as const) {
      for (const path of ['/oauth/install', '/oauth/callback?code=1']) {
        const { statusCode, body } = await request(pages.url + path, { method });
        await body.dump();
        expect(statusCode).toBe(404);
      }
    }
    expect([...pages.begun, ...pages.finished]).toEqual([]);
  });
});

describe('who may begin at a live gateway', () => {
  const publicUrl = 'https://gateway.example';
  const start = async (config: { readonly publicUrl: string | null }) => {
    const gateway = await startTestGateway({ access: byLocationGrants, config });
    const { port } = new URL(gateway.url);
    const get = async (host: string, path: string) => {
      const { statusCode, headers, body } = await request(gateway.url + path, { headers: { host } });
      await body.dump();
      return { status: statusCode, headers };
    };
    const ticket = gateway.gateway.consenting?.tickets.issue() ?? '';
    const forged = `${ticket.slice(0, -2)}${ticket.endsWith('AA') ? 'BB' : 'AA'}`;
    const old = `${Date.now() - 1}.${ticket.split('.')[1] ?? ''}`;
    return { get, port, ticket, forged, old, [Symbol.asyncDispose]: () => gateway.close() };
  };
  type Asked = readonly [host: string, path: string, status: number];
  const expectAnswers = async ({ get }: Awaited<ReturnType<typeof start>>, table: readonly Asked[]) => {
    for (const [host, path, status] of table)
      expect([host, path, (await get(host, path)).status]).toEqual([host, path, status]);
  };

  test('that browsers reach under no other name: whoever sits at its machine', async () => {
    await using gateway = await start({ publicUrl: null });
    const { ticket, forged, port } = gateway;
    await expectAnswers(gateway, [
      [`127.0.0.1:${port}`, '/oauth/install', 302],
      [`localhost:${port}`, '/oauth/install', 302],
      [`localhost:${port}`, `/oauth/install?ticket=${ticket}`, 302],
      [`localhost:${port}`, `/oauth/install?ticket=${forged}`, 403],
      ['gateway.example', `/oauth/install?ticket=${ticket}`, 421],
    ]);
  });

  test('that browsers reach under a public name: whoever has a link, and nothing else answers under that name', async () => {
    await using gateway = await start({ publicUrl });
    const { ticket, forged, old, port } = gateway;
    await expectAnswers(gateway, [
      ['gateway.example', `/oauth/install?ticket=${ticket}`, 302],
      [`localhost:${port}`, `/oauth/install?ticket=${ticket}`, 302],
      [`localhost:${port}`, '/oauth/install', 403], // a proxy may name it so for everybody
      ['gateway.example', '/oauth/install', 403],
      ['gateway.example', '/oauth/install?ticket=', 403],
      ['gateway.example', `/oauth/install?ticket=${forged}`, 403],
      ['gateway.example', `/oauth/install?ticket=${old}`, 403],
      ['gateway.example', '/oauth/callback', 400],
      ['gateway.example', '/graphql?query={viewer{subject}}', 421],
      ['gateway.example', '/', 421],
      ['gateway.example', '/readyz', 421],
      ['gateway.example', '/oauth/install/../../graphql', 421],
      ['gateway.example', '/oauth/installed', 421],
      ['gateway.example:8443', '/oauth/install', 421],
      ['evil.example', `/oauth/install?ticket=${ticket}`, 421],
      ['gateway.example.evil.example', '/oauth/callback', 421],
    ]);
  });

  test('behind https the way back is to the public address, and the cookie is sent over nothing else', async () => {
    await using gateway = await start({ publicUrl });
    const { headers } = await gateway.get('gateway.example', `/oauth/install?ticket=${gateway.ticket}`);
    expect(new URL(String(headers['location'])).searchParams.get('redirect_uri')).toBe(`${publicUrl}/oauth/callback`);
    expect(headers['set-cookie']).toMatch(/; Secure$/);
  });
});
