import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, interceptors, request as undiciRequest } from 'undici';
import { newServiceToken } from '../../src/auth/service-token-text.ts';
import { createServiceTokens } from '../../src/auth/service-tokens.ts';
import { openCallerDatabase } from '../../src/compose-database.ts';
import { toLocationId } from '../../src/model/ids.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { chance } from '../support/chance.ts';
import { createStoreFolder, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { authBy, compact, createKey, headerOf, startIssuer, type Members, type TestIssuer } from '../support/issuer.ts';

const scopes =
  'locations.readonly socialplanner/tag.readonly socialplanner/statistics.readonly socialplanner/account.readonly';

let sandbox: Sandbox;
let issuer: TestIssuer;
let gateway: TestGateway;

beforeAll(async () => {
  sandbox = await startSandbox();
  issuer = await startIssuer();
  gateway = await startTestGateway({ sandbox, config: { auth: authBy(issuer, 'companyId') } });
});
afterAll(async () => {
  await gateway.close();
  await issuer[Symbol.asyncDispose]();
  await sandbox.close();
});
afterEach(() => sandbox.clearCalls());

const bearer = (claims: Members): Record<string, string> => ({
  authorization: `Bearer ${issuer.token({ locationId: undefined, ...claims })}`,
});
const tagsOf = (id: string) => `{ location(id: "${id}") { id tags(first: 2) { totalCount } } }`;
const lines = (message: string) =>
  gateway.logLines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message);

describe('a caller with an access token', () => {
  test('reads the locations that it names, and says who it is', async () => {
    const { full } = sandbox.locations;
    const answer = await gateway.ask(
      `{ viewer { subject kind scopes } location(id: "${full}") { tags(first: 1) { totalCount } } }`,
      {},
      bearer({ sub: 'anna', scope: scopes, locationId: full }),
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.viewer).toEqual({ subject: 'anna', kind: 'USER', scopes: scopes.split(' ') });
    expect(answer.data.location.tags.totalCount).toBeGreaterThan(0);
  });

  test('sees of another tenant’s location what it sees of none at all, and nothing is sent upstream', async () => {
    const { full, large } = sandbox.locations;
    const headers = bearer({ scope: scopes, locationId: full });
    const theirs = await gateway.ask(tagsOf(large), {}, headers);
    const nobodys = await gateway.ask(tagsOf('nosuchlocation'), {}, headers);
    const noId = await gateway.ask(tagsOf('../oauth/token'), {}, headers);
    for (const { status, data, errors } of [theirs, nobodys, noId])
      expect([status, data, errors]).toEqual([200, { location: null }, []]);
    const listed = await gateway.ask(
      `{ locations(filter: { ids: ["${large}", "${full}"] }) { nodes { id } totalCount } }`,
      {},
      headers,
    );
    expect(listed.data.locations).toEqual({ nodes: [{ id: full }], totalCount: 1 });
    expect(sandbox.calls()).toEqual([]);
  });

  test('finds no name of theirs by searching either', async () => {
    const { full } = sandbox.locations;
    const all = await gateway.ask(
      '{ locations(first: 100) { nodes { id name } } }',
      {},
      bearer({ scope: scopes, companyId: sandbox.companyId }),
    );
    expect(all.data.locations.nodes.length).toBeGreaterThan(2);
    for (const { id, name } of all.data.locations.nodes as { id: string; name: string | null }[]) {
      if (name === null) continue;
      const found = await gateway.ask(
        'query ($text: String!) { locations(filter: { search: $text }) { nodes { id } } }',
        { text: name.slice(0, 20) },
        bearer({ scope: scopes, locationId: full }),
      );
      expect(found.data.locations.nodes).toEqual(id === full ? [{ id: full }] : []);
    }
  });

  test('without a scope gets null and FORBIDDEN with its name before anything is spent, and the rest of the answer', async () => {
    const { full } = sandbox.locations;
    const headers = bearer({ scope: 'socialplanner/account.readonly', locationId: full });
    const answer = await gateway.ask(
      `{ location(id: "${full}") { tags { totalCount } name statistics { likes { total } } socialAccounts { nodes { id } } } }`,
      {},
      headers,
    );
    expect(gateway.codesOf(answer)).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
    expect(answer.errors.map(({ message }) => message).join()).toContain('socialplanner/tag.readonly');
    expect(answer.data.location).toMatchObject({ tags: null, name: null, statistics: null });
    expect(answer.data.location.socialAccounts.nodes.length).toBeGreaterThan(0);
    expect(new Set(gateway.calls().map(({ route }) => route))).toEqual(new Set(['listAccounts']));
  });

  test('needs no scope for what the gateway reads on the way: accounts and the record with the time zone', async () => {
    const { full } = sandbox.locations;
    const answer = await gateway.ask(
      `{ location(id: "${full}") { statistics(input: { period: { preset: LAST_14_DAYS } }) { timeZone likes { total } } } }`,
      {},
      bearer({ scope: 'socialplanner/statistics.readonly', locationId: full }),
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.location.statistics.likes.total).toBeGreaterThan(0);
  });

  test('of some locations never sees the company’s own figure: theirs are added up', async () => {
    const { full } = sandbox.locations;
    const query = '{ accountStatistics { profileIds } }';
    const ours = await gateway.ask(query, {}, bearer({ scope: scopes, locationId: full }));
    expect(ours.data.accountStatistics.profileIds.length).toBeGreaterThan(0);
    expect(gateway.calls().map(({ route }) => route)).not.toContain('readAccountStatistics');
    await gateway.ask(query, {}, bearer({ scope: scopes, companyId: sandbox.companyId }));
    expect(gateway.calls().map(({ route }) => route)).toContain('readAccountStatistics');
  });

  test.each<[string, () => Members]>([
    ['no location claim', () => ({})],
    ['an empty list', () => ({ locationId: [] })],
    ['ids that are none', () => ({ locationId: ['../x', ''] })],
    ['another company', () => ({ companyId: 'someone-else' })],
    ['our company, and a location claim that says nothing', () => ({ locationId: null, companyId: sandbox.companyId })],
  ])('with %s sees none', async (_name, claims) => {
    const answer = await gateway.ask(
      `{ locations { totalCount nodes { id } } location(id: "${sandbox.locations.full}") { id } }`,
      {},
      bearer({ scope: scopes, ...claims() }),
    );
    expect(answer.data).toEqual({ locations: { totalCount: 0, nodes: [] }, location: null });
    expect(gateway.calls()).toEqual([]);
  });
});

describe('a request without a good token', () => {
  const asking = (headers: Record<string, string>, init: RequestInit = {}) =>
    fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: tagsOf(sandbox.locations.full) }),
      ...init,
    });

  test('is told to send one, and one with a bad token that it is bad, no more', async () => {
    const stranger = createKey();
    const bodies = new Set<string>();
    const forged = compact(stranger, headerOf(stranger), { iss: issuer.issuer });
    const expired = issuer.token({ iat: 1_000, exp: 2_000 });
    for (const [authorization, challenge] of [
      [undefined, 'Bearer realm="users-gateway"'],
      ['Basic dTpw', 'Bearer realm="users-gateway", error="invalid_token"'],
      [`Bearer ${forged}`, 'Bearer realm="users-gateway", error="invalid_token"'],
      [`Bearer ${expired}`, 'Bearer realm="users-gateway", error="invalid_token"'],
      [
        'Bearer ugw_0123456789_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        'Bearer realm="users-gateway", error="invalid_token"',
      ],
    ] as const) {
      const response = await asking(authorization === undefined ? {} : { authorization });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      const { errors } = (await response.json()) as { errors: { extensions: { code: string; requestId: string } }[] };
      expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      bodies.add(JSON.stringify(errors).replaceAll(errors[0]?.extensions.requestId ?? '', ''));
    }
    expect(bodies.size).toBe(1);
    expect(sandbox.calls()).toEqual([]);
    // The reason is for the operator.
    const reasons = lines('request refused').map(({ reason }) => String(reason));
    expect(reasons.join()).toMatch(/exp/i);
    expect(gateway.logLines.join()).not.toContain(forged);
    expect(gateway.logLines.join()).not.toContain(expired);
  });

  test('is refused before its body is read, and a token in the address or the body counts for nothing', async () => {
    const token = issuer.token({ scope: scopes, locationId: sandbox.locations.full });
    const address = `${gateway.url}/graphql?access_token=${token}&query=${encodeURIComponent('{ viewer { subject } }')}`;
    expect((await fetch(address, { headers: { 'apollo-require-preflight': '1' } })).status).toBe(401);
    const body = JSON.stringify({ query: '{ viewer { subject } }', access_token: token });
    expect((await asking({}, { body })).status).toBe(401);
    expect((await asking({}, { body: 'x'.repeat(1_000_000) })).status).toBe(401); // never as far as 413
    expect(gateway.logLines.join()).not.toContain(token);
  });

  test('may still ask whether the process lives, and what other origins may do', async () => {
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    const preflight = await fetch(`${gateway.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://studio.apollographql.com', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
  });

  test('where no key can be had is told that, as ours to mend', async () => {
    await using away = await startIssuer();
    away.mode = 'down';
    await using alone = await startTestGateway({ sandbox, config: { auth: authBy(away, 'companyId') } });
    const answer = await alone.ask('{ viewer { subject } }', {}, { authorization: `Bearer ${away.token()}` });
    expect(answer.status).toBe(503);
    expect(alone.codesOf(answer)).toEqual(['AUTH_UNAVAILABLE']);
  });
});

describe('a service', () => {
  test('with a token of the store reads what it is for; once it is revoked nothing', async () => {
    await using store = await createStoreFolder();
    const database = await openCallerDatabase({ path: store.path });
    const tokens = createServiceTokens(database);
    const { full } = sandbox.locations;
    const own = toLocationId(full);
    if (own === null) throw new Error('no location id');
    const { token, id } = await tokens.create({
      name: 'reporting',
      scopes: ['socialplanner/tag.readonly'],
      locations: [own],
      lifetimeMs: 60_000,
    });
    const config = { auth: { kind: 'tokens' }, callerDatabase: { path: store.path } } as const;
    await using alone = await startTestGateway({ sandbox, config });
    const headers = { authorization: `Bearer ${token}` };
    const answer = await alone.ask(
      `{ viewer { subject kind } location(id: "${full}") { tags { totalCount } name } }`,
      {},
      headers,
    );
    expect(answer.data.viewer).toEqual({ subject: 'service:reporting', kind: 'SERVICE' });
    expect(answer.data.location.tags.totalCount).toBeGreaterThan(0);
    expect(alone.codesOf(answer)).toEqual(['FORBIDDEN']);
    expect((await alone.ask(tagsOf(sandbox.locations.large), {}, headers)).data.location).toBeNull();
    await tokens.revoke(id);
    await using restarted = await startTestGateway({ sandbox, config }); // the running one knows after 10 s
    expect((await restarted.ask('{ viewer { subject } }', {}, headers)).status).toBe(401);
    const jwt = { authorization: `Bearer ${issuer.token()}` };
    expect((await restarted.ask('{ viewer { subject } }', {}, jwt)).status).toBe(401); // no issuer is configured there
    expect([...alone.logLines, ...restarted.logLines].join()).not.toContain(token);
    await database.close();
  });
});

describe('readiness', () => {
  const checksOf = async ({ gateway: { adminUrl } }: TestGateway): Promise<Record<string, { isWell: boolean }>> => {
    const { checks } = (await (await fetch(`${adminUrl}/readyz`)).json()) as { checks: never };
    return checks;
  };

  test('tells of the store of service tokens, where there can be any', async () => {
    const callerDatabase = { path: ':memory:' };
    await using alone = await startTestGateway({ sandbox, config: { auth: { kind: 'tokens' }, callerDatabase } });
    expect((await checksOf(alone))['serviceTokens']).toMatchObject({ isWell: true });
    await using open = await startTestGateway({ sandbox });
    expect(await checksOf(open)).not.toHaveProperty('serviceTokens');
  });

  test('shows that it cannot be opened from the first service token on', async () => {
    const callerDatabase = { path: '/dev/null/gateway.db' };
    await using alone = await startTestGateway({
      sandbox,
      config: { auth: authBy(issuer, 'companyId'), callerDatabase },
    });
    expect((await checksOf(alone))['serviceTokens']).toMatchObject({ isWell: true });
    const refused = await alone.ask(
      '{ viewer { subject } }',
      {},
      { authorization: `Bearer ${newServiceToken().token}` },
    );
    expect(alone.codesOf(refused)).toEqual(['AUTH_UNAVAILABLE']);
    expect((await checksOf(alone))['serviceTokens']).toMatchObject({ isWell: false });
  });
});

describe('two tenants', () => {
  test('asking at the same time, in any order, never see each other’s answers (400 questions)', async () => {
    const next = chance(5);
    const { full, large } = sandbox.locations;
    const tenants = [full, large].map((id) => ({
      id,
      headers: bearer({ sub: id, scope: scopes, locationId: id }),
    }));
    const expected = await Promise.all(
      tenants.map(async ({ id, headers }) => JSON.stringify((await gateway.ask(tagsOf(id), {}, headers)).data)),
    );
    const asked = await Promise.all(
      Array.from({ length: 400 }, async () => {
        const [who, about] = [Math.floor(2 * next()), Math.floor(2 * next())];
        const answer = await gateway.ask(tagsOf(tenants[about]?.id ?? ''), {}, tenants[who]?.headers ?? {});
        return { isOwn: who === about, about, data: JSON.stringify(answer.data) };
      }),
    );
    for (const { isOwn, about, data } of asked) expect(data).toBe(isOwn ? expected[about] : '{"location":null}');
  });
});

describe('a shared proxy in front', () => {
  test('that caches what HTTP lets it never serves one caller’s answer to another', async () => {
    const { full, large } = sandbox.locations;
    await using proxy = await startCachingProxy(gateway.url);
    const ask = async (location: string, claims: Members) => {
      const query = encodeURIComponent(tagsOf(location));
      const response = await fetch(`${proxy.url}/graphql?query=${query}`, { headers: bearer(claims) });
      return { text: await response.text(), headers: response.headers };
    };
    const anna = { sub: 'anna', scope: scopes, locationId: full };
    const bert = { sub: 'bert', scope: scopes, locationId: large };
    const hers = await ask(full, anna);
    expect(hers.text).toContain('"totalCount"');
    expect(hers.headers.get('cache-control')).toMatch(/^private, /);
    expect(hers.headers.get('vary')).toMatch(/authorization/i);
    expect((await ask(full, bert)).text).toContain('"location":null');
    expect((await ask(full, anna)).text).toContain('"totalCount"');
  });
});

const hops: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);
const withoutHops = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hops.has(name) ? [] : [[name, String(value)]],
    ),
  );

/** A shared cache as RFC 9111 has it. */
const startCachingProxy = async (origin: string) => {
  const dispatcher = new Agent().compose(interceptors.cache({ type: 'shared' }));
  const forward = async ({ url = '', headers: given }: IncomingMessage, outgoing: ServerResponse) => {
    const headers = withoutHops(given);
    const { statusCode, headers: answered, body } = await undiciRequest(origin + url, { dispatcher, headers });
    outgoing.writeHead(statusCode, withoutHops(answered)).end(await body.text());
  };
  const server = createServer((incoming, outgoing) => void forward(incoming, outgoing));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dispatcher.close();
    },
  };
};

describe('the access log', () => {
  test('has one line for each operation: who, where, what, at which cost and how it ended; nothing personal, no variables', async () => {
    const { full, large } = sandbox.locations;
    const before = lines('operation').length;
    await gateway.ask(
      'query Board($id: ID!, $other: ID!, $text: String) { a: location(id: $id) { tags(first: 3, search: $text) { totalCount } } b: location(id: $other) { id } }',
      { id: full, other: large, text: 'very-private-search' },
      bearer({ sub: 'anna@example.com', scope: scopes, locationId: full }),
    );
    const [line, ...more] = lines('operation').slice(before);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      level: 'info',
      caller: expect.stringMatching(/^user:[0-9a-f]{12}$/) as unknown,
      kind: 'USER',
      name: 'Board',
      type: 'query',
      hash: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      locations: [full],
      locationCount: 1,
      denied: 1,
      upstreamCalls: 1,
      shared: 0,
      fromCache: 0,
      estimated: 1,
      outcome: 'ok',
      codes: [],
      errors: 0,
      durationMs: expect.any(Number) as unknown,
      requestId: expect.any(String) as unknown,
    });
    expect(gateway.logLines.join()).not.toMatch(/anna@example|very-private-search|Bearer ey/);
  });
});
