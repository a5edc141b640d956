import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { createConsents } from '../../src/tokens/consents.ts';
import { createGrantStore } from '../../src/tokens/grant-store.ts';
import { createInstalls, InstallError, type InstallProblem, type InstallRules } from '../../src/tokens/install.ts';
import { createSeal } from '../../src/tokens/seal.ts';
import { createTestClient, idOf, openSpace, startTokenEndpoint } from './upstream.ts';

const redirectUri = 'http://127.0.0.1:4000/oauth/callback';
const scopes = ['locations.readonly', 'socialplanner/tag.readonly'];
const usual: InstallRules = {
  kind: 'locations',
  redirectUri: () => redirectUri,
  scopes,
  companyId: null,
  isPkceOn: true,
  areForeignInstallsTaken: false,
};

type Upstream = Pick<Sandbox, 'url' | 'client'> & { readonly authorizeUrl?: string };

/** Installs over a store of their own. */
const open = async (upstream: Upstream, rules: Partial<InstallRules> = {}) => {
  const space = await openSpace();
  const store = createGrantStore(space);
  const lines: string[] = [];
  const log = createLog({ level: 'info', secrets: [], sink: { write: (line) => void lines.push(line) } });
  const { client, close } = createTestClient(upstream);
  const audit = createAudit({ log, tally: createTally() });
  const consents = createConsents(space);
  const installsBy = (more: Partial<InstallRules>) =>
    createInstalls({ client, consents, store, audit, onInstalled: () => undefined }, { ...usual, ...rules, ...more });
  const installs = installsBy({});
  const wish = { by: 'somebody', browserSecret: null };
  return {
    space,
    store,
    installs,
    installsBy,
    lines,
    audited: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    begin: (locationId: string | null = null) =>
      installs.begin({ ...wish, locationId: locationId === null ? null : idOf(locationId) }),
    /** Who is connected, or the problem. */
    finish: async (search: string, browserSecret: string | null): Promise<unknown> => {
      try {
        return await installs.finish({ search, browserSecret });
      } catch (error) {
        if (error instanceof InstallError) return error.code;
        throw error;
      }
    },
    grants: () => store.summaries(),
    [Symbol.asyncDispose]: async () => {
      await close();
      await space.database.close();
    },
  };
};

/** What the person at the consent page does; gives the query with which the browser comes back. */
const decide = async (
  page: URL,
  {
    holder = 'company',
    allowed = null,
    decision = 'allow',
  }: { holder?: string; allowed?: readonly string[] | null; decision?: string },
): Promise<string> => {
  const form = new URLSearchParams(page.search);
  form.set('holder', holder);
  form.set('decision', decision);
  for (const scope of allowed ?? (page.searchParams.get('scope') ?? '').split(' ')) form.append('scopes', scope);
  const answer = await fetch(page.origin + page.pathname, { method: 'POST', body: form, redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '').search;
};

describe('an install', () => {
  test('of a location ends in a grant that works, with PKCE and without', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    for (const isPkceOn of [true, false]) {
      await using room = await open(sandbox, { isPkceOn });
      const { url, browserSecret } = await room.begin();
      expect(url.searchParams.has('code_challenge')).toBe(isPkceOn);
      const search = await decide(url, { holder: `location:${full}` });
      const holder = { kind: 'location', locationId: full };
      expect(await room.finish(search, browserSecret)).toEqual({ holder, missingScopes: [] });
      expect(await room.grants()).toEqual([
        { key: `location:${full}`, locationId: full, companyId: sandbox.companyId, isDead: false, scopes },
      ]);
      const grant = await room.store.find(`location:${idOf(full)}`);
      const token = grant?.access?.reveal() ?? '';
      const headers = { authorization: `Bearer ${token}`, version: '2021-07-28' };
      expect((await fetch(`${sandbox.url}/locations/${full}`, { headers })).status).toBe(200);
      expect(grant).toMatchObject({ isLeased: false, isUncertain: false });
    }
  });

  test('asks for the company’s token where an agency is to be connected', async () => {
    await using sandbox = await startSandbox();
    await using room = await open(sandbox, { kind: 'company' });
    const { url, browserSecret } = await room.begin();
    const { companyId } = sandbox;
    const done = await room.finish(await decide(url, { holder: 'company' }), browserSecret);
    expect(done).toEqual({ holder: { kind: 'company', companyId }, missingScopes: [] });
    expect(await room.grants()).toEqual([{ key: 'company', locationId: null, companyId, isDead: false, scopes }]);
    const redeemed = sandbox.calls().find(({ route }) => route === 'token');
    expect(redeemed?.requestBody).toMatchObject({ user_type: 'Company', redirect_uri: redirectUri });
  });

  test('names the scopes that were wanted and not granted', async () => {
    await using sandbox = await startSandbox();
    await using room = await open(sandbox);
    const { url, browserSecret } = await room.begin();
    const search = await decide(url, { holder: `location:${sandbox.locations.full}`, allowed: ['locations.readonly'] });
    expect(await room.finish(search, browserSecret)).toMatchObject({ missingScopes: ['socialplanner/tag.readonly'] });
  });

  test('replaces what the location had, dead or alive, and leaves the others alone', async () => {
    await using sandbox = await startSandbox();
    const { full, large } = sandbox.locations;
    await using room = await open(sandbox);
    const connect = async (id: string) => {
      const { url, browserSecret } = await room.begin();
      await room.finish(await decide(url, { holder: `location:${id}` }), browserSecret);
      const stored = await room.store.find(`location:${idOf(id)}`);
      if (stored === null) throw new Error('not stored');
      return stored;
    };
    const [first, other] = [await connect(full), await connect(large)];
    const lease = await room.store.leases.take(first);
    if (lease === null) throw new Error('no lease');
    await room.store.leases.bury(lease);
    const second = await connect(full);
    expect(second).toMatchObject({ isDead: false, isLeased: false, isUncertain: false });
    expect(second.version).toBeGreaterThan(lease.version);
    expect(second.refreshToken()).not.toBe(first.refreshToken());
    expect((await room.store.find(`location:${idOf(large)}`))?.refreshToken()).toBe(other.refreshToken());
  });

  test('of the one location of the settings goes on under its own key, and only by that location', async () => {
    await using sandbox = await startSandbox();
    const { full, large } = sandbox.locations;
    await using room = await open(sandbox, { kind: 'seed' });
    const first = await room.begin();
    expect(
      await room.finish(await decide(first.url, { holder: `location:${full}` }), first.browserSecret),
    ).toMatchObject({ holder: { kind: 'location', locationId: full } });
    expect((await room.grants()).map(({ key }) => key)).toEqual(['seed']);
    const second = await room.begin();
    expect(await room.finish(await decide(second.url, { holder: `location:${large}` }), second.browserSecret)).toBe(
      'other-location',
    );
    expect((await room.grants()).map(({ locationId }) => locationId)).toEqual([full]);
  });

  test('begun on the marketplace is taken where that is allowed, once for each code', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    await using room = await open(sandbox, { areForeignInstallsTaken: true, isPkceOn: false });
    const page = new URL(sandbox.authorizeUrl);
    page.search = new URLSearchParams({
      response_type: 'code',
      client_id: sandbox.client.id,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
    }).toString();
    const search = await decide(page, { holder: `location:${full}` });
    expect(search).not.toContain('state');
    expect(await room.finish(search, null)).toMatchObject({ holder: { locationId: full } });
    expect(await room.finish(search, null)).toBe('code-refused');
    expect(await room.grants()).toHaveLength(1);
    // One of ours is still held to its state.
    const ours = await room.begin();
    expect(await room.finish(await decide(ours.url, { holder: `location:${full}` }), null)).toBe('state-unknown');
  });

  test('of another agency than the connected one is refused, also where no setting names it', async () => {
    await using sandbox = await startSandbox();
    await using room = await open(sandbox, { kind: 'company' });
    await room.store.seed('company', { refreshToken: 'r', fingerprint: 'f', companyId: 'another-company' });
    const { url, browserSecret } = await room.begin();
    expect(await room.finish(await decide(url, {}), browserSecret)).toBe('other-company');
    const stored = await room.store.find('company');
    expect([stored?.companyId, stored?.refreshToken()]).toEqual(['another-company', 'r']);
  });

  test('leaves two lines in the access log: who, which location, how it ended; no code, state or token', async () => {
    await using sandbox = await startSandbox();
    const { full } = sandbox.locations;
    await using room = await open(sandbox);
    const { url, browserSecret } = await room.begin(full);
    const search = await decide(url, { holder: `location:${full}` });
    await room.finish(search, browserSecret);
    await room.finish(search, browserSecret);
    const line = { audit: 'grant', action: 'install', by: 'somebody' };
    expect(room.audited()).toEqual([
      expect.objectContaining({ ...line, action: 'install-begin', grant: `location:${full}`, by: 'somebody' }),
      expect.objectContaining({ ...line, grant: `location:${full}`, outcome: 'done' }),
      expect.objectContaining({ ...line, by: 'stranger', level: 'warn', outcome: 'state-unknown' }),
    ]);
    const callback = new URLSearchParams(search);
    const secrets = [...sandbox.issuedSecrets(), browserSecret, callback.get('state'), callback.get('code')];
    for (const secret of secrets) expect(room.lines.join()).not.toContain(secret ?? 'absent');
  });
});

/** A token endpoint that answers any code so. */
const answering = (answer: unknown, status = 200) =>
  startTokenEndpoint((response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });

const pair = { access_token: 'at-secret', refresh_token: 'rt-secret', expires_in: 60, scope: scopes.join(' ') };

describe('an install that fails stores nothing', () => {
  interface Case {
    readonly what: string;
    readonly problem: InstallProblem;
    readonly rules?: Partial<InstallRules>;
    /** What the query is instead of the state with a code. */
    readonly search?: (state: string) => string;
    readonly secret?: string | null;
    readonly location?: string;
    readonly answer?: unknown;
    readonly status?: number;
    /** Token requests. */
    readonly redeemed?: number;
  }
  const withCode = (state: string) => `?code=c0de-secret&state=${state}`;
  const cases: readonly Case[] = [
    { what: 'no state', problem: 'state-missing', search: () => '?code=c0de-secret' },
    { what: 'no query', problem: 'state-missing', search: () => '' },
    { what: 'an error without a state', problem: 'state-missing', search: () => '?error=access_denied' },
    { what: 'an empty state', problem: 'state-unknown', search: () => '?code=c0de-secret&state=' },
    { what: 'a made-up state', problem: 'state-unknown', search: () => '?code=c0de-secret&state=made-up' },
    { what: 'the cookie of another browser', problem: 'state-unknown', secret: 'other' },
    { what: 'no cookie', problem: 'state-unknown', secret: null },
    { what: 'a refusal', problem: 'refused-by-person', search: (state) => `?error=access_denied&state=${state}` },
    { what: 'a refusal with a code', problem: 'refused-by-person', search: (s) => `${withCode(s)}&error=x` },
    { what: 'no code', problem: 'code-missing', search: (state) => `?state=${state}` },
    { what: 'an empty code', problem: 'code-missing', search: (state) => `?code=&state=${state}` },
    {
      what: 'a code twice in the query',
      problem: 'upstream-failed',
      search: (state) => `${withCode(state)}&code=another`,
      redeemed: 0,
    },
    {
      what: 'a code that upstream refuses',
      problem: 'code-refused',
      answer: { message: 'Invalid grant: authorization code is invalid' },
      status: 400,
      redeemed: 1,
    },
    {
      what: 'a secret that upstream refuses',
      problem: 'upstream-failed',
      answer: { error: 'invalid_client' },
      status: 401,
      redeemed: 1,
    },
    { what: 'a broken upstream', problem: 'upstream-failed', answer: {}, status: 500, redeemed: 1 },
    { what: 'a page of HTML', problem: 'upstream-failed', answer: '<html>at-secret</html>', redeemed: 1 },
    { what: 'no access token', problem: 'upstream-failed', answer: { refresh_token: 'rt-secret' }, redeemed: 1 },
    {
      what: 'no refresh token',
      problem: 'no-refresh-token',
      answer: { ...pair, refresh_token: null, locationId: 'L1', companyId: 'C1' },
      redeemed: 1,
    },
    {
      what: 'another location than was to be connected',
      problem: 'other-location',
      location: 'L2',
      answer: { ...pair, locationId: 'L1', companyId: 'C1' },
      redeemed: 1,
    },
    {
      what: 'a location of another company',
      problem: 'other-company',
      rules: { companyId: 'C2' },
      answer: { ...pair, locationId: 'L1', companyId: 'C1' },
      redeemed: 1,
    },
    {
      what: 'a location without a company where one is asked for',
      problem: 'other-company',
      rules: { companyId: 'C2' },
      answer: { ...pair, locationId: 'L1' },
      redeemed: 1,
    },
    {
      what: 'another agency',
      problem: 'other-company',
      rules: { kind: 'company', companyId: 'C2' },
      answer: { ...pair, companyId: 'C1' },
      redeemed: 1,
    },
    {
      what: 'an agency in place of a location',
      problem: 'company-answer',
      answer: { ...pair, companyId: 'C1' },
      redeemed: 1,
    },
    {
      what: 'a location in place of an agency',
      problem: 'location-answer',
      rules: { kind: 'company' },
      answer: { ...pair, locationId: 'L1', companyId: 'C1' },
      redeemed: 1,
    },
    { what: 'nobody in particular', problem: 'nobody-named', answer: pair, redeemed: 1 },
    {
      what: 'no agency in particular',
      problem: 'nobody-named',
      rules: { kind: 'company' },
      answer: { ...pair, companyId: 'a b' },
      redeemed: 1,
    },
  ];

  test.each(cases)('$what: $problem', async (given) => {
    const { problem, rules, search = withCode, secret, location = null, answer = pair, redeemed = 0 } = given;
    await using endpoint = await answering(answer, given.status);
    await using room = await open(endpoint, rules);
    const { url, browserSecret } = await room.begin(location);
    const state = url.searchParams.get('state') ?? '';
    expect(await room.finish(search(state), secret === undefined ? browserSecret : secret)).toBe(problem);
    expect(await room.grants()).toEqual([]);
    expect(endpoint.bodies).toHaveLength(redeemed);
    expect(room.audited().at(-1)).toMatchObject({ action: 'install', outcome: problem });
    expect(room.lines.join()).not.toMatch(/at-secret|rt-secret|c0de-secret/);
  });

  test('every problem is among them, but for that of the store', () => {
    const named = new Set(cases.map(({ problem }) => problem));
    expect(named.size).toBe(12);
  });

  test('a state that was used is not used again, whatever came of it', async () => {
    await using endpoint = await answering({}, 500);
    await using room = await open(endpoint);
    const { url, browserSecret } = await room.begin();
    const search = withCode(url.searchParams.get('state') ?? '');
    expect([await room.finish(search, browserSecret), await room.finish(search, browserSecret)]).toEqual([
      'upstream-failed',
      'state-unknown',
    ]);
    expect(endpoint.bodies).toHaveLength(1);
  });

  test('a consent that was begun under a key that is gone is not known any more', async () => {
    await using endpoint = await answering(pair);
    await using room = await open(endpoint);
    const { url, browserSecret } = await room.begin();
    const seal = createSeal([{ id: 'new', bytes: new Uint8Array(32).fill(8) }]);
    const { client, close } = createTestClient(endpoint);
    const audit = {
      done: () => undefined,
      failed: () => undefined,
      around: <T>(_: unknown, work: () => Promise<T>) => work(),
    };
    const later = createInstalls(
      {
        client,
        consents: createConsents({ ...room.space, seal }),
        store: room.store,
        audit,
        onInstalled: () => undefined,
      },
      usual,
    );
    const search = withCode(url.searchParams.get('state') ?? '');
    await expect(later.finish({ search, browserSecret })).rejects.toMatchObject({
      code: 'state-unknown',
    });
    await close();
  });

  test('a store that is away is found out before the code is spent', async () => {
    await using endpoint = await answering({ ...pair, locationId: 'L1' });
    await using room = await open(endpoint, { areForeignInstallsTaken: true });
    await room.space.database.close();
    await expect(room.begin()).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await room.finish('?code=c0de-secret&state=s', 'secret')).toBe('store-unavailable');
    expect(await room.finish('?code=c0de-secret', null)).toBe('store-unavailable');
    expect(endpoint.bodies).toEqual([]);
    expect(room.audited().map(({ action, outcome }) => [action, outcome])).toEqual([
      ['install-begin', 'store-unavailable'],
      ['install', 'store-unavailable'],
      ['install', 'store-unavailable'],
    ]);
  });
});
