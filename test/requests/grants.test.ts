import { describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import {
  byAgency,
  byClientCredentials,
  byLocationGrants,
  byPrivateToken,
  byRefreshToken,
  byRoute,
  createStoreFolder,
  installationOf,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts';

const tagScope = 'socialplanner/tag.readonly';
const nameOf = (id: string) => `{ location(id: "${id}") { name } }`;
const tagsOf = (id: string) => `{ location(id: "${id}") { tags(first: 1) { totalCount } } }`;

const seededAgency = (sandbox: Sandbox) =>
  byAgency(sandbox, sandbox.issueRefreshToken({ companyId: sandbox.companyId }));

/** Reads the same field again and again without a cache between. */
const uncached = { isCacheOn: false };

describe('an agency’s token is exchanged for those of its locations', () => {
  test('once for all who wait, and again when it is due: nothing of a location’s rotates', async () => {
    await using gateway = await startTestGateway({ access: seededAgency, config: uncached });
    const { sandbox } = gateway;
    const { full } = sandbox.locations;
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.ask(nameOf(full))));
    expect(answers.flatMap(({ errors }) => errors)).toEqual([]);
    expect(gateway.tokenCalls()).toEqual(['token refresh_token', 'locationToken']);
    sandbox.expireAccessTokens();
    const again = await Promise.all(Array.from({ length: 20 }, () => gateway.ask(nameOf(full))));
    expect(again.flatMap(({ errors }) => errors)).toEqual([]);
    // The first exchange finds the agency's own token expired.
    expect(gateway.tokenCalls()).toEqual(['locationToken', 'token refresh_token', 'locationToken']);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('on the company’s budget; the questions themselves spend the location’s', async () => {
    const burst = { limit: 4, windowMs: 10_000 };
    await using gateway = await startTestGateway({
      sandbox: { extraLocations: 6, burst },
      access: seededAgency,
      config: { ...uncached, burst, requestDeadlineMs: 2_000 }, // nobody waits for the next window
    });
    const ids = gateway.sandbox.extraLocationIds;
    const [first = '', second = ''] = ids;
    for (let count = 0; count < 4; count += 1) {
      expect((await gateway.ask(nameOf(first))).errors).toEqual([]);
      expect((await gateway.ask(nameOf(second))).errors).toEqual([]);
    }
    expect(byRoute(gateway.sandbox.calls())).toEqual({ token: 1, locationToken: 2, readLocation: 8 });
    expect(gateway.codesOf(await gateway.ask(nameOf(first)))).toEqual(['UPSTREAM_RATE_LIMITED']);
    const others = [];
    for (const id of ids.slice(2)) others.push(...gateway.codesOf(await gateway.ask(nameOf(id))));
    expect(others).toEqual(['UPSTREAM_RATE_LIMITED', 'UPSTREAM_RATE_LIMITED']); // two more exchanges fit
    expect(byRoute(gateway.sandbox.calls())).toMatchObject({ locationToken: 4, readLocation: 10 });
  });

  test('a location that uninstalls the app is NOT_INSTALLED, the others go on', async () => {
    await using gateway = await startTestGateway({ access: seededAgency, config: uncached });
    const { full, large, notInstalled } = gateway.sandbox.locations;
    expect(await installationOf(gateway, full)).toMatchObject({ status: 'CONNECTED' });
    expect(await installationOf(gateway, notInstalled)).toMatchObject({ status: 'NOT_INSTALLED' });
    gateway.sandbox.uninstall(full);
    const answer = await gateway.ask(nameOf(full));
    expect(gateway.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED']);
    expect(await installationOf(gateway, full)).toMatchObject({
      status: 'NOT_INSTALLED',
      grantKind: 'AGENCY_EXCHANGE',
    });
    expect((await gateway.ask(nameOf(large))).errors).toEqual([]);
    expect(gateway.tokenCalls().filter((call) => call === 'token refresh_token')).toHaveLength(1);
  });
});

const stored = [
  { name: 'authorization-code', access: byLocationGrants, holder: 'location' },
  { name: 'agency', access: (sandbox: Sandbox) => byAgency(sandbox), holder: 'company' },
  { name: 'refresh-token', access: (sandbox: Sandbox) => byRefreshToken(sandbox), holder: null },
] as const;

const connectAs = async (gateway: TestGateway, holder: 'location' | 'company' | null) => {
  const { full } = gateway.sandbox.locations;
  if (holder !== null) await gateway.connect({ holder: holder === 'company' ? holder : `location:${full}` });
};

describe.each(stored)('a stored grant: $name', ({ access, holder }) => {
  test('a gateway that comes back over the same store asks for no grant anew', async () => {
    await using store = await createStoreFolder();
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    const config = { ...uncached, database: { path: store.path } };
    const seeded = access(sandbox);
    const first = await startTestGateway({ sandbox, access: () => seeded, config });
    await connectAs(first, holder);
    expect((await first.ask(nameOf(full))).errors).toEqual([]);
    await first.close();
    sandbox.clearCalls();
    await using second = await startTestGateway({ sandbox, access: () => seeded, config });
    expect((await second.ask(nameOf(full))).errors).toEqual([]);
    // What is exchanged is kept nowhere; the agency's own token is.
    expect(second.tokenCalls()).toEqual(holder === 'company' ? ['locationToken'] : []);
    sandbox.expireAccessTokens();
    expect((await second.ask(nameOf(full))).errors).toEqual([]);
    expect(second.tokenCalls().filter((call) => call === 'token refresh_token')).toHaveLength(1);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('a paused location is PAUSED, and works again without anybody’s doing', async () => {
    await using gateway = await startTestGateway({ access, config: uncached });
    const { sandbox } = gateway;
    const { full } = sandbox.locations;
    await connectAs(gateway, holder);
    expect(await installationOf(gateway, full)).toMatchObject({ status: 'CONNECTED', missingScopes: [] });
    sandbox.expireAccessTokens();
    sandbox.pauseLocation(full, true);
    expect(gateway.codesOf(await gateway.ask(nameOf(full)))).toEqual(['LOCATION_PAUSED']);
    expect(await installationOf(gateway, full)).toMatchObject({ status: 'PAUSED' });
    const grants = await gateway.gateway.consenting?.store.summaries();
    expect(grants?.map(({ isDead }) => isDead)).toEqual([false]);
    expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  });

  test('the client secret changes without a failed question', async () => {
    await using store = await createStoreFolder();
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    const config = { ...uncached, database: { path: store.path } };
    const seeded = access(sandbox);
    const old = sandbox.client.secret;
    const withSecrets = (clientSecret: string, previousSecret: string | null) => () => ({
      ...seeded,
      grant: { ...seeded.grant, clientSecret, previousSecret },
    });
    const renewed = async (gateway: TestGateway) => {
      sandbox.expireAccessTokens();
      expect((await gateway.ask(nameOf(full))).errors).toEqual([]);
    };
    const statuses = () => sandbox.calls().flatMap(({ route, status }) => (route === 'token' ? [status] : []));

    // The settings come first: upstream knows the new secret only later.
    const before = await startTestGateway({ sandbox, access: withSecrets('not-known-to-upstream-yet', old), config });
    await connectAs(before, holder);
    await renewed(before);
    await renewed(before);
    // Tried once, then the accepted one stays the first choice.
    expect(statuses()).toEqual(holder === null ? [401, 200, 200] : [401, 200, 200, 200]);
    expect(before.logLines.join('')).toContain('UPSTREAM_CLIENT_SECRET_PREVIOUS is used until that changes');
    await before.close();

    const next = sandbox.rotateClientSecret();
    sandbox.clearCalls();
    await using after = await startTestGateway({ sandbox, access: withSecrets(next, old), config });
    await renewed(after);
    expect(statuses()).toEqual([200]);
    expect(after.logLines.join('')).not.toContain('_PREVIOUS');
  });
});

describe('5 calls that lack a scope cause no renewal', () => {
  const lacking = (sandbox: Sandbox) => {
    const { full } = sandbox.locations;
    sandbox.grantScopes(full, ['locations.readonly', 'socialplanner/account.readonly']);
    return full;
  };
  const withPrivateToken = (sandbox: Sandbox) => {
    const locationId = sandbox.locations.full;
    const privateToken = sandbox.issuePrivateToken({ locationId }, ['locations.readonly']);
    return { ...byPrivateToken(sandbox), grant: { kind: 'private-token' as const, privateToken } };
  };
  test.each([
    ['client-credentials', byClientCredentials, null],
    ['authorization-code', byLocationGrants, 'location'],
    ['agency', (sandbox: Sandbox) => byAgency(sandbox), 'company'],
    ['refresh-token', (sandbox: Sandbox) => byRefreshToken(sandbox), null],
    ['private-token', withPrivateToken, null],
  ] as const)('%s', async (_name, access, holder) => {
    await using sandbox = await startSandbox();
    const full = lacking(sandbox);
    await using gateway = await startTestGateway({ sandbox, access, config: uncached });
    if (holder === 'location') await gateway.connect({ holder: `location:${full}`, scopes: ['locations.readonly'] });
    else await connectAs(gateway, holder);
    expect((await gateway.ask(nameOf(full))).errors).toEqual([]);
    sandbox.clearCalls();
    for (let count = 0; count < 5; count += 1) {
      const answer = await gateway.ask(tagsOf(full));
      expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_SCOPE_MISSING']);
      expect(answer.errors[0]?.message).toContain(tagScope);
    }
    expect(sandbox.calls().map(({ route, status }) => `${route} ${status}`)).toEqual(Array(5).fill('listTags 401'));
  });
});

test('a grant that is paused before it was ever redeemed keeps its refresh token', async () => {
  await using store = await createStoreFolder();
  await using sandbox = await startSandbox();
  const { full } = sandbox.locations;
  const config = { database: { path: store.path } };
  const seeded = byRefreshToken(sandbox);
  sandbox.pauseLocation(full, true);
  const paused = await startTestGateway({ sandbox, access: () => seeded, config });
  expect(await installationOf(paused, full)).toMatchObject({ status: 'PAUSED' });
  await paused.close();
  sandbox.pauseLocation(full, false);
  await using gateway = await startTestGateway({ sandbox, access: () => seeded, config });
  expect((await gateway.ask(nameOf(full))).errors).toEqual([]);
  expect(sandbox.spentRefreshTokensPresented()).toBe(0);
});
