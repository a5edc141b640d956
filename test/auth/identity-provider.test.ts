import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createTokenVerifier, type TokenVerifierOptions } from '../../src/auth/token-verifier.ts';
import { audience } from '../support/issuer.ts';
import { startOidcIssuer, type OidcIssuer } from '../support/issuer-by-oidc-provider.ts';
import { codeOf, defaults } from './verifier.ts';

const scopes = ['socialplanner/tag.readonly', 'socialplanner/statistics.readonly', 'locations.readonly'];
let provider: OidcIssuer;
let url: string;

beforeAll(async () => {
  provider = await startOidcIssuer({ audience, scopes, claims: { locationId: ['one', 'two'] } });
  url = await provider.jwksUrl();
});
afterAll(async () => {
  await provider[Symbol.asyncDispose]();
});

const verifierFor = (options: Partial<TokenVerifierOptions> = {}) =>
  createTokenVerifier({
    ...defaults,
    issuers: [{ issuer: provider.issuer, keys: { kind: 'jwks', url } }],
    ...options,
  });

test('a token of a certified identity provider is good as it is, and says which service calls', async () => {
  const token = await provider.issue('socialplanner/tag.readonly locations.readonly');
  expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'RS256', kid: 'first' });
  const { verify } = await verifierFor();
  expect(await verify(token)).toEqual({
    subject: provider.clientId,
    kind: 'SERVICE',
    key: expect.stringMatching(/^service:[0-9a-f]{12}$/),
    scopes: ['socialplanner/tag.readonly', 'locations.readonly'],
    locations: new Set(['one', 'two']),
    isOfCompany: false,
  });
});

test('and good for nobody else', async () => {
  const token = await provider.issue('locations.readonly');
  expect(decodeJwt(token)).toMatchObject({ iss: provider.issuer, aud: audience });
  const wrong = [
    { audiences: ['https://another.example'] },
    { algorithms: ['ES256', 'PS256'] },
    { tokenType: 'JWT' },
    { maxLifetimeSeconds: 599 },
    { issuers: [{ issuer: `${provider.issuer}/`, keys: { kind: 'jwks', url } }] },
  ] satisfies readonly Partial<TokenVerifierOptions>[];
  for (const options of wrong) {
    const { verify } = await verifierFor(options);
    expect(await codeOf(verify(token))).toBe('UNAUTHENTICATED');
  }
});
