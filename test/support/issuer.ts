// An issuer of access tokens: a real server that publishes its keys, and a pen that writes whatever a test wants.
import { generateKeyPairSync, randomUUID, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthChoice } from '../../src/callers-config.ts';

/** How the key set is answered. `slow`: not at all, until the asker goes. */
export type Mode = 'good' | 'down' | 'cut' | 'slow' | 'redirect' | 'garbage' | 'not a set' | 'huge';

/** An algorithm of which keys are made here. */
export type Algorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA';

/** Members of a header or of claims; undefined leaves one out. */
export type Members = Readonly<Record<string, unknown>>;

/** A key pair with its name. */
export interface SigningKey {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JsonWebKey & { readonly kid: string };
}

/** A running issuer. */
export interface TestIssuer extends AsyncDisposable {
  /** `iss`. */
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly fetches: number;
  /** Where else something was asked for: redirects that were followed, keys by reference. */
  readonly strayRequests: readonly string[];
  mode: Mode;
  readonly key: SigningKey;
  /** What is published; the current key alone unless a test says otherwise. */
  published: readonly object[];
  /** A new key in place of the old one. */
  readonly rotate: () => void;
  /** A good token, but for what is given here. */
  readonly token: (claims?: Members, header?: Members) => string;
}

/** For this gateway, unless a test says otherwise. */
export const audience = 'https://gateway.example';

/** Epoch seconds, as the clock of a test has them. */
export const now = (): number => Math.floor(Date.now() / 1_000);

const pairs = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

/** A new key pair. */
export const createKey = (alg: Algorithm = 'ES256', kid: string = randomUUID()): SigningKey => {
  const { privateKey, publicKey } = pairs[alg]();
  return { kid, alg, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } };
};

const signers: Record<Algorithm, (input: Buffer, key: KeyObject) => Buffer> = {
  ES256: (input, key) => sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }),
  ES384: (input, key) => sign('sha384', input, { key, dsaEncoding: 'ieee-p1363' }),
  RS256: (input, key) => sign('sha256', input, key),
  PS256: (input, key) => sign('sha256', input, { key, padding: 6, saltLength: 32 }), // RSA_PKCS1_PSS_PADDING
  EdDSA: (input, key) => sign(null, input, key),
};

/** The signature of that key, over whatever is given. */
export const signatureOf = ({ alg, privateKey }: SigningKey, input: string): Buffer =>
  signers[alg](Buffer.from(input), privateKey);

/** base64url of text, bytes, or JSON of members. */
export const part = (value: string | Buffer | Members): string =>
  Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString(
    'base64url',
  );

/** A compact JWS, of header and payload as they are given: also of texts that no library would write. */
export const compact = (key: SigningKey, header: string | Members, payload: string | Members): string => {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${signatureOf(key, input).toString('base64url')}`;
};

/** The header of a good token of that key. */
export const headerOf = ({ kid, alg }: SigningKey): Members => ({ alg, typ: 'at+jwt', kid });

/** The claims of a good token. */
export const claimsOf = (issuer: string): Members => ({
  iss: issuer,
  aud: audience,
  sub: 'anna',
  client_id: 'front-end',
  iat: now(),
  exp: now() + 300,
  jti: randomUUID(),
  scope: 'socialplanner/tag.readonly locations.readonly',
  locationId: ['ve9EPM428h8vShlRW1KT'],
});

const answers: Record<Exclude<Mode, 'good' | 'slow' | 'cut'>, (response: ServerResponse, keySet: string) => void> = {
  down: (response) => void response.writeHead(503).end('{"keys":[]}'),
  redirect: (response, keySet) => void response.writeHead(302, { location: '/elsewhere' }).end(keySet),
  garbage: (response) => void response.writeHead(200).end('<html>'),
  'not a set': (response) => void response.writeHead(200).end('{"keys":["one"]}'),
  huge: (response, keySet) => {
    response.writeHead(200).write(keySet); // in pieces, without a length that would warn
    response.end(' '.repeat(300 * 1_024));
  },
};

/** Signs with one key at a time. */
export const startIssuer = async (alg: Algorithm = 'ES256'): Promise<TestIssuer> => {
  const strayRequests: string[] = [];
  const state = { fetches: 0, key: createKey(alg) };
  const server = createServer(({ url = '' }, response) => {
    if (url !== '/jwks') {
      strayRequests.push(url);
      response.writeHead(200).end(JSON.stringify({ keys: issuer.published }));
      return;
    }
    state.fetches += 1;
    const keySet = JSON.stringify({ keys: issuer.published });
    if (issuer.mode === 'cut') response.destroy();
    else if (issuer.mode === 'good') response.writeHead(200, { 'content-type': 'application/json' }).end(keySet);
    else if (issuer.mode !== 'slow') answers[issuer.mode](response, keySet);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: TestIssuer = {
    issuer: url,
    jwksUrl: `${url}/jwks`,
    get fetches() {
      return state.fetches;
    },
    strayRequests,
    mode: 'good',
    get key() {
      return state.key;
    },
    published: [state.key.jwk],
    rotate: () => {
      state.key = createKey(alg);
      issuer.published = [state.key.jwk];
    },
    token: (claims = {}, header = {}) =>
      compact(state.key, { ...headerOf(state.key), ...header }, { ...claimsOf(url), ...claims }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return issuer;
};

type Published = Pick<TestIssuer, 'issuer' | 'jwksUrl'>;

/** The setting of a gateway that takes the tokens of these issuers. `company`: the claim with a company. */
export const authBy = (issuers: Published | readonly Published[], company: string | null = null): AuthChoice => ({
  kind: 'jwt',
  issuers: [issuers].flat().map(({ issuer, jwksUrl: url }) => ({ issuer, keys: { kind: 'jwks', url } })),
  audiences: [audience],
  algorithms: ['ES256'],
  tokenType: 'at+jwt',
  claims: { scope: 'scope', location: 'locationId', company },
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
});
