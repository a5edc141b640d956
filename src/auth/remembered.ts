import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What tokens were found to be good for. A token itself is never kept, only its SHA-256. */
export interface Remembered<T> {
  /** Null where the token has to be looked at. */
  readonly get: (token: string) => T | null;
  /** `expiresAt` in epoch milliseconds. */
  readonly set: (token: string, value: T, expiresAt: number) => void;
}

// A key that its issuer has withdrawn is good here for this long on top.
const longestMs = 60_000;

/** Checking one ES256 signature costs a quarter of a millisecond of a core, and callers show one token many times. */
export const createRemembered = <T>(): Remembered<T> => {
  // What is kept grows with the claims, so that 10,000 tokens of 1 KB are as many as 1,250 of the largest.
  const kept = new LRUCache<string, { readonly value: T; readonly until: number }>({
    max: 10_000,
    maxSize: 10_000_000,
  });
  return {
    get: (token) => {
      const found = kept.get(keyOf(token));
      return found !== undefined && found.until > Date.now() ? found.value : null;
    },
    set: (token, value, expiresAt) => {
      const until = Math.min(expiresAt, Date.now() + longestMs);
      kept.set(keyOf(token), { value, until }, { size: token.length });
    },
  };
};

const keyOf = (token: string): string => hash('sha256', token, 'base64');
