import { createPublicKey } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWK, type JWTVerifyGetKey } from 'jose';
import { isKeySet, parseJson } from './key-set.ts';

/** Keys that were given: PEM (a public key or a certificate, whose dates do not count), JWK or JWK Set. Throws an Error that says what to
 * do and never quotes the text, for it may be the wrong one: a private key, a password. */
export const readStaticKeys = async (text: string, algorithms: readonly string[]): Promise<JWTVerifyGetKey> => {
  const set = parse(text.trim());
  if (set.keys.some(isSymmetric)) throw new Error(symmetric);
  if (set.keys.some(isPrivate)) throw new Error(secret);
  const isNamed = set.keys.every(({ kid }) => kid !== undefined);
  if (!isNamed && set.keys.length > 1) throw new Error(unnamed);
  const isOfUse = await Promise.all(set.keys.map((key) => canCheck(key, algorithms)));
  if (!isOfUse.includes(true)) throw new Error(`${useless} ${algorithms.join(', ')}.`);
  const keys = createLocalJWKSet(set);
  return isNamed ? keys : ({ alg }) => keys({ alg }); // a PEM has no name, so it is meant whatever `kid` says
};

const expected =
  'give the public key of the issuer as PEM, with its BEGIN PUBLIC KEY and END lines, or a JWK or JWK Set as JSON.';
const unreadable = `it is no public key that can be read: ${expected}`;
const secret = `it holds a private key, which belongs to the issuer alone: ${expected} Who has seen that file can make tokens.`;
const symmetric = `it is a secret of both sides, with which this gateway could make tokens itself: let the issuer sign with a key pair, and ${expected}`;
const unnamed = 'it holds several keys, and not each has a `kid` by which tokens name theirs: give each its `kid`.';
const useless =
  'none of its keys checks a signature of AUTH_ALGORITHMS: name the algorithm of the key there, or give another key ' +
  '(RSA needs 2048 bits; `use` must be "sig" where it is there). AUTH_ALGORITHMS has';

const parse = (text: string): JSONWebKeySet => {
  const set = text.startsWith('{') ? parseJwk(text) : { keys: [parsePem(text.replaceAll('\\n', '\n'))] };
  if (set === null) throw new Error(unreadable);
  return set;
};

const parseJwk = (text: string): JSONWebKeySet | null => {
  const value = parseJson(text);
  const set = typeof value === 'object' && value !== null && 'keys' in value ? value : { keys: [value] };
  return isKeySet(set) ? set : null;
};

// Node would make the public key out of a private one in silence.
const parsePem = (pem: string): JWK => {
  if (pem.includes('PRIVATE KEY-----')) throw new Error(secret);
  try {
    return createPublicKey(pem).export({ format: 'jwk' });
  } catch {
    throw new Error(unreadable); // without a cause: it may quote the text
  }
};

const isSymmetric = (key: JWK): boolean => key.kty === 'oct' || 'k' in key;

const isPrivate = (key: JWK): boolean => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'].some((name) => name in key);

// jose's own choice, so that what is taken here is what checks tokens later; but the size of an RSA key it looks at only then.
const canCheck = async (key: JWK, algorithms: readonly string[]): Promise<boolean> => {
  const keys = createLocalJWKSet({ keys: [key] });
  const found = await Promise.allSettled(algorithms.map(async (alg) => keys({ alg })));
  return found.some((one) => one.status === 'fulfilled' && !isShort(one.value.algorithm));
};

const isShort = (algorithm: object): boolean =>
  'modulusLength' in algorithm && typeof algorithm.modulusLength === 'number' && algorithm.modulusLength < 2_048;
