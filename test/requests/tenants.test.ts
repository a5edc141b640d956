import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { byAgency, byLocationGrants, startTestGateway } from '../support/gateway.ts';
import { audience, startIssuer, type Members, type TestIssuer } from '../support/issuer.ts';

let sandbox: Sandbox;
let issuer: TestIssuer;
beforeAll(async () => {
  sandbox = await startSandbox();
  issuer = await startIssuer();
});
afterAll(async () => {
  await issuer[Symbol.asyncDispose]();
  await sandbox.close();
});

const auth = () => ({
  kind: 'jwt' as const,
  issuers: [{ issuer: issuer.issuer, keys: { kind: 'jwks' as const, url: issuer.jwksUrl } }],
  audiences: [audience],
  algorithms: ['ES256'],
  tokenType: 'at+jwt',
  claims: { scope: 'scope', location: 'locationId', company: 'companyId' },
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
});
const bearer = (claims: Members) => ({
  authorization: `Bearer ${issuer.token({ locationId: undefined, scope: 'locations.readonly', ...claims })}`,
});

describe('where locations are connected one by one', () => {
  test('a search reads the records of the caller’s own, and nothing tells of the others', async () => {
    await using gateway = await startTestGateway({ sandbox, access: byLocationGrants, config: { auth: auth() } });
    const { full, large, restricted } = sandbox.locations;
    const ticket = gateway.gateway.consenting?.tickets.issue() ?? '';
    for (const locationId of [full, large, restricted])
      await gateway.connect({ holder: `location:${locationId}` }, `/oauth/install?ticket=${ticket}`);
    gateway.calls();
    const answer = await gateway.ask(
      '{ locations(filter: { search: "zzzz" }) { totalCount } }',
      {},
      { ...bearer({ locationId: full }), 'graphql-cost': 'include' },
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.locations.totalCount).toBe(0);
    expect(gateway.calls().map(({ locationId }) => locationId)).toEqual([full]);
    expect(answer.text).toContain(full);
    const told = `${answer.text} ${gateway.logLines.filter((line) => line.includes('"msg":"operation"')).join(' ')}`;
    for (const other of [large, restricted]) expect(told).not.toContain(other);
  });
});

describe('an agency', () => {
  const start = () =>
    startTestGateway({
      sandbox,
      access: (over) => byAgency(over, over.issueRefreshToken({ companyId: over.companyId })),
      config: { auth: auth() },
    });

  test('tells how many calls its list of locations took to those who may read them all, and to nobody else', async () => {
    await using gateway = await start();
    const cost = async (claims: Members) => {
      const headers = { ...bearer(claims), 'graphql-cost': 'include' };
      const answer = await gateway.ask('{ locations(filter: { search: "a b" }) { totalCount } }', {}, headers);
      return (JSON.parse(answer.text) as { extensions: { cost: { company: unknown } } }).extensions.cost.company;
    };
    expect(await cost({ locationId: sandbox.locations.full })).toBeNull();
    expect(await cost({ companyId: sandbox.companyId })).not.toBeNull();
  });

  test('exchanges no token for a caller who may not ask about the location or its connection', async () => {
    await using gateway = await start();
    const status = (id: string) => `{ location(id: "${id}") { installation { status } } }`;
    gateway.tokenCalls();
    const withoutScope = await gateway.ask(
      status(sandbox.locations.full),
      {},
      bearer({ scope: '', locationId: sandbox.locations.full }),
    );
    expect(gateway.codesOf(withoutScope)).toEqual(['FORBIDDEN']);
    const anothers = await gateway.ask(
      status(sandbox.locations.large),
      {},
      bearer({ locationId: sandbox.locations.full }),
    );
    expect(anothers.data.location).toBeNull();
    expect(gateway.tokenCalls()).not.toContain('locationToken');
    const own = await gateway.ask(status(sandbox.locations.full), {}, bearer({ locationId: sandbox.locations.full }));
    expect(own.data.location.installation.status).toBe('CONNECTED');
    expect(gateway.tokenCalls()).toContain('locationToken');
  });
});

describe('a location’s allowance', () => {
  test('counts those who reach it through a list, too, as a field that says when to come again', async () => {
    const allowances = { caller: { requests: 0, cost: 0 }, location: { requests: 2, cost: 0 } };
    await using gateway = await startTestGateway({ sandbox, config: { allowances } });
    const { full } = sandbox.locations;
    const listing = `{ locations(filter: { ids: ["${full}"] }) { nodes { id } } }`;
    const codes = [];
    for (let count = 0; count < 3; count += 1) codes.push(gateway.codesOf(await gateway.ask(listing)));
    expect(codes).toEqual([[], [], ['RATE_LIMITED']]);
    const single = await gateway.ask(`{ location(id: "${full}") { id } }`);
    expect([single.status, gateway.codesOf(single)]).toEqual([429, ['RATE_LIMITED']]);
    expect((await gateway.ask(`{ location(id: "${sandbox.locations.large}") { id } }`)).status).toBe(200);
  });
});

describe('a list that is not taken', () => {
  test('is refused before anybody looks at what is in it', async () => {
    const persisted = 'log' as const;
    await using gateway = await startTestGateway({
      sandbox,
      config: { persisted, persistedDocuments: new URL('../fixtures/manifests', import.meta.url).pathname },
    });
    const body = JSON.stringify(
      Array.from({ length: 500 }, (_, index) => ({ query: `{ viewer { a${index}: kind } }` })),
    );
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
    expect(gateway.logLines.filter((line) => line.includes('in no manifest'))).toEqual([]);
  });
});
