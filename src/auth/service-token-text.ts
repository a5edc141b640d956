import { createHash, randomBytes, randomInt } from 'node:crypto';

/** What of a service token may be stored and shown. */
export interface ServiceTokenParts {
  /** Ten of 0-9 and a-z. Names the token and opens nothing. */
  readonly id: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly digest: string;
}

const prefix = 'ugw_';
/** Of a form that scanners of repositories and logs can look for, and that no JWT has. */
const form = /^ugw_([0-9a-z]{10})_([A-Za-z0-9_-]{43})$/;

/** A fresh one; its text is nowhere else. */
export const newServiceToken = (): ServiceTokenParts & { readonly token: string } => {
  const id = Array.from({ length: 10 }, () => randomInt(36).toString(36)).join('');
  const secret = randomBytes(32).toString('base64url');
  return { token: `${prefix}${id}_${secret}`, id, digest: digestOf(secret) };
};

/** Null for text that no service token has. */
export const readServiceToken = (text: string): ServiceTokenParts | null => {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, digest: digestOf(secret) };
};

/** Whether the text means to be one, good or not: then it is nothing for those who check JWTs. */
export const isServiceToken = (text: string): boolean => text.startsWith(prefix);

// One quick round is enough: slow hashes protect passwords, which can be guessed, and nobody guesses 256 random bits.
const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
