import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createTokenVerifier } from '../../src/auth/token-verifier.ts';
import { stopClock } from '../support/clock.ts';
import { claimsOf, compact, createKey, headerOf, type SigningKey } from '../support/issuer.ts';
import { codeOf, defaults } from './verifier.ts';

afterEach(() => void jest.useRealTimers());

const issuer = 'https://issuer.example';
const key = createKey('RS256');
const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const { kid, ...unnamed } = key.jwk;

const verifierFor = (text: string, algorithms = defaults.algorithms) =>
  createTokenVerifier({ ...defaults, algorithms, issuers: [{ issuer, keys: { kind: 'static', text } }] });

const tokenOf = (one: SigningKey, header: object = {}) =>
  compact(one, { ...headerOf(one), ...header }, claimsOf(issuer));

/** What is said where the key cannot be used. */
const problemOf = (text: string, algorithms?: readonly string[]): Promise<string> =>
  verifierFor(text, algorithms).then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? `${error.message} ${String(error.cause)}` : 'no error'),
  );

describe('a key that is given', () => {
  test.each([
    ['PEM', pem],
    ['PEM of PKCS #1', key.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
    ['PEM on one line, as an environment variable', pem.trimEnd().replaceAll('\n', '\\n')],
    ['PEM with CRLF and blanks around', `\n  ${pem.replaceAll('\n', '\r\n')}  `],
    ['JWK', JSON.stringify(key.jwk)],
    ['JWK without a name', JSON.stringify(unnamed)],
    ['JWK Set of one', JSON.stringify({ keys: [unnamed] })],
    ['JWK Set of several', `\n${JSON.stringify({ keys: [createKey('ES256').jwk, key.jwk] }, null, 2)}\n`],
    ['JWK Set with a key for other uses', JSON.stringify({ keys: [{ kty: 'X', kid: 'x' }, key.jwk] })],
  ])('may be %s', async (_name, text) => {
    const { verify } = await verifierFor(text);
    expect(await codeOf(verify(tokenOf(key)))).toBe('good');
    expect(await codeOf(verify(tokenOf(createKey('RS256', kid))))).toBe('UNAUTHENTICATED');
    expect(await codeOf(verify(tokenOf(createKey('ES256', kid))))).toBe('UNAUTHENTICATED');
  });

  test.each(['ES256', 'PS256', 'EdDSA'] as const)('may be of %s', async (alg) => {
    const one = createKey(alg);
    const { verify } = await verifierFor(one.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    expect(await codeOf(verify(tokenOf(one)))).toBe('good');
  });

  test('may be a certificate', async () => {
    stopClock(); // when the token was signed
    const { verify } = await verifierFor(certificate);
    expect(await codeOf(verify(certified))).toBe('good');
    expect(await codeOf(verify(tokenOf(createKey('ES256'))))).toBe('UNAUTHENTICATED');
  });

  test('is meant whatever a token calls it where it has no name, and by its name alone where it has one', async () => {
    const nameless = await verifierFor(pem);
    const named = await verifierFor(JSON.stringify(key.jwk));
    for (const other of ['other', undefined, 7])
      expect(await codeOf(nameless.verify(tokenOf(key, { kid: other })))).toBe('good');
    expect(await codeOf(named.verify(tokenOf(key, { kid: 'other' })))).toBe('UNAUTHENTICATED');
  });
});

describe('what is refused at the start', () => {
  const { privateKey } = key;
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const encrypted = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey;
  const oct = { kty: 'oct', k: 'c2VjcmV0LXZhbHVlLW9mLWJvdGg', kid: 'x' };
  const jwk = privateKey.export({ format: 'jwk' });

  test.each([
    ['a private key', pkcs8, /private key/],
    ['a private key of PKCS #1', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), /private key/],
    ['a private key that is encrypted', encrypted, /private key/],
    ['a private key on one line', pkcs8.replaceAll('\n', '\\n'), /private key/],
    ['a public and a private key', pem + pkcs8, /private key/],
    ['a private JWK', JSON.stringify(jwk), /private key/],
    ['a private JWK without kty', JSON.stringify({ ...jwk, kty: undefined }), /private key/],
    ['a private JWK in a set', JSON.stringify({ keys: [key.jwk, { ...jwk, kid: 'b' }] }), /private key/],
    ['a symmetric JWK', JSON.stringify(oct), /secret of both sides/],
    ['a symmetric JWK in a set', JSON.stringify({ keys: [key.jwk, oct] }), /secret of both sides/],
    ['a password', 'c2VjcmV0LXZhbHVlLW9mLWJvdGg', /no public key/],
    ['nothing', ' ', /no public key/],
    ['half a PEM', pem.slice(0, 200), /no public key/],
    ['a PEM of something else', pem.replaceAll('PUBLIC KEY', 'DH PARAMETERS'), /no public key/],
    ['half a JWK', JSON.stringify(key.jwk).slice(0, -9), /no public key/],
    ['a set of texts', '{"keys":["c2VjcmV0LXZhbHVlLW9mLWJvdGg"]}', /no public key/],
    ['an empty set', '{"keys":[]}', /none of its keys/],
    ['an object that is no key', '{"kty":"RSA","n":"c2VjcmV0LXZhbHVlLW9mLWJvdGg"}', /none of its keys/],
    ['a key for encryption', JSON.stringify({ ...key.jwk, use: 'enc' }), /none of its keys/],
    ['a short RSA key', small.export({ type: 'spki', format: 'pem' }).toString(), /none of its keys.*2048 bits/],
    ['several keys without names', JSON.stringify({ keys: [unnamed, key.jwk] }), /give each its `kid`/],
  ])('%s', async (_name, text, expected) => {
    const problem = await problemOf(text);
    expect(problem).toMatch(expected);
    const secrets = text.split(/[\s"\\,:{}]+/).filter((word) => word.length > 16);
    for (const secret of secrets) expect(problem).not.toContain(secret.slice(0, 16));
  });

  test('a key that fits none of the algorithms, and those are named', async () => {
    expect(await problemOf(pem, ['ES256', 'EdDSA'])).toMatch(/none of its keys .* AUTH_ALGORITHMS has ES256, EdDSA\./);
    expect(await problemOf(pem, ['ES256', 'PS512'])).toBe('none');
    expect(await problemOf(JSON.stringify({ ...key.jwk, alg: 'RS512' }))).toMatch(/none of its keys/);
  });
});

// A certificate, and a token by its key, which is gone: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=issuer.example -days 36500`.
const certificate = `-----BEGIN CERTIFICATE-----
MIIBiDCCAS+gAwIBAgIUI66qx5k/cpuFP4VrRhsmmqx7fdkwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1wbGUwIBcNMjYxMTI3MjMwMzEwWhgPMjEy
NjExMDMyMzAzMTBaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEsa6UDfDXh5H6pttxGwH05bJRXaeGbHPCPgHKa/vX
vRWJjg1EWVXN9wRyXeY723mGKPgKWvIUdTp9X6XnL49OqaNTMFEwHQYDVR0OBBYE
FFF23fSonF0e+akOxtE3RVum4GjZMB8GA1UdIwQYMBaAFFF23fSonF0e+akOxtE3
RVum4GjZMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgIdVyd3/S
Ni/P+XbkUhJxVFW8Bw1vP+26ATckvBHyzK4CIDbG6Wo+Kh2U2CXLuZEAB2AZeWZa
jSB4mm3ELVFYiiLL
-----END CERTIFICATE-----
`;

const certified =
  'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.' +
  'eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiaHR0cHM6Ly9nYXRld2F5LmV4YW1wbGUiLCJzdWIiOiJhbm5hIiwiaWF0IjoxNzk1NzgwODAwLCJleHAiOjE3OTU3ODExMDB9.' +
  'Pj4cLjFIhDE34MObUj8vzUTI8uJsmQ2DiHR3d1_7P33IY6zcAc8RVGpjYV0jHkEvCf5I9_eNdX_yz2U1XA43EA';
