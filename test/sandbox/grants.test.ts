import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

const Granted = z.looseObject({ access_token: z.string(), refresh_token: z.string() });
const Installed = z.looseObject({
  locations: z.array(z.looseObject({ _id: z.string(), isInstalled: z.boolean(), installedAt: z.string().optional() })),
});
const NOW = Date.parse('2026-11-24T10:00:00.000Z');

let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
const start = async (options = {}): Promise<void> => {
  sandbox = await startSandbox({ now: () => NOW, ...options });
  caller = createCaller(sandbox);
};
beforeEach(() => start());
afterEach(() => sandbox.close());

const dead = { status: 400, body: { message: 'Invalid grant: refresh token is invalid' } };
const notInstalled = { status: 400, body: { message: 'Location is not installed' } };
const refresh = (refreshToken: string) =>
  caller.grant({ grant_type: 'refresh_token', refresh_token: refreshToken, user_type: 'Location' });
const renewed = async (refreshToken: string) => Granted.parse((await refresh(refreshToken)).body);
const tagsStatus = async (token: string, locationId = sandbox.locations.full): Promise<number> =>
  (await caller.ask(`/social-media-posting/${locationId}/tags`, { token })).status;
const reconnect = (holder: object = { locationId: sandbox.locations.full }) =>
  caller.ask('/oauth/reconnect', {
    json: { clientKey: sandbox.client.id, clientSecret: sandbox.client.secret, ...holder },
  });
const codeOf = async (holder?: object): Promise<string> =>
  z.looseObject({ authorizationCode: z.string() }).parse((await reconnect(holder)).body).authorizationCode;
const exchange = async (locationId: string) =>
  caller.ask('/oauth/locationToken', {
    token: await caller.agencyToken(),
    form: { companyId: sandbox.companyId, locationId },
  });
const state = async () => (await caller.ask('/_sandbox/state')).body;
const control = (method: string, path: string, json: unknown) => caller.ask(`/_sandbox${path}`, { method, json });

describe('a spent refresh token', () => {
  test('is counted each time it is presented, unlike one that never was', async () => {
    const first = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const next = await renewed(first);
    expect(await refresh('made-up')).toMatchObject(dead);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
    await refresh(first);
    await refresh(first);
    expect(sandbox.spentRefreshTokensPresented()).toBe(2);
    expect(await state()).toMatchObject({ spentRefreshTokensPresented: 2 });
    expect((await refresh(next.refresh_token)).status).toBe(200); // the vendor documents no revocation
    expect(sandbox.spentRefreshTokensPresented()).toBe(2);
  });

  test('is counted when the answer to its first use was lost on the way', async () => {
    const first = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    sandbox.setFault({ route: 'token', kind: 'cut', times: 1 });
    await expect(refresh(first)).rejects.toThrow();
    expect(await refresh(first)).toMatchObject(dead);
    expect(sandbox.spentRefreshTokensPresented()).toBe(1);
  });

  test('takes its whole family with it at a strict server, and no other', async () => {
    await sandbox.close();
    await start({ revokesFamilyOnReuse: true });
    const first = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const other = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const second = await renewed(first);
    const third = await renewed(second.refresh_token);
    expect(await tagsStatus(second.access_token)).toBe(200);
    expect(await refresh(first)).toMatchObject(dead);
    expect(await refresh(third.refresh_token)).toMatchObject(dead);
    expect(await tagsStatus(second.access_token)).toBe(401);
    expect(await tagsStatus(third.access_token)).toBe(401);
    expect(sandbox.spentRefreshTokensPresented()).toBe(1);
    expect((await refresh(other)).status).toBe(200);
  });
});

describe('revoked grants', () => {
  test.each(['handle', 'control page'])('of a location are dead, its neighbours live: by the %s', async (way) => {
    const { full, large } = sandbox.locations;
    const [own, neighbour] = [full, large].map((locationId) => sandbox.issueRefreshToken({ locationId }));
    const agency = sandbox.issueRefreshToken({ companyId: sandbox.companyId });
    const { access_token: token, refresh_token: next } = await renewed(own ?? '');
    const code = await codeOf();
    const privateToken = sandbox.issuePrivateToken({ locationId: full });
    if (way === 'handle') sandbox.revokeGrants({ locationId: full });
    else expect((await control('POST', '/revoke-grants', { locationId: full })).status).toBe(204);
    expect(await refresh(next)).toMatchObject(dead);
    expect(await caller.ask(`/social-media-posting/${full}/tags`, { token })).toMatchObject({
      status: 401,
      body: { message: 'Invalid token: access token is invalid' },
    });
    expect((await caller.grant({ grant_type: 'authorization_code', code })).status).toBe(400);
    expect((await refresh(neighbour ?? '')).status).toBe(200);
    expect((await refresh(agency)).status).toBe(200);
    expect(await tagsStatus(privateToken)).toBe(200);
    expect((await caller.grant({ grant_type: 'authorization_code', code: await codeOf() })).status).toBe(200);
  });

  test('of the company leave its locations theirs', async () => {
    const location = sandbox.issueRefreshToken({ locationId: sandbox.locations.full });
    const agency = sandbox.issueRefreshToken({ companyId: sandbox.companyId });
    sandbox.revokeGrants({ companyId: sandbox.companyId });
    expect(await refresh(agency)).toMatchObject(dead);
    expect((await refresh(location)).status).toBe(200);
    expect(() => sandbox.revokeGrants({ locationId: 'nowhere' })).toThrow('no location nowhere');
  });
});

describe('the client secret', () => {
  test('is the new one alone after a rotation, at the token endpoint and for reconnect', async () => {
    const { client } = sandbox;
    const old = client.secret;
    const secret = sandbox.rotateClientSecret();
    expect(secret).not.toBe(old);
    expect(client.secret).toBe(secret);
    const byCredentials = { grant_type: 'client_credentials' };
    expect((await caller.grant(byCredentials)).status).toBe(200);
    expect(await caller.grant({ ...byCredentials, client_secret: old })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await reconnect()).status).toBe(200);
    expect((await reconnect({ locationId: sandbox.locations.full, clientSecret: old })).status).toBe(401);
    expect(sandbox.issuedSecrets()).toContain(old);
  });
});

describe('reconnect', () => {
  test('can be refused and allowed again, codes given before still work', async () => {
    const code = await codeOf();
    sandbox.allowReconnect(false);
    expect(await reconnect()).toMatchObject({
      status: 403,
      body: { statusCode: 403, message: 'Reconnect is not enabled for this app' },
    });
    expect((await reconnect({ clientSecret: 'wrong' })).status).toBe(401);
    expect(await state()).toMatchObject({ isReconnectAllowed: false });
    expect((await caller.grant({ grant_type: 'authorization_code', code })).status).toBe(200);
    expect((await control('PATCH', '/reconnect', { isAllowed: true })).body).toEqual({ isAllowed: true });
    expect((await reconnect()).status).toBe(200);
    expect((await control('PATCH', '/reconnect', { isAllowed: 'yes' })).status).toBe(400);
  });
});

describe('a location', () => {
  const listed = async (): Promise<(readonly [string, boolean, string | undefined])[]> => {
    const appId = sandbox.client.id.split('-')[0] ?? '';
    const query = `companyId=${sandbox.companyId}&appId=${appId}`;
    const { body } = await caller.ask(`/oauth/installedLocations?${query}`, { token: await caller.agencyToken() });
    return Installed.parse(body).locations.map(({ _id, isInstalled, installedAt }) => [_id, isInstalled, installedAt]);
  };

  test.each(['handle', 'control page'])(
    'loses its tokens with the app, and gets new ones with it: by the %s',
    async (way) => {
      const { full, large } = sandbox.locations;
      const change = async (kind: 'install' | 'uninstall'): Promise<void> => {
        if (way === 'handle') sandbox[kind](full);
        else expect((await control('POST', `/${kind}`, { locationId: full })).status).toBe(204);
      };
      const refreshToken = sandbox.issueRefreshToken({ locationId: full });
      const code = await codeOf();
      const token = await caller.locationToken(full);
      const neighbour = await caller.locationToken(large);
      const byCredentials = { grant_type: 'client_credentials', user_type: 'Location', locationId: full };
      await change('uninstall');
      expect(await tagsStatus(token)).toBe(401);
      expect(await tagsStatus(neighbour, large)).toBe(200);
      expect(await refresh(refreshToken)).toMatchObject(dead);
      expect((await caller.grant({ grant_type: 'authorization_code', code })).status).toBe(400);
      expect(await caller.grant(byCredentials)).toMatchObject(notInstalled);
      expect(await exchange(full)).toMatchObject(notInstalled);
      expect(await reconnect()).toMatchObject(notInstalled);
      expect(sandbox.installedLocationIds).not.toContain(full);
      expect(await listed()).toContainEqual([full, false, undefined]);
      expect(await state()).toMatchObject({
        locations: expect.arrayContaining([expect.objectContaining({ id: full, isInstalled: false })]),
      });
      await change('install');
      expect((await caller.grant(byCredentials)).status).toBe(200);
      expect((await exchange(full)).status).toBe(200);
      expect(await refresh(refreshToken)).toMatchObject(dead);
      expect(sandbox.installedLocationIds).toContain(full);
      expect(await listed()).toContainEqual([full, true, new Date(NOW).toISOString()]);
    },
  );

  test('that does not exist is a mistake of the caller', async () => {
    expect(() => sandbox.install('nowhere')).toThrow('no location nowhere');
    expect(() => sandbox.uninstall('nowhere')).toThrow('no location nowhere');
    for (const path of ['/install', '/uninstall', '/revoke-grants'])
      expect((await control('POST', path, { locationId: 'nowhere' })).status).toBe(404);
  });
});
