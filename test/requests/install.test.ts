import { describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { decide, follow, open, type CookieJar } from '../support/consent.ts';
import {
  byAgency,
  byLocationGrants,
  createStoreFolder,
  holdUpkeep,
  installationOf,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { startOidcProvider } from '../support/oidc-provider.ts';

const question = (id: string) =>
  `{ location(id: "${id}") { name tags(first: 2) { totalCount } installation { status grantKind grantedScopes missingScopes } } }`;

const tagScope = 'socialplanner/tag.readonly';
const scopes = ['locations.readonly', tagScope, 'socialplanner/statistics.readonly', 'socialplanner/account.readonly'];
const withoutTags = scopes.filter((scope) => scope !== tagScope);

const grantsOf = async ({ gateway }: TestGateway) =>
  ((await gateway.consenting?.store.summaries()) ?? []).map(({ key, isDead }) => ({ key, isDead }));

const kinds = [
  {
    name: 'authorization-code',
    access: byLocationGrants,
    grantKind: 'LOCATION_GRANT',
    holderOf: ({ locations }: Sandbox) => `location:${locations.full}`,
    keyOf: ({ locations }: Sandbox) => `location:${locations.full}`,
    whoOf: ({ locations }: Sandbox) => `Location <code>${locations.full}</code> is connected`,
    own: [] as string[],
    redemptions: ['token authorization_code'],
  },
  {
    name: 'agency',
    access: (sandbox: Sandbox) => byAgency(sandbox),
    grantKind: 'AGENCY_EXCHANGE',
    holderOf: () => 'company',
    keyOf: () => 'company',
    whoOf: ({ companyId }: Sandbox) => `Agency <code>${companyId}</code> is connected`,
    own: ['oauth.readonly', 'oauth.write'],
    redemptions: ['token authorization_code', 'locationToken'],
  },
];

describe.each(kinds)(
  'connecting by the $name grant',
  ({ access, grantKind, holderOf, keyOf, whoOf, own, redemptions }) => {
    test('the page says who is connected, and a question is answered', async () => {
      await using gateway = await startTestGateway({ access });
      const { sandbox } = gateway;
      const { full } = sandbox.locations;
      expect(await installationOf(gateway, full)).toEqual({
        grantedScopes: [],
        status: 'NOT_INSTALLED',
        grantKind,
        missingScopes: scopes,
      });
      const { status, text, steps } = await gateway.connect({ holder: holderOf(sandbox) });
      expect(status).toBe(200);
      expect(text).toContain(whoOf(sandbox));
      expect(text).toContain('Every scope that was asked for is granted');
      expect(steps.map(({ origin, pathname }) => origin + pathname)).toEqual([
        `${gateway.url}/oauth/install`,
        sandbox.authorizeUrl,
        `${gateway.url}/oauth/callback`,
      ]);
      expect(steps[1]?.searchParams.get('scope')?.split(' ')).toEqual([...scopes, ...own]);
      expect(steps[1]?.searchParams.get('code_challenge_method')).toBe('S256');
      const answer = await gateway.ask(question(full));
      expect(answer.errors).toEqual([]);
      expect(answer.data.location).toMatchObject({
        name: 'Harbour Bay Dental',
        tags: { totalCount: 40 },
        installation: { status: 'CONNECTED', grantKind, missingScopes: [] },
      });
      expect(gateway.tokenCalls()).toEqual(redemptions);
    });

    test('a scope that was unticked is named by the page, by the field and by installation', async () => {
      await using gateway = await startTestGateway({ access });
      const { sandbox } = gateway;
      const { text } = await gateway.connect({ holder: holderOf(sandbox), scopes: [...withoutTags, ...own] });
      expect(text).toContain(whoOf(sandbox));
      expect([...text.matchAll(/<li><code>([^<]*)<\/code>/g)].map(([, scope]) => scope)).toEqual([tagScope]);
      const answer = await gateway.ask(question(sandbox.locations.full));
      expect(answer.data.location.name).toBe('Harbour Bay Dental');
      expect(answer.data.location.tags).toBeNull();
      expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_SCOPE_MISSING']);
      expect(answer.errors[0]?.message).toContain(tagScope);
      expect(answer.errors[0]?.path).toEqual(['location', 'tags']);
      const { installation } = answer.data.location;
      expect(installation).toMatchObject({ status: 'CONNECTED', missingScopes: [tagScope] });
      expect(installation.grantedScopes.toSorted()).toEqual(withoutTags.toSorted());
    });

    test('a new consent counts at once, with its scopes, and in another replica after one round of upkeep', async () => {
      const upkeep = holdUpkeep();
      await using store = await createStoreFolder();
      await using sandbox = await startSandbox();
      const config = { database: { path: store.path } };
      const { full } = sandbox.locations;
      await using first = await startTestGateway({ sandbox, access, config });
      await using second = await startTestGateway({ sandbox, access, config });
      const missing = async (gateway: TestGateway) => (await installationOf(gateway, full)).missingScopes;
      await first.connect({ holder: holderOf(sandbox), scopes: [...withoutTags, ...own] });
      await upkeep.round();
      expect(await Promise.all([first, second].map(missing))).toEqual([[tagScope], [tagScope]]);
      await first.connect({ holder: holderOf(sandbox) });
      expect(await missing(first)).toEqual([]);
      await upkeep.round();
      expect(await missing(second)).toEqual([]);
      expect((await second.ask(question(full))).errors).toEqual([]);
    });

    test('a grant that upstream has revoked asks for a new consent, which brings it back', async () => {
      const upkeep = holdUpkeep();
      await using store = await createStoreFolder();
      await using sandbox = await startSandbox();
      const config = { database: { path: store.path }, isCacheOn: false };
      const { full } = sandbox.locations;
      await using first = await startTestGateway({ sandbox, access, config });
      await using second = await startTestGateway({ sandbox, access, config });
      await first.connect({ holder: holderOf(sandbox) });
      await upkeep.round();
      sandbox.allowReconnect(false);
      sandbox.revokeGrants({ locationId: full });
      sandbox.revokeGrants({ companyId: sandbox.companyId });
      for (const gateway of [first, second]) {
        const answer = await gateway.ask(question(full));
        expect(gateway.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED', 'LOCATION_NOT_CONNECTED']);
        expect(await installationOf(gateway, full)).toMatchObject({ status: 'REAUTHORIZATION_REQUIRED', grantKind });
      }
      expect(await grantsOf(first)).toEqual([{ key: keyOf(sandbox), isDead: true }]);
      sandbox.clearCalls();
      await upkeep.round();
      expect(await installationOf(first, full)).toMatchObject({ status: 'REAUTHORIZATION_REQUIRED' });
      expect(first.tokenCalls()).toEqual([]); // a dead grant is never tried again
      await first.connect({ holder: holderOf(sandbox) });
      expect((await first.ask(question(full))).errors).toEqual([]);
      await upkeep.round();
      expect((await second.ask(question(full))).errors).toEqual([]);
      expect(await installationOf(second, full)).toMatchObject({ status: 'CONNECTED', missingScopes: [] });
    });
  },
);

describe('an install that is not what it seems stores nothing', () => {
  /** A consent as far as the callback. */
  const begun = async (gateway: TestGateway, cookies: CookieJar = new Map()) => {
    const holder = `location:${gateway.sandbox.locations.full}`;
    const { callbackUrl } = await decide(`${gateway.url}/oauth/install`, { holder, cookies });
    if (callbackUrl === null) throw new Error('the consent page did not lead back');
    return { callbackUrl, cookies };
  };
  const without = (url: URL, name: string) => {
    const changed = new URL(url);
    changed.searchParams.delete(name);
    return changed;
  };
  const changed = (url: URL, fields: Readonly<Record<string, string>>) => {
    const other = new URL(url);
    for (const [name, value] of Object.entries(fields)) other.searchParams.set(name, value);
    return other;
  };

  test.each([
    ['a wrong state', (url: URL) => changed(url, { state: 'w'.repeat(43) }), 400, 'This consent is not known'],
    ['an empty state', (url: URL) => changed(url, { state: '' }), 400, 'This consent is not known'],
    ['no state', (url: URL) => without(url, 'state'), 400, 'This install was not begun here'],
    ['no code', (url: URL) => without(url, 'code'), 400, 'The answer has no code'],
    ['an error', (url: URL) => changed(url, { error: 'access_denied' }), 403, 'Nothing was connected'],
    ['another app’s code', (url: URL) => changed(url, { code: 'c'.repeat(256) }), 400, 'The code is not accepted'],
  ])('%s', async (name, change, status, title) => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { callbackUrl, cookies } = await begun(gateway);
    gateway.sandbox.clearCalls();
    const page = await open(change(callbackUrl), cookies);
    expect(page.status).toBe(status);
    expect(await page.text()).toContain(`<h1>${title}</h1>`);
    expect(await grantsOf(gateway)).toEqual([]);
    const isSent = name === 'another app’s code';
    expect(gateway.tokenCalls()).toEqual(isSent ? ['token authorization_code'] : []);
  });

  test('another browser, which also ends the first one’s consent: nobody may try states', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { callbackUrl, cookies } = await begun(gateway);
    const other = await begun(gateway);
    for (const stranger of [new Map<string, string>(), other.cookies, cookies]) {
      const page = await open(callbackUrl, stranger);
      expect([page.status, (await page.text()).includes('This consent is not known')]).toEqual([400, true]);
    }
    expect(await grantsOf(gateway)).toEqual([]);
    expect(gateway.tokenCalls()).toEqual([]);
  });

  test('a callback that comes twice: the grant of the first one stays', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { callbackUrl, cookies } = await begun(gateway);
    const jar = new Map(cookies);
    expect((await open(callbackUrl, cookies)).status).toBe(200);
    expect((await open(callbackUrl, jar)).status).toBe(400);
    expect(gateway.tokenCalls()).toEqual(['token authorization_code']);
    expect((await gateway.ask(question(gateway.sandbox.locations.full))).errors).toEqual([]);
  });

  test('a code that is redeemed twice, under two states', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { callbackUrl, cookies } = await begun(gateway);
    expect((await open(callbackUrl, cookies)).status).toBe(200);
    const again = await begun(gateway);
    const code = callbackUrl.searchParams.get('code') ?? '';
    const page = await open(changed(again.callbackUrl, { code }), again.cookies);
    expect([page.status, (await page.text()).includes('The code is not accepted')]).toEqual([400, true]);
    expect((await gateway.ask(question(gateway.sandbox.locations.full))).errors).toEqual([]);
  });

  test('a person who refuses', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { status, text } = await gateway.connect({ holder: 'company', decision: 'refuse' });
    expect([status, text.includes('The consent was refused')]).toEqual([403, true]);
    expect(await grantsOf(gateway)).toEqual([]);
  });

  const company = (companyId: string) => (sandbox: Sandbox) => {
    const access = byLocationGrants(sandbox);
    return { ...access, grant: { ...access.grant, companyId } };
  };
  test.each([
    ['an agency where a location is wanted', byLocationGrants, 'company', 'An agency answered'],
    [
      'a location where the agency is wanted',
      (sandbox: Sandbox) => byAgency(sandbox),
      'location',
      'A location answered',
    ],
    ['another company than the one set', company('someOtherCompany'), 'location', 'Another company answered'],
  ])('%s', async (_name, access, kind, title) => {
    await using gateway = await startTestGateway({ access });
    const holder = kind === 'company' ? kind : `location:${gateway.sandbox.locations.full}`;
    const { status, text } = await gateway.connect({ holder });
    expect(status).toBe(409);
    expect(text).toContain(`<h1>${title}</h1>`);
    expect(await grantsOf(gateway)).toEqual([]);
  });

  test('another location than the one that was to be connected', async () => {
    await using gateway = await startTestGateway({ access: byLocationGrants });
    const { full, large } = gateway.sandbox.locations;
    const { status, text } = await gateway.connect({ holder: `location:${large}` }, `/oauth/install?location=${full}`);
    expect([status, text.includes('Another location answered')]).toEqual([409, true]);
    expect(await grantsOf(gateway)).toEqual([]);
    const second = await gateway.connect({ holder: `location:${full}` }, `/oauth/install?location=${full}`);
    expect(second.status).toBe(200);
  });
});

describe('an install that was begun on the marketplace', () => {
  const start = async (areForeignInstallsTaken: boolean) => {
    const gateway = await startTestGateway({ access: byLocationGrants, config: { areForeignInstallsTaken } });
    const { client, authorizeUrl, locations } = gateway.sandbox;
    const redirectUri = `${gateway.url}/oauth/callback`;
    const decided = await fetch(authorizeUrl, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams([
        ['response_type', 'code'],
        ['client_id', client.id],
        ['redirect_uri', redirectUri],
        ['scope', scopes.join(' ')],
        ...scopes.map((scope) => ['scopes', scope] as [string, string]),
        ['holder', `location:${locations.full}`],
        ['decision', 'allow'],
      ]),
    });
    const callbackUrl = new URL(decided.headers.get('location') ?? '');
    return { gateway, callbackUrl, [Symbol.asyncDispose]: () => gateway.close() };
  };

  test('is taken where that is on', async () => {
    await using begun = await start(true);
    const { gateway, callbackUrl } = begun;
    const page = await open(callbackUrl, new Map());
    expect([page.status, (await page.text()).includes('is connected')]).toEqual([200, true]);
    expect((await gateway.ask(question(gateway.sandbox.locations.full))).errors).toEqual([]);
  });

  test('is refused where it is not, and its code is not spent', async () => {
    await using begun = await start(false);
    const { gateway, callbackUrl } = begun;
    const page = await open(callbackUrl, new Map());
    expect([page.status, (await page.text()).includes('UPSTREAM_MARKETPLACE_INSTALLS=on')]).toEqual([400, true]);
    expect(gateway.tokenCalls()).toEqual([]);
    const { client, url } = gateway.sandbox;
    const redeemed = await fetch(`${url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client.id,
        client_secret: client.secret,
        redirect_uri: `${gateway.url}/oauth/callback`,
        code: callbackUrl.searchParams.get('code') ?? '',
      }),
    });
    expect(redeemed.status).toBe(200);
  });
});

describe('a certified authorization server that rotates refresh tokens', () => {
  test('is connected to and renewed at, and never sees a spent token again', async () => {
    const locationId = 've9EPM428h8vShlRW1KT';
    await using provider = await startOidcProvider({ locationId, companyId: 'UAXssdawIWAWD', scopes });
    const { url, authorizeUrl, client, events } = provider;
    const app = { clientId: client.id, clientSecret: client.secret, previousSecret: null, companyId: null };
    await using gateway = await startTestGateway({
      access: () => ({ url, sandbox: null, grant: { kind: 'authorization-code', ...app } }),
      config: { authorizeUrl, isCacheOn: false, canReconnect: false },
    });
    provider.register(`${gateway.url}/oauth/callback`);
    const { status, text, steps } = await follow(`${gateway.url}/oauth/install`);
    expect([status, text.includes(`Location <code>${locationId}</code> is connected`)]).toEqual([200, true]);
    expect(steps[1]?.href.startsWith(`${authorizeUrl}?`)).toBe(true);
    expect(text).toContain('Every scope that was asked for is granted');

    const tags = async () => gateway.ask(`{ location(id: "${locationId}") { tags(first: 5) { nodes { name } } } }`);
    const certified = { location: { tags: { nodes: [{ name: 'certified' }] } } };
    expect((await tags()).data).toEqual(certified);
    for (let renewal = 1; renewal <= 3; renewal += 1) {
      await provider.expireAccessTokens();
      const answers = await Promise.all([tags(), tags(), tags()]);
      expect(answers.map((answer): unknown => answer.data)).toEqual([certified, certified, certified]);
      expect(events.consumed).toHaveLength(renewal);
    }
    expect(events.revoked).toBe(0);
    expect(new Set(events.consumed).size).toBe(3);

    // That it would have noticed: a thief presents the first one.
    const stolen = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: events.consumed[0] ?? '' });
    stolen.append('client_id', client.id);
    stolen.append('client_secret', client.secret);
    expect((await fetch(`${url}/oauth/token`, { method: 'POST', body: stolen })).status).toBe(400);
    expect(events.revoked).toBe(1);
    const answer = await tags();
    expect(gateway.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED']);
    expect(await installationOf(gateway, locationId)).toMatchObject({ status: 'REAUTHORIZATION_REQUIRED' });
  });
});
