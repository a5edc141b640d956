import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { refusalReason } from '../../src/tokens/token-endpoint.ts';
import { createTestClient, startTokenEndpoint } from './upstream.ts';

const send = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
const answer = { access_token: 'at-secret', refresh_token: 'rt-next', expires_in: 60 };
const invalidClient = { error: 'invalid_client', message: 'Invalid client: client credentials are invalid' };

/** What a rejected promise was rejected with. */
const failure = async (work: Promise<unknown>): Promise<GatewayError> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof GatewayError) return error;
  throw new Error(`no GatewayError: ${String(error)}`);
};

describe('the two secrets', () => {
  /** A token endpoint that accepts one secret, and the client that has `new` and `old`. */
  const start = async (accepted: { secret: string }, refusal: unknown = invalidClient, status = 401) => {
    const endpoint = await startTokenEndpoint((response) => {
      const isGood = endpoint.bodies.at(-1)?.get('client_secret') === accepted.secret;
      send(response, isGood ? answer : refusal, isGood ? 200 : status);
    });
    const news: string[] = [];
    const { client, close } = createTestClient(endpoint, {
      clientSecret: 'new',
      previousSecret: 'old',
      onSecretChange: (which) => news.push(which),
    });
    const sent = () => endpoint.bodies.map((body) => body.get('client_secret'));
    const end = async () => {
      await close();
      await endpoint[Symbol.asyncDispose]();
    };
    return { endpoint, client, news, sent, [Symbol.asyncDispose]: end };
  };

  test('the previous one is tried when upstream does not accept the other, and stuck to from then on', async () => {
    await using started = await start({ secret: 'old' });
    const { client, news, sent, endpoint } = started;
    for (let round = 0; round < 3; round += 1) await client.refresh('rt', 'Location');
    expect(sent()).toEqual(['new', 'old', 'old', 'old']);
    expect(endpoint.bodies.map((body) => body.get('refresh_token'))).toEqual(['rt', 'rt', 'rt', 'rt']);
    expect(news).toEqual(['previous']);
  });

  test('once upstream has changed to the new one it is the new one again', async () => {
    const accepted = { secret: 'old' };
    await using started = await start(accepted);
    const { client, news, sent } = started;
    await client.refresh('rt', 'Location');
    accepted.secret = 'new';
    await client.refresh('rt', 'Location');
    await client.refresh('rt', 'Location');
    expect(sent()).toEqual(['new', 'old', 'old', 'new', 'new']);
    expect(news).toEqual(['previous', 'current']);
  });

  test('thirty requests at the moment of the change all succeed, and the change is told once', async () => {
    await using started = await start({ secret: 'old' });
    const { client, news } = started;
    await Promise.all(Array.from({ length: 30 }, () => client.clientCredentials({ scope: 'a' })));
    await client.clientCredentials({ scope: 'a' });
    expect(started.sent().at(-1)).toBe('old');
    expect(started.sent().filter((secret) => secret === 'old')).toHaveLength(31);
    expect(news).toEqual(['previous']);
  });

  test('both refused: one error, and the next request begins with the new one again', async () => {
    await using started = await start({ secret: 'neither' });
    const { client, news, sent } = started;
    for (let round = 0; round < 2; round += 1) {
      const error = await failure(client.refresh('rt', 'Location'));
      expect([error.code, refusalReason(error)]).toEqual(['UPSTREAM_AUTH_FAILED', 'invalid-client']);
    }
    expect(sent()).toEqual(['new', 'old', 'new', 'old']);
    expect(news).toEqual([]);
  });

  test.each([
    ['a dead grant', { message: 'Invalid grant: refresh token is invalid' }, 400, 'LOCATION_NOT_CONNECTED'],
    ['a pause', { message: 'Location is not active' }, 400, 'LOCATION_PAUSED'],
    ['another refusal', { message: 'Missing parameter: user_type' }, 400, 'UPSTREAM_AUTH_FAILED'],
    ['the rate limit', {}, 429, 'UPSTREAM_RATE_LIMITED'],
    ['a breakdown', {}, 500, 'UPSTREAM_UNAVAILABLE'],
    ['a page of HTML', '<html>', 200, 'UPSTREAM_INVALID_RESPONSE'],
  ])('%s is not about the secret: a refresh token is never sent a second time', async (_, refusal, status, code) => {
    await using started = await start({ secret: 'old' }, refusal, status);
    const { client, sent } = started;
    expect((await failure(client.refresh('rt', 'Location'))).code).toBe(code);
    expect(sent()).toEqual(['new']);
  });

  test('a secret that is rotated at upstream works on without a gap, for renewals and for reconnecting', async () => {
    await using sandbox = await startSandbox();
    const old = sandbox.client.secret;
    const { full } = sandbox.locations;
    const rt = sandbox.issueRefreshToken({ locationId: full });
    const secret = sandbox.rotateClientSecret();
    // This replica was started with the settings of before the rotation, and the operator had prepared the new one.
    const { client, close } = createTestClient(sandbox, { clientSecret: old, previousSecret: secret });
    expect((await client.reconnect({ locationId: full })).access.locationId).toBe(full);
    expect((await client.refresh(rt, 'Location')).access.locationId).toBe(full);
    expect(sandbox.calls().map(({ route, status }) => `${route} ${status}`)).toEqual([
      'reconnect 401',
      'reconnect 200',
      'token 200',
      'token 200',
    ]);
    await close();
  });
});

describe('the consent page’s address', () => {
  const consent = {
    redirectUri: 'https://gw.example/oauth/callback',
    scopes: ['a.readonly', 'b/c.write'],
    state: 'st',
  };
  const app = { url: 'https://api.example', client: { id: 'app-1', secret: 's3cret' } };

  test.each([
    ['https://vendor.example/v2/choose', {}],
    ['https://vendor.example/v2/choose?version_id=7', { version_id: '7' }],
  ])('at %s has what RFC 6749 §4.1.1 asks for and no secret', async (authorizeUrl, more) => {
    const { client, close } = createTestClient({ ...app, authorizeUrl });
    const url = await client.consentUrl({ ...consent, codeVerifier: null });
    expect(url.origin + url.pathname).toBe('https://vendor.example/v2/choose');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...more,
      response_type: 'code',
      client_id: 'app-1',
      redirect_uri: consent.redirectUri,
      scope: 'a.readonly b/c.write',
      state: 'st',
    });
    await close();
  });

  test('carries the digest of the verifier, never the verifier', async () => {
    const { client, close } = createTestClient(app);
    const codeVerifier = 'v'.repeat(43);
    const url = await client.consentUrl({ ...consent, codeVerifier });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    });
    expect(url.href).not.toContain(codeVerifier);
    await close();
  });
});

describe('redeeming a code', () => {
  const callback = (query: string) => new URL(`http://127.0.0.1:4000/oauth/callback${query}`);
  const terms = { expectedState: 'st', codeVerifier: null, userType: 'Location' } as const;

  test.each([
    ['v'.repeat(43), { code_verifier: 'v'.repeat(43) }],
    [null, {}],
  ])('sends what upstream wants, with the verifier %j', async (codeVerifier, verifier) => {
    await using endpoint = await startTokenEndpoint((response) => send(response, { ...answer, locationId: 'L1' }));
    const { client, close } = createTestClient(endpoint);
    const redeemed = await client.redeem({ ...terms, codeVerifier, url: callback('?code=c0de&state=st') });
    expect(redeemed.access.locationId).toBe('L1');
    expect(endpoint.bodies.map((body) => Object.fromEntries(body))).toEqual([
      {
        ...verifier,
        grant_type: 'authorization_code',
        code: 'c0de',
        redirect_uri: 'http://127.0.0.1:4000/oauth/callback',
        user_type: 'Location',
        client_id: 'app-1',
        client_secret: 'a-very-secret-secret',
      },
    ]);
    await close();
  });

  test.each([
    ['a wrong state', '?code=c0de&state=other', 'st'],
    ['no state where one is expected', '?code=c0de', 'st'],
    ['a state where none is expected', '?code=c0de&state=st', null],
    ['an error', '?error=access_denied&state=st', 'st'],
    ['no code', '?state=st', 'st'],
    ['two codes', '?code=c0de&code=other&state=st', 'st'],
  ])('%s is refused before anything is sent', async (_, query, expectedState) => {
    await using endpoint = await startTokenEndpoint((response) => send(response, answer));
    const { client, close } = createTestClient(endpoint);
    const error = await failure(client.redeem({ ...terms, expectedState, url: callback(query) }));
    expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
    expect(refusalReason(error)).toBeNull();
    expect(endpoint.bodies).toEqual([]);
    await close();
  });

  test.each([
    ['HTML in place of JSON', '<html>rt-next</html>'],
    ['no access token', { refresh_token: 'rt-next' }],
    ['a refresh token that is none', { ...answer, refresh_token: 7 }],
  ])('%s is an invalid answer, which is not repeated in the error', async (_, body) => {
    await using endpoint = await startTokenEndpoint((response) => send(response, body));
    const { client, close } = createTestClient(endpoint);
    const error = await failure(client.redeem({ ...terms, url: callback('?code=c0de&state=st') }));
    expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
    expect(JSON.stringify(error.cause) + String(error.cause)).not.toMatch(/rt-next|at-secret/);
    expect(endpoint.bodies).toHaveLength(1);
    await close();
  });

  test('an answer without expires_in is good for an hour', async () => {
    await using endpoint = await startTokenEndpoint((response) => send(response, { access_token: 'a' }));
    const { client, close } = createTestClient(endpoint);
    const { access } = await client.redeem({ ...terms, url: callback('?code=c0de&state=st') });
    expect(access.expiresAt - access.obtainedAt).toBe(3_600_000);
    await close();
  });
});

describe('reconnecting', () => {
  test.each([
    ['a location', (locationId: string) => ({ locationId }), 'Location'],
    ['the company', (_: string, companyId: string) => ({ companyId }), 'Company'],
  ])('%s gives a new pair without a person, by way of a code', async (_, who, userType) => {
    await using sandbox = await startSandbox();
    const { client, close } = createTestClient(sandbox);
    const holder = who(sandbox.locations.full, sandbox.companyId);
    const pair = await client.reconnect(holder);
    expect(pair.refreshToken).not.toBeNull();
    expect(sandbox.calls().map(({ route, requestBody }) => ({ route, requestBody }))).toEqual([
      { route: 'reconnect', requestBody: { clientKey: sandbox.client.id, clientSecret: '***', ...holder } },
      {
        route: 'token',
        requestBody: expect.objectContaining({ grant_type: 'authorization_code', user_type: userType }),
      },
    ]);
    await close();
  });

  test.each([
    ['no code', { expiresAt: 'soon' }, 200, 'UPSTREAM_INVALID_RESPONSE'],
    ['an empty code', { authorizationCode: '' }, 200, 'UPSTREAM_INVALID_RESPONSE'],
    ['a code of the wrong kind', { authorizationCode: 5 }, 200, 'UPSTREAM_INVALID_RESPONSE'],
    ['null', 'null', 200, 'UPSTREAM_INVALID_RESPONSE'],
    ['HTML', '<html>', 200, 'UPSTREAM_INVALID_RESPONSE'],
    ['a redirect', '', 302, 'UPSTREAM_INVALID_RESPONSE'],
    ['403', { message: 'Reconnect is not enabled' }, 403, 'UPSTREAM_AUTH_FAILED'],
    ['400 for a location without the app', { message: 'Location is not installed' }, 400, 'LOCATION_NOT_CONNECTED'],
    ['a pause', { message: 'Location is not active' }, 400, 'LOCATION_PAUSED'],
    ['500', {}, 500, 'UPSTREAM_UNAVAILABLE'],
  ])('%s in place of a code is a clear error, and no code is redeemed', async (_, body, status, code) => {
    const urls: unknown[] = [];
    await using endpoint = await startTokenEndpoint((response, request) => {
      urls.push(request.url);
      send(response, body, status);
    });
    const { client, close } = createTestClient(endpoint);
    const error = await failure(client.reconnect({ locationId: 'L1' }));
    expect(error.code).toBe(code);
    expect(String(error.cause)).not.toContain('a-very-secret-secret');
    expect(urls).toEqual(['/oauth/reconnect']);
    await close();
  });

  test('a refusal that repeats the secret does not bring it into the error', async () => {
    const body = { message: 'bad clientSecret a-very-secret-secret' };
    await using endpoint = await startTokenEndpoint((response) => send(response, body, 400));
    const { client, close } = createTestClient(endpoint);
    const error = await failure(client.reconnect({ locationId: 'L1' }));
    expect(String(error.cause)).toContain('bad clientSecret');
    expect(String(error.cause)).not.toContain('a-very-secret-secret');
    await close();
  });
});
