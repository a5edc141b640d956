import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../src/config.ts';
import { client, grantOf, keys, keyText, problemsOf } from './support/settings.ts';

describe('sandbox or live', () => {
  test('production without an upstream is refused, and every missing name is told with the way to the sandbox', () => {
    const problems = problemsOf({ NODE_ENV: 'production' });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toBe(
      'UPSTREAM_CLIENT_ID is missing: NODE_ENV=production asks for a live upstream, and the client-credentials grant ' +
        'needs it. Set it, or set UPSTREAM=sandbox to serve invented data.',
    );
    expect(problems[1]).toMatch(/^UPSTREAM_CLIENT_SECRET is missing: .*Set it or UPSTREAM_CLIENT_SECRET_FILE/);
  });

  test('the sandbox asked for aloud is served in production, on any host and in spite of credentials', () => {
    const env = { UPSTREAM: 'sandbox', NODE_ENV: 'production', HOST: '0.0.0.0', ...client, AUTH: '' };
    expect(readConfig(env)).toMatchObject({ isProduction: true, upstream: { kind: 'sandbox' }, warnings: [] });
  });

  test('UPSTREAM=live without credentials is refused', () => {
    expect(problemsOf({ UPSTREAM: 'live' })).toEqual([
      expect.stringContaining('UPSTREAM_CLIENT_ID is missing: UPSTREAM=live asks'),
      expect.stringContaining('UPSTREAM_CLIENT_SECRET is missing'),
    ]);
  });

  test.each([
    [{ UPSTREAM_CLIENT_ID: 'a' }, ['UPSTREAM_CLIENT_SECRET']],
    [{ UPSTREAM_CLIENT_SECRET: 'a' }, ['UPSTREAM_CLIENT_ID']],
    [{ UPSTREAM_URL: 'https://api.example.com' }, ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET']],
    [{ UPSTREAM_COMPANY_ID: 'a' }, ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET']],
    [{ UPSTREAM_GRANT: 'private-token' }, ['UPSTREAM_PRIVATE_TOKEN']],
    [{ UPSTREAM_REFRESH_TOKEN: 'a' }, ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET', 'TOKEN_KEYS']],
    [{ UPSTREAM_CLIENT_SECRET_PREVIOUS: 'a' }, ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET']],
    [{ UPSTREAM_PRIVATE_TOKEN: 'a', UPSTREAM_CLIENT_ID: 'b' }, ['UPSTREAM_CLIENT_SECRET']],
    [{ UPSTREAM_GRANT: 'agency' }, ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET', 'TOKEN_KEYS']],
    [{ UPSTREAM_GRANT: 'authorization-code', ...client }, ['TOKEN_KEYS']],
  ])('a half-told upstream %j never falls back to the sandbox: it names %j', (env, missing) => {
    expect(problemsOf(env)).toEqual(missing.map((name) => expect.stringMatching(new RegExp(`^${name} is missing: `))));
  });

  test('limits and scopes of the upstream are no credentials: with them alone the sandbox is served', () => {
    expect(readConfig({ UPSTREAM_TIMEOUT_MS: '500', UPSTREAM_SCOPES: 'a.readonly b.readonly' })).toMatchObject({
      upstream: { kind: 'sandbox' },
      upstreamTimeoutMs: 500,
      scopes: ['a.readonly', 'b.readonly'],
    });
  });

  test('an upstream told in full is live at the vendor’s host, with account statistics rolled up', () => {
    expect(readConfig({ ...client, UPSTREAM_COMPANY_ID: 'company-1' })).toMatchObject({
      accountStatistics: 'roll-up',
      upstream: {
        kind: 'live',
        url: 'https://services.leadconnectorhq.com',
        grant: {
          kind: 'client-credentials',
          clientId: 'client-1',
          clientSecret: 's3cret-value',
          companyId: 'company-1',
          previousSecret: null,
        },
      },
    });
  });

  test('the grant follows from the credentials unless it is told', () => {
    const refreshToken = { UPSTREAM_REFRESH_TOKEN: 'r1' };
    const privateToken = { UPSTREAM_PRIVATE_TOKEN: 'p1' };
    const [clientId, clientSecret] = ['client-1', 's3cret-value'];
    const app = { clientId, clientSecret, previousSecret: null, companyId: null };
    expect(grantOf(client)).toEqual({ ...app, kind: 'client-credentials' });
    expect(grantOf({ ...client, ...keys, ...refreshToken })).toEqual({
      ...app,
      kind: 'refresh-token',
      refreshToken: 'r1',
    });
    expect(grantOf(privateToken)).toEqual({ kind: 'private-token', privateToken: 'p1' });
    expect(grantOf({ ...client, ...privateToken, UPSTREAM_GRANT: 'private-token' })).toEqual(grantOf(privateToken));
  });

  test('credentials that the grant does not use are named as a warning', () => {
    expect(readConfig({ ...client, UPSTREAM_PRIVATE_TOKEN: 'p1-value' }).warnings).toEqual([
      'UPSTREAM_PRIVATE_TOKEN is set, but the client-credentials grant does not use it: remove it or set UPSTREAM_GRANT.',
    ]);
  });

  test.each(['0.0.0.0', '::', '192.168.1.5', 'gateway.internal', '0', '127.1', 'localhost.example.com'])(
    'a live upstream that lets in everybody is refused on HOST %s; invented data is served there',
    (host) => {
      expect(problemsOf({ ...client, HOST: host })).toEqual([
        expect.stringMatching(/^AUTH=none lets in everybody, so HOST must be 127\.0\.0\.1/),
      ]);
      expect(readConfig({ ...client, AUTH: 'tokens', HOST: host })).toMatchObject({ host });
      expect(readConfig({ HOST: host })).toMatchObject({ host });
    },
  );

  test.each(['127.0.0.1', '127.0.0.2', '::1', 'localhost'])('a live upstream is served on HOST %s', (host) => {
    expect(readConfig({ ...client, HOST: host })).toMatchObject({ host, upstream: { kind: 'live' } });
  });
});

describe('the grants that are stored', () => {
  const stored = ['authorization-code', 'agency', 'refresh-token'] as const;

  test.each(stored)('%s is refused without keys that seal its tokens, and the remedy is a command', (kind) => {
    expect(problemsOf({ ...client, UPSTREAM_GRANT: kind })).toEqual([
      `TOKEN_KEYS is missing: UPSTREAM_GRANT asks for a live upstream, and the ${kind} grant needs it. Tokens are stored ` +
        'sealed only: set it to what "npm run keys -- new" prints, or TOKEN_KEYS_FILE, or set UPSTREAM=sandbox to serve ' +
        'invented data.',
    ]);
    expect(grantOf({ ...client, ...keys, UPSTREAM_GRANT: kind })).toMatchObject({ kind });
  });

  test.each([
    ['authorization-code', ['UPSTREAM_REFRESH_TOKEN', 'UPSTREAM_PRIVATE_TOKEN']],
    ['agency', ['UPSTREAM_PRIVATE_TOKEN']],
    ['refresh-token', ['UPSTREAM_PRIVATE_TOKEN']],
    ['private-token', ['UPSTREAM_CLIENT_ID', 'UPSTREAM_CLIENT_SECRET', 'UPSTREAM_COMPANY_ID']],
  ])('%s warns of %j, which it does not use', (kind, unused) => {
    const all = {
      ...client,
      ...keys,
      UPSTREAM_COMPANY_ID: 'company-1',
      UPSTREAM_CLIENT_SECRET_PREVIOUS: '0ld',
      UPSTREAM_REFRESH_TOKEN: 'r1',
      UPSTREAM_PRIVATE_TOKEN: 'p1',
    };
    const { warnings } = readConfig({ ...all, UPSTREAM_GRANT: kind });
    const named = warnings.map((warning) => warning.split(' ')[0]);
    expect(named).toEqual(expect.arrayContaining(unused));
    expect(warnings.every((warning) => warning.includes(`the ${kind} grant does not use it`))).toBe(true);
    expect(named).not.toContain('TOKEN_KEYS');
    expect(warnings.join()).not.toMatch(/s3cret|0ld|r1|p1/);
  });

  test('the agency and the one location may have a first refresh token, and go without when the store has theirs', () => {
    const app = { ...client, ...keys, UPSTREAM_COMPANY_ID: 'company-1' };
    expect(grantOf({ ...app, UPSTREAM_GRANT: 'agency', UPSTREAM_REFRESH_TOKEN: 'r1' })).toMatchObject({
      companyId: 'company-1',
      refreshToken: 'r1',
    });
    for (const UPSTREAM_GRANT of ['agency', 'refresh-token'])
      expect(grantOf({ ...app, UPSTREAM_GRANT })).toMatchObject({ refreshToken: null });
  });

  test.each([
    ['client-credentials', 'client-credentials'],
    ['authorization-code', 'authorization-code'],
    ['agency', 'agency'],
    // A sandbox has no token of theirs from outside.
    ['refresh-token', 'client-credentials'],
    ['private-token', 'client-credentials'],
  ])('with the sandbox %s means %s, and needs no keys', (kind, grantKind) => {
    expect(readConfig({ UPSTREAM: 'sandbox', UPSTREAM_GRANT: kind })).toMatchObject({
      upstream: { kind: 'sandbox', grantKind },
      tokenKeys: null,
      warnings: [],
    });
  });

  const agencys = ['oauth.readonly', 'oauth.write'];
  test.each([
    ['a live agency', { ...client, ...keys, UPSTREAM_GRANT: 'agency' }, true],
    ['the sandbox’s agency', { UPSTREAM: 'sandbox', UPSTREAM_GRANT: 'agency' }, true],
    ['single locations', { ...client, ...keys, UPSTREAM_GRANT: 'authorization-code' }, false],
    ['client credentials', client, false],
    [
      'an agency whose scopes are told',
      { UPSTREAM: 'sandbox', UPSTREAM_GRANT: 'agency', UPSTREAM_SCOPES: 'a b' },
      false,
    ],
  ])('%s: whether the two scopes to exchange tokens are asked for beyond', (_, env, areAdded) => {
    const { scopes } = readConfig(env);
    expect(agencys.filter((scope) => scopes.includes(scope))).toEqual(areAdded ? agencys : []);
    expect(scopes.slice(0, 1)).toEqual(['UPSTREAM_SCOPES' in env ? 'a' : 'locations.readonly']);
  });
});

describe('what surrounds the grants', () => {
  test.each([
    ['UPSTREAM_PKCE', 'on', { isPkceOn: true }],
    ['UPSTREAM_RECONNECT', 'off', { canReconnect: false }],
    ['CREDENTIAL_MAX_AGE_DAYS', '30', { credentialMaxAgeDays: 30 }],
    ['DATA_DIR', '/var/lib/gateway', { database: { path: '/var/lib/gateway/gateway.db' } }],
    ['DATABASE_URL', 'postgres://gw:pw@db/grants', { database: { url: 'postgres://gw:pw@db/grants' } }],
    [
      'DATABASE_URL',
      'postgresql://db/grants?sslmode=require',
      { database: { url: 'postgresql://db/grants?sslmode=require' } },
    ],
    ['PUBLIC_URL', 'https://gateway.example.com/', { publicUrl: 'https://gateway.example.com' }],
    ['PUBLIC_URL', 'http://localhost:4000', { publicUrl: 'http://localhost:4000' }],
    ['UPSTREAM_AUTHORIZE_URL', 'https://vendor.example/a/b?v=2', { authorizeUrl: 'https://vendor.example/a/b?v=2' }],
    ['UPSTREAM_AUTHORIZE_URL', 'http://127.0.0.1:9/consent', { authorizeUrl: 'http://127.0.0.1:9/consent' }],
  ])('%s may be %s', (name, value, read) => {
    expect(readConfig({ ...client, [name]: value })).toMatchObject(read);
  });

  test.each([
    ['UPSTREAM_PKCE', 'hunter2', /must be on or off/],
    ['UPSTREAM_RECONNECT', 'false', /must be on or off/],
    ['UPSTREAM_MARKETPLACE_INSTALLS', '1', /must be on or off/],
    ['CREDENTIAL_MAX_AGE_DAYS', '0', /must be a whole number, 1 to 3650/],
    ['CREDENTIAL_MAX_AGE_DAYS', '90d', /must be a whole number, 1 to 3650/],
    ['DATABASE_URL', 'mysql://me:hunter2@db/grants', /must be a postgres:\/\/ or postgresql:\/\/ URL/],
    ['DATABASE_URL', 'hunter2', /must be a postgres:\/\/ or postgresql:\/\/ URL/],
    ['PUBLIC_URL', 'gateway.example.com', /must be a URL/],
    ['PUBLIC_URL', 'http://gateway.example.com', /http only reaches this machine/],
    ['PUBLIC_URL', 'https://gateway.example.com/users', /no path/],
    ['PUBLIC_URL', 'https://me:hunter2@gateway.example.com', /must not contain credentials/],
    ['UPSTREAM_AUTHORIZE_URL', 'vendor.example/consent', /must be a URL/],
    ['UPSTREAM_AUTHORIZE_URL', 'http://vendor.example/consent', /http only reaches this machine/],
    ['UPSTREAM_AUTHORIZE_URL', 'javascript:alert(1)', /must begin with https/],
    ['UPSTREAM_AUTHORIZE_URL', 'https://me:hunter2@vendor.example/', /must not contain credentials/],
    ['UPSTREAM_AUTHORIZE_URL', 'https://vendor.example/#hunter2', /must not have a #fragment/],
    ['UPSTREAM_CLIENT_SECRET_PREVIOUS', 'hunter2\nhunter2', /must be one line of printable ASCII characters/],
  ])('%s may not be %j, and the problem does not repeat it', (name, value, problem) => {
    const problems = problemsOf({ ...client, [name]: value });
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).toMatch(new RegExp(`^${name} `));
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('the keys that seal tokens', () => {
  const [a, b] = [keyText('a'), keyText('b')];
  const urlSafe = Buffer.alloc(32, 255).toString('base64url');

  test.each([
    ['one', `k1:${a}`, ['k1']],
    ['two, the newest first', `k2:${b},k1:${a}`, ['k2', 'k1']],
    ['with blanks between', ` k2:${b} , k1:${a} `, ['k2', 'k1']],
    ['without padding', `k1:${a.replace('=', '')}`, ['k1']],
    ['as base64url', `2026-11_x:${urlSafe}`, ['2026-11_x']],
  ])('%s', (_, TOKEN_KEYS, ids) => {
    const ring = readConfig({ TOKEN_KEYS }).tokenKeys ?? [];
    expect(ring.map(({ id }) => id)).toEqual(ids);
    expect(ring.map(({ bytes }) => bytes.length)).toEqual(ids.map(() => 32));
  });

  test('the same bytes are read from both ways of writing them', () => {
    const bytes = Buffer.alloc(32, 255);
    for (const text of [bytes.toString('base64'), bytes.toString('base64url')])
      expect(readConfig({ TOKEN_KEYS: `k:${text}` }).tokenKeys).toEqual([{ id: 'k', bytes }]);
  });

  test.each([
    ['a key without an id', a],
    ['an empty id', `:${a}`],
    ['an id with a dot, which would end it in a record', `k.1:${a}`],
    ['an id of 33 characters', `${'k'.repeat(33)}:${a}`],
    ['16 bytes', `k1:${Buffer.alloc(16, 'h').toString('base64')}`],
    ['33 bytes', `k1:${Buffer.alloc(33, 'h').toString('base64')}`],
    ['hex', `k1:${Buffer.alloc(32, 'h').toString('hex')}`],
    ['a good one and a bad one', `k1:${a},hunter2`],
    ['a comma too much', `k1:${a},`],
  ])('%s is one problem that shows nothing of it', (_, TOKEN_KEYS) => {
    expect(problemsOf({ TOKEN_KEYS })).toEqual([
      'TOKEN_KEYS must be id:base64 of 32 bytes, several separated by commas.',
    ]);
  });

  test('two keys of one id are refused: nobody could tell which one has sealed a record', () => {
    expect(problemsOf({ TOKEN_KEYS: `k1:${a},k1:${b}` })).toEqual(['TOKEN_KEYS must not have two keys of one id.']);
  });

  test.each(['mysql://me@db/other', 'postgres://gw:pw@db/grants'])(
    'in sandbox mode nothing is stored, whatever program DATABASE_URL=%s was meant for',
    (url) => {
      expect(readConfig({ DATABASE_URL: url })).toMatchObject({ database: { path: ':memory:' } });
    },
  );

  test('an agency without oauth.write is warned of', () => {
    const agency = { ...client, ...keys, UPSTREAM_GRANT: 'agency' };
    expect(readConfig(agency).warnings).toEqual([]);
    const { warnings } = readConfig({ ...agency, UPSTREAM_SCOPES: 'locations.readonly oauth.readonly' });
    expect(warnings).toEqual([expect.stringMatching(/lacks oauth.write/)]);
  });

  test('installs that were begun elsewhere are taken for one company only', () => {
    const on = { ...client, UPSTREAM_MARKETPLACE_INSTALLS: 'on' };
    expect(problemsOf(on)).toEqual([
      expect.stringMatching(/UPSTREAM_MARKETPLACE_INSTALLS=on needs UPSTREAM_COMPANY_ID/),
    ]);
    expect(readConfig({ ...on, UPSTREAM_COMPANY_ID: 'firm1' })).toMatchObject({ areForeignInstallsTaken: true });
  });
});
