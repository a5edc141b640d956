import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { GatewayError } from '../../../src/model/errors.ts';
import { startSandbox } from '../../../src/sandbox/server.ts';
import { exchangeLocationToken } from '../../../src/upstream/endpoints/exchange-location-token.ts';
import { listInstalledLocations } from '../../../src/upstream/endpoints/list-installed-locations.ts';
import { createUpstream } from '../../../src/upstream/endpoint.ts';
import { refusalOf } from '../../../src/upstream/refusal.ts';
import { stack, type Stage } from '../../../src/upstream/send.ts';
import { createDispatcher, createTransport } from '../../../src/upstream/transport.ts';
import { cause, locationId } from '../over-sandbox.ts';

const L1 = locationId('L1');
const ofL1 = { companyId: 'C1', locationId: L1 };
const codeOf = (read: () => unknown): string => {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof GatewayError) return `${error.code} ${inspect(error.cause)}`;
    throw error;
  }
};

/** Both endpoints take OAuth tokens of a company only, so the company's own is fetched first. */
const startAgency = async () => {
  const sandbox = await startSandbox();
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: sandbox.client.id,
    client_secret: sandbox.client.secret,
    user_type: 'Company',
  });
  const granted = await fetch(`${sandbox.url}/oauth/token`, { method: 'POST', body: form });
  const { access_token: token } = (await granted.json()) as { readonly access_token: string };
  sandbox.clearCalls();
  const bearer: Stage = (next) => (request) =>
    next({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
  const dispatcher = createDispatcher();
  const tolerated: string[] = [];
  const transport = createTransport(dispatcher, { url: sandbox.url, isTellingOperations: false });
  const upstream = createUpstream({ send: stack([bearer], transport), tolerated: (what) => tolerated.push(what) });
  const end = async () => {
    await dispatcher.destroy();
    await sandbox.close();
  };
  return { sandbox, upstream, tolerated, [Symbol.asyncDispose]: end };
};

describe('exchanging the agency’s token for a location’s', () => {
  test('it is a form with company and location, and gives a token that reads the location', async () => {
    await using agency = await startAgency();
    const { sandbox, upstream, tolerated } = agency;
    const full = locationId(sandbox.locations.full);
    const { companyId } = sandbox;
    const token = await upstream.call(exchangeLocationToken, { companyId, locationId: full }, cause);
    expect(token).toMatchObject({ lifeSeconds: 86_399, locationId: full, scope: expect.stringContaining('.readonly') });
    const [call] = sandbox.calls();
    expect(call).toMatchObject({ method: 'POST', path: '/oauth/locationToken', version: '2021-07-28' });
    expect(call?.requestBody).toEqual({ companyId, locationId: full });
    const headers = { authorization: `Bearer ${token.reveal()}`, version: '2021-07-28' };
    expect((await fetch(`${sandbox.url}/locations/${full}`, { headers })).status).toBe(200);
    expect(tolerated).toEqual([]);
  });

  test('a location without the app is not connected, a paused one is paused, a stranger is not reached', async () => {
    await using agency = await startAgency();
    const { sandbox, upstream } = agency;
    const { companyId, locations } = sandbox;
    sandbox.pauseLocation(locations.large, true);
    const outcome = (id: string, company = companyId) =>
      upstream.call(exchangeLocationToken, { companyId: company, locationId: locationId(id) }, cause).then(
        () => 'token',
        (error: unknown) => (error instanceof GatewayError ? error.code : error),
      );
    expect(await outcome(locations.notInstalled)).toBe('LOCATION_NOT_CONNECTED');
    expect(await outcome(locations.large)).toBe('LOCATION_PAUSED');
    expect(await outcome(locations.full, 'another-company')).not.toBe('token');
    expect(await outcome(locations.full)).toBe('token');
  });

  test('printing the token shows nothing of it', () => {
    const body = { access_token: 'at-secret', refresh_token: 'rt-secret', expires_in: 60 };
    const token = exchangeLocationToken.read(body, () => undefined, ofL1);
    expect(token.reveal()).toBe('at-secret');
    expect(inspect(token, { depth: Infinity, showHidden: true }) + JSON.stringify(token)).not.toContain('secret');
  });

  test.each([
    [
      'all there',
      { expires_in: 86_400, scope: 'a b', locationId: 'L1' },
      { lifeSeconds: 86_400, scope: 'a b', locationId: L1 },
    ],
    ['nothing but the token', {}, { lifeSeconds: null, scope: null, locationId: null }],
    [
      'all null',
      { expires_in: null, scope: null, locationId: null },
      { lifeSeconds: null, scope: null, locationId: null },
    ],
    ['digits as text', { expires_in: '1800' }, { lifeSeconds: 1_800 }],
    ['a life of nothing', { expires_in: 0 }, { lifeSeconds: null }],
    ['a life in words', { expires_in: 'soon' }, { lifeSeconds: null }],
    ['wrong types', { expires_in: {}, scope: 5, locationId: [] }, { lifeSeconds: null, scope: null, locationId: null }],
    ['an id that is none', { locationId: '../x' }, { locationId: null }],
  ])('an answer with %s is read', (_, members, expected) => {
    expect(exchangeLocationToken.read({ access_token: 'a', ...members }, () => undefined, ofL1)).toMatchObject(
      expected,
    );
  });

  test.each([undefined, null, '<html>', [], {}, { access_token: '' }, { access_token: 5, refresh_token: 'rt-secret' }])(
    'an answer without a token is invalid, and is not quoted: %j',
    (body) => {
      const code = codeOf(() => exchangeLocationToken.read(body, () => undefined, ofL1));
      expect(code).toMatch(/^UPSTREAM_INVALID_RESPONSE .*access_token/);
      expect(code).not.toContain('rt-secret');
    },
  );
});

describe('listing the locations in which the app is installed', () => {
  const page = { companyId: 'C1', clientId: 'app-suffix', limit: 2, skip: 0 };
  const reading = (body: unknown) => {
    const notes: string[] = [];
    return { answer: listInstalledLocations.read(body, (field) => notes.push(field), page), notes };
  };

  test('page after page gives them all, and only them', async () => {
    await using agency = await startAgency();
    const { sandbox, upstream, tolerated } = agency;
    const ids: string[] = [];
    for (let isLast = false; !isLast;) {
      const input = { ...page, companyId: sandbox.companyId, clientId: sandbox.client.id, skip: ids.length };
      const rows = await upstream.call(listInstalledLocations, input, cause);
      ids.push(...rows.locations.map(({ id }) => id));
      isLast = rows.isLast;
    }
    expect([...ids].sort()).toEqual([...sandbox.installedLocationIds].sort());
    const [first] = sandbox.calls();
    expect(first?.query).toEqual({
      companyId: sandbox.companyId,
      appId: sandbox.client.id.split('-')[0],
      skip: '0',
      limit: '2',
      isInstalled: 'true',
    });
    expect(tolerated).toEqual([]);
  });

  test('a row of a location without the app is left out, one that says nothing is taken', () => {
    const locations = [
      { _id: 'L1', name: 'One', isInstalled: true },
      { _id: 'L2', name: 'Two', isInstalled: false },
      { _id: 'L3' },
    ];
    expect(reading({ locations, count: 9 }).answer).toEqual({
      locations: [
        { id: 'L1', name: 'One' },
        { id: 'L3', name: null },
      ],
      isLast: false,
    });
  });

  test('a broken row costs that row, and does not end the list too early', () => {
    const { answer, notes } = reading({ locations: [null, { _id: 'L1', name: 'One' }] });
    expect(answer).toEqual({ locations: [{ id: 'L1', name: 'One' }], isLast: false });
    expect(notes).not.toEqual([]);
  });

  test.each([undefined, null, '<html>', [], {}, { locations: null }, { locations: {} }])(
    'an answer without a list is invalid: %j',
    (body) => {
      expect(codeOf(() => reading(body))).toMatch(/^UPSTREAM_INVALID_RESPONSE .*locations/);
    },
  );
});

describe('a 400', () => {
  test.each([
    ['Location is not active', 'paused'],
    ['Bad request: location is NOT active.', 'paused'],
    ['Location is not installed', 'not-installed'],
    ['App not installed on this location', 'not-installed'],
    ['Missing parameter: companyId', 'refused'],
    ['', 'refused'],
  ])('that says %j is %s', (message, refusal) => {
    expect(refusalOf({ status: 400, headers: {}, body: { message } })).toBe(refusal);
    expect(refusalOf({ status: 400, headers: {}, body: { message: [message] } })).toBe(refusal);
  });

  test('is what says so: the same words under another status mean what that status means', () => {
    const body = { message: 'Location is not active' };
    const refusals = [403, 404, 422, 500].map((status) => refusalOf({ status, headers: {}, body }));
    expect(refusals).toEqual(['refused', 'not-found', 'refused', 'server']);
  });
});
