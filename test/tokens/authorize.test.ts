import { describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { clientCredentials, privateToken } from '../../src/tokens/grants.ts';
import { callsOf, connect, storedGrant, type GrantParts } from './upstream.ts';

const byCredentials = () =>
  Promise.resolve({
    toGrant: (parts: GrantParts) => clientCredentials(parts, { companyId: null, scopes: [] }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
const byRefreshToken = (sandbox: Sandbox) =>
  storedGrant(sandbox.issueRefreshToken({ locationId: sandbox.locations.full }));

describe.each([
  ['client credentials', byCredentials],
  ['a refresh token', byRefreshToken],
])('a 401 under %s', (_, open) => {
  const start = async () => {
    const sandbox = await startSandbox();
    const opened = await open(sandbox);
    const room = connect(sandbox, opened.toGrant);
    expect(await room.tags(sandbox.locations.full)).toBe('data');
    sandbox.clearCalls();
    const close = async () => {
      await room[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      await sandbox.close();
    };
    return { sandbox, room, full: sandbox.locations.full, [Symbol.asyncDispose]: close };
  };

  test('for an expired token: it is renewed and the request repeated, once', async () => {
    await using started = await start();
    const { sandbox, room, full } = started;
    sandbox.expireAccessTokens();
    expect(await room.tags(full)).toBe('data');
    const { token, data } = callsOf(sandbox);
    expect(data.map(({ status }) => status)).toEqual([401, 200]);
    expect(new Set(data.map(({ tokenFingerprint }) => tokenFingerprint)).size).toBe(2);
    expect(token).toHaveLength(1);
  });

  test('for an expired token that thirty requests carry: one renewal serves them all', async () => {
    await using started = await start();
    const { sandbox, room, full } = started;
    sandbox.expireAccessTokens();
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => room.tags(full)));
    expect(new Set(outcomes)).toEqual(new Set(['data']));
    expect(callsOf(sandbox).counts).toMatchObject({ token: 1 });
  });

  test.each([
    [
      'one after another',
      async (ask: () => Promise<string>) => {
        const outcomes = [];
        for (let question = 0; question < 30; question += 1) outcomes.push(await ask());
        return outcomes;
      },
    ],
    ['at once', (ask: () => Promise<string>) => Promise.all(Array.from({ length: 30 }, ask))],
  ])(
    'whatever token is shown: thirty questions %s fail for at most three token requests, and heal at once',
    async (_how, askAll) => {
      await using started = await start();
      const { sandbox, room, full } = started;
      sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason: 'expired' });
      expect(new Set(await askAll(() => room.tags(full)))).toEqual(new Set(['UPSTREAM_AUTH_FAILED']));
      const { counts } = callsOf(sandbox);
      expect(counts.token).toBeLessThanOrEqual(3);
      expect(counts.data).toBeLessThanOrEqual(60);
      expect((await room.installation(full)).status).toBe('REAUTHORIZATION_REQUIRED');
      sandbox.clearFaults();
      expect(await room.tags(full)).toBe('data');
      expect((await room.installation(full)).status).toBe('CONNECTED');
    },
  );

  test.each([
    ['a missing scope', 'scope', 'UPSTREAM_SCOPE_MISSING'],
    ['the Version header', 'version', 'UPSTREAM_REFUSED'],
    ['the class of the token', 'token-class', 'UPSTREAM_AUTH_FAILED'],
    ['a private token', 'private-token', 'UPSTREAM_AUTH_FAILED'],
  ] as const)('for %s: no token request, no repeat', async (_what, reason, code) => {
    await using started = await start();
    const { sandbox, room, full } = started;
    sandbox.setFault({ route: 'listTags', kind: 'unauthorized', reason });
    for (let question = 0; question < 5; question += 1) expect(await room.tags(full)).toBe(code);
    expect(callsOf(sandbox).counts).toEqual({ token: 0, data: 5 });
  });

  test('for a scope that the location was not granted: the code names it and the installation shows it', async () => {
    await using started = await start();
    const { sandbox, room, full } = started;
    sandbox.grantScopes(full, ['locations.readonly']);
    sandbox.expireAccessTokens();
    expect(await room.tags(full)).toBe('UPSTREAM_SCOPE_MISSING');
    expect(await room.installation(full)).toMatchObject({
      status: 'CONNECTED',
      grantedScopes: ['locations.readonly'],
      missingScopes: ['socialplanner/tag.readonly'],
    });
  });

  test('for an expired token of a location that has been paused since: the pause is what is told', async () => {
    await using started = await start();
    const { sandbox, room, full } = started;
    sandbox.pauseLocation(full, true);
    sandbox.expireAccessTokens();
    for (let question = 0; question < 10; question += 1) expect(await room.tags(full)).toBe('LOCATION_PAUSED');
    expect(callsOf(sandbox).counts).toEqual({ token: 1, data: 1 });
    expect((await room.installation(full)).status).toBe('PAUSED');
  });
});

test('a static token is never renewed: an unknown one fails each time, and the installation says that a person must act', async () => {
  await using sandbox = await startSandbox();
  const { full } = sandbox.locations;
  for (const value of ['pit-made-up', 'not-even-a-private-token']) {
    sandbox.clearCalls();
    await using room = connect(sandbox, () => privateToken(value));
    expect([await room.tags(full), await room.tags(full)]).toEqual(['UPSTREAM_AUTH_FAILED', 'UPSTREAM_AUTH_FAILED']);
    expect(callsOf(sandbox).counts).toEqual({ token: 0, data: 2 });
    expect((await room.installation(full)).status).toBe('REAUTHORIZATION_REQUIRED');
  }
});
