import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';
import { unescaped } from '../support/html.ts';

type Fields = Readonly<Record<string, string | readonly string[]>>;

const Granted = z.looseObject({ access_token: z.string(), refresh_token: z.string(), scope: z.string() });
const CALLBACK = 'http://127.0.0.1:4000/oauth/callback?from=us%20all';
const SCOPES = ['locations.readonly', 'socialplanner/tag.readonly', 'oauth.readonly', 'oauth.write'];
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');

let now = Date.parse('2026-11-24T10:00:00.000Z');
let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
beforeEach(async () => {
  sandbox = await startSandbox({ now: () => now });
  caller = createCaller(sandbox);
});
afterEach(() => sandbox.close());

const encoded = (fields: Fields): URLSearchParams => {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
  return new URLSearchParams(pairs);
};
const request = (changes: Fields = {}): Fields => ({
  response_type: 'code',
  client_id: sandbox.client.id,
  redirect_uri: CALLBACK,
  scope: SCOPES.join(' '),
  state: 'st4te-of-ours',
  ...changes,
});
const open = (query: Fields) => fetch(`${sandbox.authorizeUrl}?${encoded(query).toString()}`, { redirect: 'manual' });
const post = (fields: Fields) =>
  fetch(sandbox.authorizeUrl, { method: 'POST', body: encoded(fields), redirect: 'manual' });
const allow = (changes: Fields = {}) =>
  post({ ...request(), scopes: SCOPES, holder: 'company', decision: 'allow', ...changes });
const target = (response: Response): URL => {
  expect(response.status).toBe(302);
  return new URL(response.headers.get('location') ?? '');
};
const codeOf = async (changes: Fields = {}): Promise<string> =>
  target(await allow(changes)).searchParams.get('code') ?? '';
const redeem = (code: string, fields: Readonly<Record<string, string>> = {}) =>
  caller.grant({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...fields });
const refused = (message: string) => ({ status: 400, body: { statusCode: 400, message } });
const renew = async (refreshToken: string) =>
  Granted.parse((await caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken })).body);
const atLocation = (key: keyof Sandbox['locations']) => ({ holder: `location:${sandbox.locations[key]}` });

const inputs = (html: string, type: string): [string, string][] =>
  [...html.matchAll(/<input type="(\w+)" name="([^"]*)" value="([^"]*)"/g)]
    .filter(([, found]) => found === type)
    .map(([, , name = '', value = '']) => [unescaped(name), unescaped(value)]);

describe('the page', () => {
  test('asks what and for whom, and its form brings a code that becomes a token', async () => {
    const response = await open(request({ loginWindowOpenMode: 'self', user_type: 'Location' }));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const html = await response.text();
    expect(html).toContain(sandbox.client.id);
    expect(inputs(html, 'checkbox')).toEqual(SCOPES.map((scope) => ['scopes', scope]));
    expect(html.match(/type="checkbox"[^>]* checked/g)).toHaveLength(SCOPES.length);
    const holders = sandbox.readableLocationIds.map((id) => `location:${id}`);
    expect(inputs(html, 'radio').map(([, value]) => value)).toEqual(['company', ...holders]);
    expect(html.match(/the app is not installed yet/g)).toHaveLength(1);
    const hidden = Object.fromEntries(inputs(html, 'hidden'));
    expect(hidden).toEqual(request());
    const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(html) ?? [];
    expect(new URL(action, response.url).href).toBe(sandbox.authorizeUrl);

    const sent = await post({ ...hidden, scopes: SCOPES, ...atLocation('full'), decision: 'allow' });
    const { href, searchParams } = target(sent);
    expect(href.startsWith(`${CALLBACK}&code=`)).toBe(true);
    expect(searchParams.get('state')).toBe('st4te-of-ours');
    expect(await redeem(searchParams.get('code') ?? '')).toMatchObject({
      status: 200,
      body: { userType: 'Location', locationId: sandbox.locations.full, scope: SCOPES.join(' ') },
    });
    expect(sandbox.calls().map(({ route, method, status }) => [route, method, status])).toEqual([
      ['chooseLocation', 'GET', 200],
      ['chooseLocation', 'POST', 302],
      ['token', 'POST', 200],
    ]);
    expect(sandbox.calls()[1]?.locationId).toBe(sandbox.locations.full);
  });

  test.each([
    [CALLBACK, "form-action 'self' http://127.0.0.1:4000;"],
    ['https://gateway.example.com/cb', "form-action 'self' https://gateway.example.com;"],
    ['http://[::1]:4000/cb', "form-action 'self' http:;"],
    ["http://a;script-src'/cb", "form-action 'self' http:;"],
  ])('has a policy without scripts that lets its form lead to %s', async (redirectUri, formAction) => {
    const response = await open(request({ redirect_uri: redirectUri }));
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain(formAction);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
    const html = await response.text();
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(html).not.toMatch(/<script| on\w+="| style="/);
  });

  test('every text from outside is text in it, and comes back unchanged', async () => {
    const state = `"'><script>alert(1)</script>&amp;&#39; ✓`;
    const redirectUri = `http://127.0.0.1:4000/?a="><img src=x>'&b=&quot;`;
    const html = await (await open(request({ state, redirect_uri: redirectUri, x: '"><b>' }))).text();
    expect(html).not.toMatch(/<script|<img|<b>/);
    expect(Object.fromEntries(inputs(html, 'hidden'))).toEqual(request({ state, redirect_uri: redirectUri }));
    const answered = target(await allow({ state, redirect_uri: redirectUri }));
    expect(answered.searchParams.get('state')).toBe(state);
    const problem = await open(request({ scope: '<script>alert(1)</script>' }));
    expect(problem.status).toBe(400);
    expect(await problem.text()).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });
});

describe('the answer', () => {
  test('refusing goes back with access_denied and the state, without a code or an installation', async () => {
    const sent = await post({ ...request(), ...atLocation('notInstalled'), scopes: SCOPES, decision: 'refuse' });
    expect(Object.fromEntries(target(sent).searchParams)).toEqual({
      from: 'us all',
      error: 'access_denied',
      error_description: 'The request was refused',
      state: 'st4te-of-ours',
    });
    expect(sandbox.installedLocationIds).not.toContain(sandbox.locations.notInstalled);
  });

  test('a request without state gets none', async () => {
    const { state, ...rest } = request();
    expect(state).toBeDefined();
    const sent = await post({ ...rest, scopes: SCOPES, holder: 'company', decision: 'allow' });
    expect([...target(sent).searchParams.keys()]).toEqual(['from', 'code']);
  });

  test('the agency gets a Company token, which installs nowhere', async () => {
    const granted = await redeem(await codeOf());
    expect(granted).toMatchObject({ status: 200, body: { userType: 'Company', companyId: sandbox.companyId } });
    expect(granted.body).not.toHaveProperty('locationId');
    expect(sandbox.installedLocationIds).not.toContain(sandbox.locations.notInstalled);
  });

  test('a location without the app has it after consent', async () => {
    const locationId = sandbox.locations.notInstalled;
    const byCredentials = { grant_type: 'client_credentials', user_type: 'Location', locationId };
    expect(await caller.grant(byCredentials)).toMatchObject(refused('Location is not installed'));
    const code = await codeOf(atLocation('notInstalled'));
    expect(sandbox.installedLocationIds).toContain(locationId);
    expect(await redeem(code)).toMatchObject({ status: 200, body: { locationId } });
    expect((await caller.grant(byCredentials)).status).toBe(200);
  });

  test('scopes left out are missing in all access tokens to come, renewed and exchanged ones too', async () => {
    const tags = `/social-media-posting/${sandbox.locations.full}/tags`;
    const first = Granted.parse(
      (await redeem(await codeOf({ ...atLocation('full'), scopes: ['locations.readonly'] }))).body,
    );
    const second = await renew(first.refresh_token);
    const third = await renew(second.refresh_token);
    for (const { scope, access_token: token } of [first, second, third]) {
      expect(scope).toBe('locations.readonly');
      expect(await caller.ask(tags, { token })).toMatchObject({
        status: 401,
        body: { message: 'The token is not authorized for this scope.' },
      });
    }
    const agency = Granted.parse((await redeem(await codeOf())).body);
    const form = { companyId: sandbox.companyId, locationId: sandbox.locations.full };
    const exchanged = await caller.ask('/oauth/locationToken', { token: agency.access_token, form });
    expect(exchanged.body).toMatchObject({ scope: 'locations.readonly socialplanner/tag.readonly' });
    const asJson = await caller.ask('/oauth/locationToken', { token: agency.access_token, json: form });
    expect(asJson.body).toMatchObject({ scope: 'locations.readonly socialplanner/tag.readonly' });
  });
});

describe('a code', () => {
  const invalid = refused('Invalid grant: authorization code is invalid');

  test('works once', async () => {
    const code = await codeOf();
    expect((await redeem(code)).status).toBe(200);
    expect(await redeem(code)).toMatchObject(invalid);
    expect(await redeem('made-up')).toMatchObject(invalid);
  });

  test('lives ten minutes', async () => {
    const [early, late] = [await codeOf(), await codeOf()];
    now += 10 * 60_000 - 1;
    expect((await redeem(early)).status).toBe(200);
    now += 1;
    expect(await redeem(late)).toMatchObject(invalid);
  });

  test.each<[string, Record<string, string>, object]>([
    ['the right verifier', { code_verifier: verifier }, { status: 200 }],
    ['a wrong one', { code_verifier: `${verifier}x` }, refused('Invalid grant: code verifier is invalid')],
    ['the challenge itself', { code_verifier: challenge }, refused('Invalid grant: code verifier is invalid')],
    ['none', {}, refused('Invalid grant: code verifier is invalid')],
  ])('with a challenge wants its verifier: %s', async (_name, fields, expected) => {
    const code = await codeOf({ code_challenge: challenge, code_challenge_method: 'S256' });
    expect(await redeem(code, fields)).toMatchObject(expected);
  });

  test.each([['http://127.0.0.1:4000/other'], ['http://127.0.0.1:4000/oauth/callback?from=us+all'], ['']])(
    'wants the redirect_uri it was asked for with, not "%s"',
    async (redirectUri) => {
      expect(await redeem(await codeOf(), { redirect_uri: redirectUri })).toMatchObject(
        refused('Invalid grant: redirect_uri mismatch'),
      );
    },
  );

  test('of reconnect wants neither', async () => {
    const json = { clientKey: sandbox.client.id, clientSecret: sandbox.client.secret, companyId: sandbox.companyId };
    const { body } = await caller.ask('/oauth/reconnect', { json });
    const { authorizationCode: code } = z.looseObject({ authorizationCode: z.string() }).parse(body);
    expect((await caller.grant({ grant_type: 'authorization_code', code })).status).toBe(200);
  });

  test('is a secret, and neither it, the state nor the verifier is in the log of calls', async () => {
    await open(request({ code: 'c0de-in-query' }));
    const code = await codeOf({ code_challenge: challenge, code_challenge_method: 'S256' });
    await redeem(code, { code_verifier: verifier });
    expect(sandbox.issuedSecrets()).toContain(code);
    const log = JSON.stringify(sandbox.calls());
    for (const secret of [code, 'c0de-in-query', 'st4te-of-ours', verifier, sandbox.client.secret])
      expect(log).not.toContain(secret);
    expect(sandbox.calls()[0]).toMatchObject({
      query: { state: '***', code: '***', redirect_uri: CALLBACK },
      rawPath: expect.stringMatching(/&state=\*\*\*&code=\*\*\*$/),
    });
  });
});

describe('a request that is wrong', () => {
  test.each<[string, Fields, RegExp]>([
    ['another client', { client_id: 'nobody' }, /client_id/],
    ['no client', { client_id: '' }, /client_id is missing/],
    ['no redirect_uri', { redirect_uri: '' }, /redirect_uri is missing/],
    ['a path', { redirect_uri: '/oauth/callback' }, /absolute http/],
    ['an address without scheme', { redirect_uri: '//evil.example.com/' }, /absolute http/],
    ['a script', { redirect_uri: 'javascript:alert(1)' }, /absolute http/],
    ['a data address', { redirect_uri: 'data:text/html,x' }, /absolute http/],
    ['an address without slashes', { redirect_uri: 'http:evil.example.com' }, /absolute http/],
    ['an address that does not parse', { redirect_uri: 'http://a b/' }, /absolute http/],
    ['a fragment', { redirect_uri: `${CALLBACK}#x` }, /fragment/],
    ['another response_type', { response_type: 'token' }, /response_type is not/],
    ['no scope', { scope: ' ' }, /scope/],
    ['an unknown scope', { scope: 'locations.readonly all.write' }, /all\.write/],
    ['a plain challenge', { code_challenge: challenge, code_challenge_method: 'plain' }, /S256/],
    ['a challenge without method', { code_challenge: challenge }, /S256/],
    ['a method without challenge', { code_challenge_method: 'S256' }, /code_challenge is not/],
    ['a short challenge', { code_challenge: 'short', code_challenge_method: 'S256' }, /code_challenge is not/],
  ])('%s: a page says so, by GET and by POST, and nobody is sent anywhere', async (_name, changes, message) => {
    for (const response of [await open(request(changes)), await allow(changes)]) {
      expect(response.status).toBe(400);
      expect(response.headers.get('location')).toBeNull();
      expect(response.headers.get('content-security-policy')).toContain("form-action 'none'");
      expect(await response.text()).toMatch(message);
    }
  });

  test.each<[string, Fields, RegExp]>([
    ['no decision', { decision: '' }, /decision/],
    ['two decisions', { decision: ['allow', 'refuse'] }, /decision/],
    ['two redirect_uris', { redirect_uri: [CALLBACK, 'http://evil.example.com/'] }, /redirect_uri/],
    ['no holder', { holder: '' }, /holder/],
    ['no scope ticked', { scopes: [] }, /scopes is missing/],
    ['a scope that was not asked for', { scopes: ['socialplanner/post.readonly'] }, /scopes has/],
  ])('a form with %s brings a page that says so', async (_name, changes, message) => {
    const response = await allow(changes);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(message);
  });

  test('a location of another company cannot be chosen', async () => {
    expect((await allow(atLocation('otherTenant'))).status).toBe(400);
    expect(await (await open(request())).text()).not.toContain(sandbox.locations.otherTenant);
  });

  test('a body that is no form is one without fields', async () => {
    const response = await fetch(sandbox.authorizeUrl, { method: 'POST', body: 'decision=allow' });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});
