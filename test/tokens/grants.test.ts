import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { toTokenAnswer } from '../../src/tokens/access-token.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { agencyGrant, clientCredentials, locationGrants, privateToken } from '../../src/tokens/grants.ts';
import type { Renewal } from '../../src/tokens/renewal.ts';
import { outcomeOf, realButTimeouts, turns } from './rotation.ts';
import { callsOf, connect, idOf, startTokenEndpoint, storedGrant, type GrantParts } from './upstream.ts';

const scopes = ['socialplanner/tag.readonly', 'locations.readonly'];
const byCredentials = (parts: GrantParts) => clientCredentials(parts, { companyId: null, scopes });
const one = { kind: 'location', locationId: idOf('one') } as const;
const nothing = { held: null, refused: null };
const minutesOf = ({ obtainedAt, expiresAt }: { obtainedAt: number; expiresAt: number }) =>
  (expiresAt - obtainedAt) / 60_000;

/** Sends `body` with that status. */
const answering = (
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) =>
  startTokenEndpoint((response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });

describe('client credentials', () => {
  test('each location and the company get tokens of their own, asked for as upstream wants it', async () => {
    await using sandbox = await startSandbox();
    const { companyId, locations, client } = sandbox;
    await using room = connect(sandbox, (parts) => clientCredentials(parts, { companyId, scopes }));
    expect(await Promise.all([room.tags(locations.full), room.tags(locations.large), room.locations()])).toEqual([
      'data',
      'data',
      'data',
    ]);
    expect(await room.tags(locations.full)).toBe('data');
    const { token, counts } = callsOf(sandbox);
    expect(counts).toEqual({ token: 3, data: 4 });
    const asked = { grant_type: 'client_credentials', client_id: client.id, scope: scopes.join(' ') };
    expect(token.map(({ requestBody }) => requestBody)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...asked, user_type: 'Location', locationId: locations.full }),
        expect.objectContaining({ ...asked, user_type: 'Location', locationId: locations.large }),
        expect.objectContaining({ ...asked, user_type: 'Company', companyId }),
      ]),
    );
    expect(await room.installation(locations.full)).toMatchObject({
      status: 'CONNECTED',
      grantKind: 'CLIENT_CREDENTIALS',
      missingScopes: [],
    });
  });

  test('a location without the app is not connected, whatever is asked of it', async () => {
    await using sandbox = await startSandbox();
    await using room = connect(sandbox, byCredentials);
    const { notInstalled } = sandbox.locations;
    for (let question = 0; question < 60; question += 1)
      expect(await room.tags(notInstalled)).toBe('LOCATION_NOT_CONNECTED');
    expect((await room.installation(notInstalled)).status).toBe('NOT_INSTALLED');
    expect(callsOf(sandbox).counts).toEqual({ token: 1, data: 0 });
  });

  test('a paused location says so, and its neighbour works', async () => {
    await using sandbox = await startSandbox();
    await using room = connect(sandbox, byCredentials);
    const { full, large } = sandbox.locations;
    sandbox.pauseLocation(full, true);
    expect([await room.tags(full), await room.tags(large)]).toEqual(['LOCATION_PAUSED', 'data']);
    expect((await room.installation(full)).status).toBe('PAUSED');
  });

  test('a wrong secret is the operator’s trouble', async () => {
    await using sandbox = await startSandbox();
    await using room = connect({ url: sandbox.url, client: { id: sandbox.client.id, secret: 'wrong' } }, byCredentials);
    expect(await room.tags(sandbox.locations.full)).toBe('UPSTREAM_AUTH_FAILED');
    expect(callsOf(sandbox).counts.token).toBe(1);
  });

  test.each([
    ['500', { kind: 'status', status: 500 }],
    ['503 with a short Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '0' } }],
    ['a reset', { kind: 'reset' }],
    ['a cut answer', { kind: 'cut' }],
  ] as const)('%s of the token endpoint, once, costs a second request and no answer', async (_, fault) => {
    await using sandbox = await startSandbox();
    await using room = connect(sandbox, byCredentials);
    sandbox.setFault({ route: 'token', times: 1, ...fault });
    expect(await room.tags(sandbox.locations.full)).toBe('data');
    expect(callsOf(sandbox).counts).toEqual({ token: 2, data: 1 });
  });

  test.each([
    ['500 again and again', { kind: 'status', status: 500 }, 'UPSTREAM_UNAVAILABLE', 2],
    ['503 for a minute', { kind: 'status', status: 503, headers: { 'retry-after': '60' } }, 'UPSTREAM_UNAVAILABLE', 1],
    ['429', { kind: 'rate-limit' }, 'UPSTREAM_RATE_LIMITED', 1],
    ['a page of HTML', { kind: 'body', body: '<html>Maintenance</html>' }, 'UPSTREAM_INVALID_RESPONSE', 1],
    ['nonsense', { kind: 'wrong-types' }, 'UPSTREAM_INVALID_RESPONSE', 1],
  ] as const)('%s is a clear code, and ten more questions cost nothing', async (_, fault, code, requests) => {
    await using sandbox = await startSandbox();
    await using room = connect(sandbox, byCredentials);
    sandbox.setFault({ route: 'token', ...fault });
    for (let question = 0; question < 10; question += 1) expect(await room.tags(sandbox.locations.full)).toBe(code);
    expect(callsOf(sandbox).counts).toEqual({ token: requests, data: 0 });
  });
});

describe('a rotating refresh token', () => {
  test('each one is used once and replaced by the next', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    const first = sandbox.issueRefreshToken({ locationId: full });
    await using stored = await storedGrant(first);
    await using room = connect(sandbox, stored.toGrant);
    for (let round = 0; round < 3; round += 1) {
      expect(await room.tags(full)).toBe('data');
      sandbox.expireAccessTokens();
    }
    expect(callsOf(sandbox).counts).toEqual({ token: 3, data: 5 });
    expect(callsOf(sandbox).token.every(({ status }) => status === 200)).toBe(true);
    expect(await room.installation(full)).toMatchObject({ status: 'CONNECTED', grantKind: 'LOCATION_GRANT' });
  });

  test.each([
    ['without one', {}, 'first first'],
    ['with null', { refresh_token: null }, 'first first'],
    ['with the next', { refresh_token: 'second' }, 'first second'],
  ])('after an answer %s the right one is presented', async (_, extra, expected) => {
    await using endpoint = await answering({ access_token: 'a', expires_in: 60, ...extra });
    await using stored = await storedGrant('first');
    await using room = connect(endpoint, stored.toGrant);
    const token = await room.grant.obtain(one, nothing);
    await room.grant.obtain(one, { held: null, refused: token });
    expect(endpoint.bodies.map((body) => body.get('refresh_token')).join(' ')).toBe(expected);
    expect(Object.fromEntries(endpoint.bodies[0] ?? [])).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'first',
      user_type: 'Location',
      client_id: 'app-1',
      client_secret: 'a-very-secret-secret',
    });
  });

  test('a dead one is not connected, asked once for sixty questions', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    await using stored = await storedGrant('spent-long-ago');
    await using room = connect(sandbox, stored.toGrant);
    for (let question = 0; question < 60; question += 1) expect(await room.tags(full)).toBe('LOCATION_NOT_CONNECTED');
    expect((await room.installation(full)).status).toBe('REAUTHORIZATION_REQUIRED');
    expect(callsOf(sandbox).counts).toEqual({ token: 1, data: 0 });
  });

  test('it is for one location only: another is not connected, and its token is not sent there', async () => {
    await using sandbox = await startSandbox();
    const { full, large } = sandbox.locations;
    const first = sandbox.issueRefreshToken({ locationId: full });
    await using stored = await storedGrant(first);
    await using room = connect(sandbox, stored.toGrant);
    expect([await room.tags(large), await room.tags(full)]).toEqual(['LOCATION_NOT_CONNECTED', 'data']);
    expect(callsOf(sandbox).counts).toEqual({ token: 1, data: 1 });
  });

  const uncertain = [
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset' }],
    ['a cut answer', { kind: 'cut' }],
  ] as const;

  test.each(uncertain)('after %s upstream is asked for a new pair, and nobody notices', async (_, fault) => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    await using stored = await storedGrant(sandbox.issueRefreshToken({ locationId: full }));
    await using room = connect(sandbox, stored.toGrant);
    expect(await room.tags(full)).toBe('data');
    sandbox.expireAccessTokens();
    sandbox.clearCalls();
    sandbox.setFault({ route: 'token', times: 1, ...fault });
    expect(await room.tags(full)).toBe('data');
    expect(sandbox.calls().map(({ route }) => route)).toEqual(['listTags', 'token', 'reconnect', 'token', 'listTags']);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test.each(uncertain)(
    '%s is not repeated where reconnect is off: nobody knows whether it has been spent',
    async (_, fault) => {
      await using sandbox = await startSandbox();
      const { full } = sandbox.locations;
      await using stored = await storedGrant(sandbox.issueRefreshToken({ locationId: full }), { canReconnect: false });
      await using room = connect(sandbox, stored.toGrant);
      sandbox.setFault({ route: 'token', times: 1, ...fault });
      expect(await room.tags(full)).toBe('UPSTREAM_UNAVAILABLE');
      expect(callsOf(sandbox).counts).toEqual({ token: 1, data: 0 });
    },
  );
});

describe('locations connected one by one', () => {
  const renewal: Renewal = {
    obtain: (key) => Promise.resolve(toTokenAnswer({ access_token: `token of ${key}` }).access),
    writeUnsaved: () => Promise.resolve(),
    settle: () => Promise.resolve(),
  };

  test('each has its own grant, and the company has none', async () => {
    const grant = locationGrants(renewal);
    const two = { kind: 'location', locationId: idOf('two') } as const;
    expect((await grant.obtain(one, nothing)).reveal()).toBe('token of location:one');
    expect((await grant.obtain(two, nothing)).reveal()).toBe('token of location:two');
    expect(grant.tokenKey(one)).not.toBe(grant.tokenKey(two));
    // Not a rejected promise only: the code must be the one that tells a caller what to do.
    const company = async () => grant.obtain({ kind: 'company' }, nothing);
    await expect(company()).rejects.toMatchObject({ code: 'LOCATION_NOT_CONNECTED' });
  });

  test('an agency’s locations get their tokens by exchange, the agency its own from the store; each leaves a line', async () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', secrets: [], sink: { write: (line) => void lines.push(line) } });
    const audit = createAudit({ log, tally: createTally() });
    const grant = agencyGrant({ renewal, audit }, (id) =>
      id === 'two'
        ? Promise.reject(new GatewayError('LOCATION_PAUSED'))
        : Promise.resolve(toTokenAnswer({ access_token: `exchanged for ${id}` }).access),
    );
    expect((await grant.obtain({ kind: 'company' }, nothing)).reveal()).toBe('token of company');
    expect((await grant.obtain(one, nothing)).reveal()).toBe('exchanged for one');
    const two = { kind: 'location', locationId: idOf('two') } as const;
    await expect(grant.obtain(two, nothing)).rejects.toMatchObject({ code: 'LOCATION_PAUSED' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ audit: 'grant', action: 'exchange', grant: 'location:one', outcome: 'done' }),
      expect.objectContaining({
        audit: 'grant',
        action: 'exchange',
        grant: 'location:two',
        outcome: 'LOCATION_PAUSED',
      }),
    ]);
    expect(lines.join()).not.toContain('exchanged for');
  });
});

describe('a private token', () => {
  test('it is used as it is; what upstream says of it shows in the installation', async () => {
    await using sandbox = await startSandbox();
    const { full, large } = sandbox.locations;
    const value = sandbox.issuePrivateToken({ locationId: full }, ['socialplanner/tag.readonly']);
    await using room = connect(sandbox, () => privateToken(value));
    expect(await room.tags(full)).toBe('data');
    expect(await room.tags(large)).toBe('LOCATION_NOT_CONNECTED');
    expect(await room.locations()).toBe('UPSTREAM_SCOPE_MISSING');
    expect(callsOf(sandbox).counts).toEqual({ token: 0, data: 3 });
    expect(await room.installation(full)).toMatchObject({
      status: 'CONNECTED',
      grantKind: 'PRIVATE_INTEGRATION',
      grantedScopes: ['socialplanner/tag.readonly'],
      missingScopes: ['locations.readonly'],
      tokenExpiresAt: null,
    });
  });
});

describe('the answer of the token endpoint', () => {
  test.each([
    ['absent', {}, 60],
    ['text', { expires_in: 'soon' }, 60],
    ['null', { expires_in: null }, 60],
    ['0', { expires_in: 0 }, 60],
    ['-1', { expires_in: -1 }, 60],
    ['next to nothing', { expires_in: 1e-9 }, 60],
    ['beyond all reason', { expires_in: 1e15 }, 24 * 60],
    ['infinite', { expires_in: '1e999' }, 60],
    ['digits as text', { expires_in: '1800' }, 30],
    ['a number', { expires_in: 86_399 }, 86_399 / 60],
  ])('expires_in %s gives a token that lives a sensible time', async (_, extra, expectedMinutes) => {
    await using endpoint = await answering({ access_token: 'a', ...extra });
    await using room = connect(endpoint, byCredentials);
    const token = await room.grant.obtain(one, nothing);
    expect(minutesOf(token)).toBe(expectedMinutes);
    expect(token.reveal()).toBe('a');
    expect(endpoint.bodies).toHaveLength(1);
  });

  test('a 201, unknown members and members of the wrong kind do no harm; what was told is kept', async () => {
    const told = { locationId: 'one', scope: ' tags  accounts ', userType: 'Location', traceId: {}, planId: null };
    await using endpoint = await answering({ access_token: 'a', ...told }, { status: 201 });
    await using room = connect(endpoint, byCredentials);
    expect(await room.grant.obtain(one, nothing)).toMatchObject({ locationId: 'one', scopes: ['tags', 'accounts'] });
    await using silent = await answering({ access_token: 'a', locationId: '../oauth/token', scope: null });
    await using other = connect(silent, byCredentials);
    expect(await other.grant.obtain(one, nothing)).toMatchObject({ locationId: null, scopes: null });
  });

  test.each([
    ['no JSON', '<html>Hello</html>'],
    ['nothing', ''],
    ['a list', ['a']],
    ['no access_token', { expires_in: 60 }],
    ['an access_token of the wrong kind', { access_token: 5 }],
    ['an empty access_token', { access_token: '' }],
  ])('%s is an invalid response and asked for once', async (_, body) => {
    await using endpoint = await answering(body);
    await using room = connect(endpoint, byCredentials);
    await expect(room.grant.obtain(one, nothing)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect(endpoint.bodies).toHaveLength(1);
  });

  test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed and not repeated', async (status) => {
    await using elsewhere = await answering({ access_token: 'a' });
    await using endpoint = await answering('', { status, headers: { location: `${elsewhere.url}/oauth/token` } });
    await using room = connect(endpoint, byCredentials);
    await expect(room.grant.obtain(one, nothing)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect([endpoint.bodies.length, elsewhere.bodies.length]).toEqual([1, 0]);
  });

  test.each([
    [400, { message: 'Invalid grant: refresh token is invalid' }, 'LOCATION_NOT_CONNECTED'],
    [400, { error: 'invalid_grant', message: 'Bad Request' }, 'LOCATION_NOT_CONNECTED'],
    [400, { message: ['Location is not active'] }, 'LOCATION_PAUSED'],
    [400, { message: 'Missing parameter: scope' }, 'UPSTREAM_AUTH_FAILED'],
    [401, { error: 'invalid_client' }, 'UPSTREAM_AUTH_FAILED'],
    [403, { message: 'Forbidden' }, 'UPSTREAM_AUTH_FAILED'],
    [403, '<html>', 'UPSTREAM_UNAVAILABLE'],
    [408, { message: 'Request Timeout' }, 'UPSTREAM_UNAVAILABLE'],
  ])('%i %j is told as %s', async (status, body, code) => {
    await using endpoint = await answering(body, { status });
    await using room = connect(endpoint, byCredentials);
    await expect(room.grant.obtain(one, nothing)).rejects.toMatchObject({ code });
  });

  test('the time that upstream asks for is passed on', async () => {
    await using endpoint = await answering({}, { status: 429, headers: { 'retry-after': '7' } });
    await using room = connect(endpoint, byCredentials);
    const expected = { code: 'UPSTREAM_RATE_LIMITED', retryAfterMs: 7_000 };
    await expect(room.grant.obtain(one, nothing)).rejects.toMatchObject(expected);
  });

  test('silence ends after the time limit, without a second try', async () => {
    const arrived = Promise.withResolvers<undefined>();
    await using endpoint = await startTokenEndpoint(() => arrived.resolve(undefined));
    jest.useFakeTimers({ doNotFake: [...realButTimeouts] });
    try {
      await using room = connect(endpoint, byCredentials, { timeoutMs: 5_000 });
      const outcome = outcomeOf(room.grant.obtain(one, nothing));
      await arrived.promise;
      await jest.advanceTimersByTimeAsync(4_999);
      await turns();
      expect(endpoint.bodies).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(1);
      expect(await outcome).toBe('UPSTREAM_TIMEOUT');
      expect(endpoint.bodies).toHaveLength(1);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('secrets', () => {
  const shown = (value: unknown) => inspect(value, { depth: Infinity, showHidden: true, getters: true });

  test('printing a grant, a token or the access tokens shows none', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    const first = sandbox.issueRefreshToken({ locationId: full });
    await using stored = await storedGrant(first);
    await using byRefresh = connect(sandbox, stored.toGrant);
    await using byClient = connect(sandbox, byCredentials);
    const value = sandbox.issuePrivateToken({ locationId: full });
    await using byPrivate = connect(sandbox, () => privateToken(value));
    const holder = { kind: 'location', locationId: idOf(full) } as const;
    for (const { grant, tokens } of [byRefresh, byClient, byPrivate]) {
      const token = await tokens.get(holder, new AbortController().signal);
      const printed = [shown(token), shown(grant), shown(tokens), JSON.stringify([token, grant])].join('\n');
      for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets()]) expect(printed).not.toContain(secret);
    }
  });

  test.each([
    ['an answer that is none', 200, { access_token: 'very-secret-token', scope: 5 }],
    [
      'a refusal that repeats what was sent',
      400,
      { message: 'bad client_secret a-very-secret-secret, spent-long-ago' },
    ],
  ])('printing the error after %s shows none', async (_, status, body) => {
    await using endpoint = await answering(body, { status });
    await using stored = await storedGrant('spent-long-ago');
    await using room = connect(endpoint, stored.toGrant);
    const error: unknown = await room.grant.obtain(one, nothing).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(Error);
    for (const secret of ['very-secret-token', 'a-very-secret-secret', 'spent-long-ago'])
      expect(shown(error)).not.toContain(secret);
  });
});
