import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Whom a token speaks for: the vendor's userType. */
export type Holder =
  | { readonly kind: 'Location'; readonly companyId: string; readonly locationId: string }
  | { readonly kind: 'Company'; readonly companyId: string };

/** What the sandbox knows about a token it gave out. Scopes of null follow what the holder is granted. */
export interface Grant {
  readonly holder: Holder;
  readonly scopes: readonly string[] | null;
  /** Epoch milliseconds; a private token's is Infinity. */
  readonly expiresAt: number;
  readonly isPrivate: boolean;
}

/** The tokens and codes given out so far, in memory only. */
export interface Tokens {
  readonly ttlSeconds: number;
  readonly issueAccess: (holder: Holder, scopes: readonly string[]) => string;
  readonly issueRefresh: (holder: Holder, scopes: readonly string[] | null) => string;
  readonly issuePrivate: (holder: Holder, scopes: readonly string[] | null) => string;
  readonly issueCode: (holder: Holder) => { readonly code: string; readonly expiresAt: number };
  /** The live grant of a bearer token, else what is wrong with it. */
  readonly findBearer: (bearer: string) => Grant | 'expired' | 'private-token';
  /** Null when unknown, spent or expired. Does not spend it. */
  readonly findRefresh: (refreshToken: string) => Grant | null;
  readonly spendRefresh: (refreshToken: string) => void;
  readonly findCode: (code: string) => Grant | null;
  readonly spendCode: (code: string) => void;
  readonly expireAccess: () => void;
  /** The latest thousand secrets given out, so that a test can search for them where they must not be. */
  readonly issued: () => readonly string[];
}

const YEAR_MS = 365 * 86_400_000; // an unused refresh token's life, as documented
const CODE_TTL_MS = 10 * 60_000; // not documented
const MOST_TOKENS = 20_000;

// Chance and not the seed: a token kept from an earlier run must not be taken for one of this run.
const opaque = (): string => randomBytes(192).toString('base64url');

/** The oldest are forgotten beyond 20,000 of a kind, so a load test cannot fill the memory. */
const remember = (grants: Map<string, Grant>, token: string, grant: Grant): string => {
  grants.set(token, grant);
  const oldest = grants.keys().next();
  if (grants.size > MOST_TOKENS && oldest.done !== true) grants.delete(oldest.value);
  return token;
};

const alive = (grant: Grant | undefined, now: number): Grant | null =>
  grant !== undefined && grant.expiresAt > now ? grant : null;

/** Tokens live as long as the sandbox. */
export const createTokens = (clock: Clock, ttlSeconds: number): Tokens => {
  const access = new Map<string, Grant>();
  const privates = new Map<string, Grant>(); // apart, so that no flood of access tokens pushes them out
  const refresh = new Map<string, Grant>();
  const codes = new Map<string, Grant>();
  const issued: string[] = [];
  const note = (secret: string): string => {
    issued.push(secret);
    if (issued.length > 1_000) issued.shift();
    return secret;
  };
  const grant = (holder: Holder, scopes: readonly string[] | null, lifeMs: number): Grant => ({
    holder,
    scopes,
    expiresAt: clock() + lifeMs,
    isPrivate: false,
  });

  return {
    ttlSeconds,
    issueAccess: (holder, scopes) => remember(access, note(opaque()), grant(holder, scopes, ttlSeconds * 1_000)),
    issueRefresh: (holder, scopes) => remember(refresh, note(opaque()), grant(holder, scopes, YEAR_MS)),
    issuePrivate: (holder, scopes) =>
      remember(privates, note(`pit-${randomUUID()}`), { ...grant(holder, scopes, Infinity), isPrivate: true }),
    issueCode: (holder) => {
      const expiresAt = clock() + CODE_TTL_MS;
      return { code: remember(codes, randomBytes(20).toString('hex'), grant(holder, null, CODE_TTL_MS)), expiresAt };
    },
    findBearer: (bearer) =>
      bearer.startsWith('pit-')
        ? (privates.get(bearer) ?? 'private-token')
        : (alive(access.get(bearer), clock()) ?? 'expired'),
    findRefresh: (refreshToken) => alive(refresh.get(refreshToken), clock()),
    spendRefresh: (refreshToken) => void refresh.delete(refreshToken),
    findCode: (code) => alive(codes.get(code), clock()),
    spendCode: (code) => void codes.delete(code),
    expireAccess: () => access.clear(),
    issued: () => issued,
  };
};
