import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

const Granted = z.looseObject({
  access_token: z.string().min(128),
  refresh_token: z.string().min(128),
  scope: z.string(),
});
const WRONG_CLASS =
  'This authClass type is not allowed to access this scope. Please reach out to the Support team to authorize or disable this.';

let now = Date.parse('2026-11-24T10:00:00.000Z');
let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
beforeEach(async () => {
  sandbox = await startSandbox({ now: () => now });
  caller = createCaller(sandbox);
});
afterEach(() => sandbox.close());

const tags = (locationId = sandbox.locations.full): string => `/social-media-posting/${locationId}/tags`;
const refused = (status: number, message: string) => ({ status, body: { statusCode: status, message } });
const refresh = (refreshToken: string) =>
  caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken, user_type: 'Location' });
const installed = (
  token: string,
  query = `companyId=${sandbox.companyId}&appId=${sandbox.client.id.split('-')[0] ?? ''}`,
) => caller.ask(`/oauth/installedLocations?${query}`, { token });
const exchange = (token: string, locationId: string) =>
  caller.ask('/oauth/locationToken', { token, form: { companyId: sandbox.companyId, locationId } });

describe('each meaning of 401, and the 403', () => {
  test('a missing Version is told from an unknown one, and both from a bad token', async () => {
    const token = await caller.locationToken(sandbox.locations.full);
    expect(await caller.ask(tags(), { token, version: null })).toMatchObject(
      refused(401, 'version header was not found.'),
    );
    expect(await caller.ask(tags(), { token, version: '2019-01-01' })).toMatchObject(
      refused(401, 'version header is invalid'),
    );
    for (const version of ['v3', '2023-02-21', '2021-07-28', '2021-04-15', 'legacy'])
      expect((await caller.ask(tags(), { token, version })).status).toBe(200);
  });

  test('no token is an invalid JWT, an unknown, expired or revoked one an invalid access token', async () => {
    const invalid = refused(401, 'Invalid token: access token is invalid');
    expect(await caller.ask(tags())).toMatchObject({
      ...refused(401, 'Invalid JWT'),
      body: { error: 'Unauthorized' },
    });
    expect(await caller.ask(tags(), { token: 'made-up' })).toMatchObject(invalid);
    const token = await caller.locationToken(sandbox.locations.full);
    sandbox.expireAccessTokens();
    expect(await caller.ask(tags(), { token })).toMatchObject(invalid);
    const later = await caller.locationToken(sandbox.locations.full);
    now += 86_399_000 - 1;
    expect((await caller.ask(tags(), { token: later })).status).toBe(200);
    now += 1;
    expect(await caller.ask(tags(), { token: later })).toMatchObject(invalid);
  });

  test('an unknown private token has a text of its own, a known one works and survives the expiry of access tokens', async () => {
    const token = sandbox.issuePrivateToken({ locationId: sandbox.locations.full });
    sandbox.expireAccessTokens();
    expect((await caller.ask(tags(), { token })).status).toBe(200);
    expect(await caller.ask(tags(), { token: 'pit-made-up' })).toMatchObject(
      refused(401, 'Invalid Private Integration token'),
    );
  });

  test('a missing scope is refused by later tokens only', async () => {
    const before = await caller.locationToken(sandbox.locations.full);
    sandbox.grantScopes(sandbox.locations.full, ['socialplanner/account.readonly']);
    const after = await caller.locationToken(sandbox.locations.full);
    expect((await caller.ask(tags(), { token: before })).status).toBe(200);
    expect(await caller.ask(tags(), { token: after })).toMatchObject(
      refused(401, 'The token is not authorized for this scope.'),
    );
    const narrow = sandbox.issuePrivateToken({ locationId: sandbox.locations.full }, ['locations.readonly']);
    expect((await caller.ask(tags(), { token: narrow })).status).toBe(401);
  });

  test('an agency token is of the wrong class for tags, a location or private one for the agency endpoints', async () => {
    const agency = await caller.agencyToken();
    const location = await caller.locationToken(sandbox.locations.full);
    const privateToken = sandbox.issuePrivateToken({ companyId: sandbox.companyId });
    expect(await caller.ask(tags(), { token: agency })).toMatchObject(refused(401, WRONG_CLASS));
    for (const token of [location, privateToken]) {
      expect(await installed(token)).toMatchObject(refused(401, WRONG_CLASS));
      expect(await exchange(token, sandbox.locations.full)).toMatchObject(refused(401, WRONG_CLASS));
    }
    expect((await caller.ask('/locations/search', { token: privateToken })).status).toBe(200);
  });

  test("another location's data is 403, in path and in query", async () => {
    const token = await caller.locationToken(sandbox.locations.full);
    const forbidden = refused(403, 'The token does not have access to this location');
    expect(await caller.ask(tags(sandbox.locations.large), { token })).toMatchObject(forbidden);
    expect(await caller.ask(`/locations/${sandbox.locations.large}`, { token })).toMatchObject(forbidden);
    const query = `?locationId=${sandbox.locations.large}`;
    expect(
      await caller.ask(`/social-media-posting/statistics${query}`, { token, json: { profileIds: ['a'] } }),
    ).toMatchObject(forbidden);
  });
});

describe('grants', () => {
  test('client credentials give an opaque token of the vendor’s shape without a refresh token', async () => {
    const { status, body } = await caller.grant({
      grant_type: 'client_credentials',
      user_type: 'Location',
      locationId: sandbox.locations.full,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 86_399,
      scope: expect.stringContaining('socialplanner/tag.readonly'),
      userType: 'Location',
      companyId: sandbox.companyId,
      locationId: sandbox.locations.full,
      userId: expect.any(String),
      traceId: expect.any(String),
    });
    expect(body).not.toHaveProperty('refresh_token');
    const agency = await caller.grant({ grant_type: 'client_credentials' });
    expect(agency.body).toMatchObject({ userType: 'Company', scope: expect.stringContaining('oauth.write') });
    expect(agency.body).not.toHaveProperty('locationId');
  });

  test('locations without the app, of another company or unknown give 400', async () => {
    const agency = await caller.agencyToken();
    for (const locationId of [sandbox.locations.notInstalled, sandbox.locations.otherTenant, 'nowhere']) {
      const expected = refused(400, 'Location is not installed');
      expect(await caller.grant({ grant_type: 'client_credentials', user_type: 'Location', locationId })).toMatchObject(
        expected,
      );
      expect(await exchange(agency, locationId)).toMatchObject(expected);
    }
  });

  test('a refresh token works once: the next one works, the spent one never again', async () => {
    const first = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const { status, body } = await refresh(first);
    expect(status).toBe(200);
    const next = Granted.parse(body);
    expect(body).toMatchObject({ locationId: sandbox.locations.full, refreshTokenId: expect.any(String) });
    expect((await caller.ask(tags(), { token: next.access_token })).status).toBe(200);
    expect(await refresh(first)).toMatchObject(refused(400, 'Invalid grant: refresh token is invalid'));
    expect((await refresh(next.refresh_token)).status).toBe(200);
    expect((await refresh('made-up')).status).toBe(400);
  });

  test('scopes named for a refresh token stay with its family, unnamed ones follow the location', async () => {
    const fixed = sandbox.issueRefreshToken({ locationId: sandbox.locations.full }, ['locations.readonly']);
    const following = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    sandbox.grantScopes(sandbox.locations.full, ['socialplanner/tag.readonly']);
    const second = Granted.parse((await refresh(fixed)).body);
    expect(Granted.parse((await refresh(second.refresh_token)).body).scope).toBe('locations.readonly');
    expect(Granted.parse((await refresh(following)).body).scope).toBe('socialplanner/tag.readonly');
  });

  test('a paused location gets no token and loses no refresh token', async () => {
    const refreshToken = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const agency = await caller.agencyToken();
    sandbox.pauseLocation(sandbox.locations.full, true);
    const paused = refused(400, 'Location is not active');
    expect(await refresh(refreshToken)).toMatchObject(paused);
    expect(await exchange(agency, sandbox.locations.full)).toMatchObject(paused);
    sandbox.pauseLocation(sandbox.locations.full, false);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  test('a wrong client is 401, a missing or unknown parameter 400', async () => {
    expect(await caller.grant({ grant_type: 'client_credentials', client_secret: 'wrong' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await caller.grant({})).toMatchObject(refused(400, 'Missing parameter: grant_type'));
    expect(await caller.grant({ grant_type: 'password' })).toMatchObject(refused(400, 'Invalid parameter: grant_type'));
    expect(await caller.grant({ grant_type: 'refresh_token' })).toMatchObject(
      refused(400, 'Missing parameter: refresh_token'),
    );
  });

  test('an agency token is exchanged for a location token that can be renewed by itself', async () => {
    const agency = await caller.agencyToken();
    const { status, body } = await exchange(agency, sandbox.locations.large);
    expect(status).toBe(200);
    const { access_token: token, refresh_token: refreshToken } = Granted.parse(body);
    expect((await caller.ask(tags(sandbox.locations.large), { token })).status).toBe(200);
    expect((await refresh(refreshToken)).body).toMatchObject({ locationId: sandbox.locations.large });
  });

  test('reconnect gives a code that works once', async () => {
    const json = { clientKey: sandbox.client.id, clientSecret: sandbox.client.secret, companyId: sandbox.companyId };
    const { status, body } = await caller.ask('/oauth/reconnect', { version: null, json });
    expect(status).toBe(200);
    const { authorizationCode: code } = z.looseObject({ authorizationCode: z.string() }).parse(body);
    expect(Date.parse(z.looseObject({ expiresAt: z.string() }).parse(body).expiresAt)).toBeGreaterThan(now);
    const granted = await caller.grant({ grant_type: 'authorization_code', code });
    expect(granted).toMatchObject({ status: 200, body: { userType: 'Company', refresh_token: expect.any(String) } });
    expect((await caller.grant({ grant_type: 'authorization_code', code })).status).toBe(400);
    expect((await caller.ask('/oauth/reconnect', { json: { ...json, clientSecret: 'no' } })).status).toBe(401);
  });

  test('installed locations are rows by _id, whose count is that of the whole company', async () => {
    const token = await caller.agencyToken();
    const app = `companyId=${sandbox.companyId}&appId=${sandbox.client.id.split('-')[0] ?? ''}`;
    const Rows = z.object({
      locations: z.array(z.looseObject({ _id: z.string(), isInstalled: z.boolean() })),
      count: z.number(),
    });
    const all = Rows.parse((await installed(token)).body);
    expect(all.locations.map(({ _id }) => _id)).toEqual(sandbox.readableLocationIds);
    const withApp = Rows.parse((await installed(token, `${app}&isInstalled=true&limit=2&skip=2`)).body);
    expect(withApp.locations.map(({ _id }) => _id)).toEqual(sandbox.installedLocationIds.slice(2, 4));
    expect(withApp.count).toBe(5);
    const named = Rows.parse((await installed(token, `${app}&query=padaria`)).body);
    expect(named.locations).toMatchObject([{ _id: sandbox.locations.restricted, isInstalled: true }]);
    expect(await installed(token, `companyId=${sandbox.companyId}`)).toMatchObject({
      status: 422,
      body: { message: ['appId should not be empty'] },
    });
  });
});
