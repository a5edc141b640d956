import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../src/config.ts';
import { client, problemsOf } from './support/settings.ts';

const issuer = {
  AUTH: '',
  AUTH_ISSUER: 'https://id.example.com/',
  AUTH_AUDIENCE: 'https://gateway.example.com',
  AUTH_JWKS_URL: 'https://id.example.com/keys',
};
const live = { ...client, AUTH: '' };

describe('who may call', () => {
  test('in sandbox mode everybody, unless something is said', () => {
    expect(readConfig({}).auth).toEqual({ kind: 'open' });
    expect(readConfig({ AUTH: 'tokens' }).auth).toEqual({ kind: 'tokens' });
    expect(readConfig(issuer).auth).toMatchObject({ kind: 'jwt' });
  });

  test('a live gateway that is not told refuses to start, and says which ways there are', () => {
    expect(problemsOf(live)).toEqual([expect.stringMatching(/AUTH_ISSUER.*AUTH=tokens.*AUTH=none/)]);
  });

  test('nobody is asked only where it is said aloud, and on a loopback address', () => {
    expect(readConfig({ ...live, AUTH: 'none' }).auth).toEqual({ kind: 'none' });
    for (const host of ['0.0.0.0', '::', '10.0.0.5', 'gateway.internal'])
      expect(problemsOf({ ...live, AUTH: 'none', HOST: host })).toEqual([expect.stringContaining('HOST must be')]);
    for (const auth of [{ AUTH: 'tokens' }, issuer])
      expect(problemsOf({ ...live, ...auth, HOST: '0.0.0.0' })).toEqual([]);
  });

  test('an issuer is enough, with every default in place', () => {
    expect(readConfig({ ...live, ...issuer }).auth).toEqual({
      kind: 'jwt',
      issuers: [{ issuer: 'https://id.example.com/', keys: { kind: 'jwks', url: 'https://id.example.com/keys' } }],
      audiences: ['https://gateway.example.com'],
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      tokenType: 'at+jwt',
      claims: { scope: 'scope', location: 'locationId', company: null },
      clockToleranceSeconds: 30,
      maxLifetimeSeconds: 86_400,
    });
  });

  test('several issuers have their keys in their order', () => {
    const { auth } = readConfig({
      ...issuer,
      AUTH_ISSUER: 'https://a.example, https://b.example',
      AUTH_JWKS_URL: 'https://a.example/keys,https://b.example/keys',
    });
    expect(auth).toMatchObject({
      issuers: [
        { issuer: 'https://a.example', keys: { url: 'https://a.example/keys' } },
        { issuer: 'https://b.example', keys: { url: 'https://b.example/keys' } },
      ],
    });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['no audience', { AUTH_AUDIENCE: '' }, /^AUTH=jwt needs AUTH_AUDIENCE/],
    ['no keys', { AUTH_JWKS_URL: '' }, /AUTH_JWKS_URL or AUTH_PUBLIC_KEY/],
    ['keys in two ways', { AUTH_PUBLIC_KEY: 'x' }, /AUTH_JWKS_URL or AUTH_PUBLIC_KEY/],
    ['fewer addresses than issuers', { AUTH_ISSUER: 'https://a.example,https://b.example' }, /one address for each/],
    ['keys over http', { AUTH_JWKS_URL: 'http://id.example.com/keys' }, /^AUTH_JWKS_URL must begin with https/],
    ['a symmetric algorithm', { AUTH_ALGORITHMS: 'RS256,HS256' }, /^AUTH_ALGORITHMS must be some of/],
    ['the algorithm none', { AUTH_ALGORITHMS: 'none' }, /^AUTH_ALGORITHMS must be some of/],
    ['a tolerance over a minute', { AUTH_CLOCK_TOLERANCE_SECONDS: '61' }, /^AUTH_CLOCK_TOLERANCE_SECONDS must be/],
    ['an issuer that AUTH does not use', { AUTH: 'none' }, /^AUTH_ISSUER is set and AUTH=none does not use it/],
    [
      'a company without ours',
      { ...live, AUTH_COMPANY_CLAIM: 'company' },
      /^AUTH_COMPANY_CLAIM needs UPSTREAM_COMPANY/,
    ],
    ['a name that is nearly ours', { AUTH_ISSUERS: 'https://x.example' }, /did you mean AUTH_ISSUER/],
  ])('%s is refused', (_name, change, problem) => {
    expect(problemsOf({ ...issuer, ...change })).toEqual([expect.stringMatching(problem)]);
  });
});

describe('lists', () => {
  test.each<[Record<string, string>, RegExp]>([
    [{ CORS_ORIGINS: '*' }, /^CORS_ORIGINS must be origins/],
    [{ CORS_ORIGINS: 'https://app.example.com/' }, /^CORS_ORIGINS must be origins/],
    [{ CORS_ORIGINS: 'http://app.example.com' }, /^CORS_ORIGINS must be origins/],
    [{ CORS_ORIGINS: 'null' }, /^CORS_ORIGINS must be origins/],
    [{ TRUSTED_PROXIES: '10.0.0.0/33' }, /^TRUSTED_PROXIES must be IP addresses/],
    [{ TRUSTED_PROXIES: 'loopback' }, /^TRUSTED_PROXIES must be IP addresses/],
    [{ TRUSTED_PROXIES: '10.0.0.1/8/8' }, /^TRUSTED_PROXIES must be IP addresses/],
    [{ TRUSTED_PROXIES: '10.0.0.1,10.0.0.1' }, /anything twice/],
    [{ PERSISTED: 'only' }, /^PERSISTED=only needs PERSISTED_DOCUMENTS/],
    [{ PORT: '9464' }, /^PORT and ADMIN_PORT are the same/],
  ])('%j is refused', (env, problem) => {
    expect(problemsOf(env)).toEqual([expect.stringMatching(problem)]);
  });

  test('of origins, networks and proxies are read', () => {
    const config = readConfig({
      CORS_ORIGINS: 'https://app.example.com, http://localhost:5173',
      TRUSTED_PROXIES: '10.0.0.0/8,::1',
    });
    expect(config.corsOrigins).toEqual(['https://app.example.com', 'http://localhost:5173']);
    expect(config.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
  });
});
