import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Whom a token speaks for: the vendor's userType. */
export type Holder =
  | { readonly kind: 'Location'; readonly companyId: string; readonly locationId: string }
  | { readonly kind: 'Company'; readonly companyId: string };

/** All that came of one code or first token by renewals; it can be revoked as a whole (RFC 9700 §4.14.2). */
interface Family {
  isRevoked: boolean;
}

/** What a token is issued for. Scopes of null follow what the holder is granted; without a family it begins one. */
export interface Issue<Scopes = readonly string[] | null> {
  readonly holder: Holder;
  readonly scopes: Scopes;
  readonly family?: Family;
}

/** What the sandbox knows about a token it gave out. */
export interface Grant extends Required<Issue> {
  /** Epoch milliseconds; a private token's is Infinity. */
  readonly expiresAt: number;
  readonly isPrivate: boolean;
}

/** What the redemption of a code has to match; null where the authorization request had none. */
export interface CodeTerms {
  readonly redirectUri: string | null;
  /** Of RFC 7636, by S256. */
  readonly codeChallenge: string | null;
}

/** The tokens and codes given out so far, in memory only. */
export interface Tokens {
  readonly ttlSeconds: number;
  readonly issueAccess: (issue: Issue<readonly string[]>) => string;
  readonly issueRefresh: (issue: Issue) => string;
  readonly issuePrivate: (issue: Issue) => string;
  readonly issueCode: (issue: Issue, terms: CodeTerms) => { readonly code: string; readonly expiresAt: number };
  /** The live grant of a bearer token, else what is wrong with it. */
  readonly findBearer: (bearer: string) => Grant | 'expired' | 'private-token';
  /** Null when unknown, spent, revoked or expired. Does not spend it. */
  readonly findRefresh: (refreshToken: string) => Grant | null;
  readonly spendRefresh: (refreshToken: string) => void;
  /** To be told of every refused refresh token: counts those that had been spent, and revokes their family if so started. */
  readonly noteRefused: (refreshToken: string) => void;
  readonly spentPresented: () => number;
  readonly findCode: (code: string) => (Grant & CodeTerms) | null;
  readonly spendCode: (code: string) => void;
  readonly expireAccess: () => void;
  /** Refresh and access tokens and codes of the holder; private tokens are no grant of the app and stay. */
  readonly revoke: (holder: Holder) => void;
  /** The latest thousand secrets given out, so that a test can search for them where they must not be. */
  readonly issued: () => readonly string[];
}

const YEAR_MS = 365 * 86_400_000; // an unused refresh token's life, as documented
const CODE_TTL_MS = 10 * 60_000; // not documented
const MOST_TOKENS = 20_000;

// Chance and not the seed: a token kept from an earlier run must not be taken for one of this run.
const opaque = (): string => randomBytes(192).toString('base64url');

/** The oldest are forgotten beyond 20,000 of a kind, so a load test cannot fill the memory. */
const remember = <Kept>(grants: Map<string, Kept>, token: string, grant: Kept): string => {
  grants.set(token, grant);
  const oldest = grants.keys().next();
  if (grants.size > MOST_TOKENS && oldest.done !== true) grants.delete(oldest.value);
  return token;
};

const alive = <Kept extends Grant>(grant: Kept | undefined, now: number): Kept | null =>
  grant !== undefined && grant.expiresAt > now && !grant.family.isRevoked ? grant : null;

const isSame = (one: Holder, other: Holder): boolean =>
  one.kind === 'Location'
    ? other.kind === 'Location' && one.locationId === other.locationId
    : other.kind === 'Company' && one.companyId === other.companyId;

const createIssued = () => {
  const secrets: string[] = [];
  return {
    list: () => secrets,
    note: (secret: string): string => {
      secrets.push(secret);
      if (secrets.length > 1_000) secrets.shift();
      return secret;
    },
  };
};

/** Which refresh tokens were used up, and how often one came again. */
const createSpent = (revokesFamily: boolean) => {
  const families = new Map<string, Family>();
  let presented = 0;
  return {
    add: (refreshToken: string, family: Family) => void remember(families, refreshToken, family),
    noteRefused: (refreshToken: string): void => {
      const family = families.get(refreshToken);
      if (family === undefined) return;
      presented += 1;
      if (revokesFamily) family.isRevoked = true;
    },
    presented: () => presented,
  };
};

/** Tokens live as long as the sandbox. */
export const createTokens = (
  clock: Clock,
  { ttlSeconds, revokesFamilyOnReuse }: { readonly ttlSeconds: number; readonly revokesFamilyOnReuse: boolean },
): Tokens => {
  const access = new Map<string, Grant>();
  const privates = new Map<string, Grant>(); // apart, so that no flood of access tokens pushes them out
  const refresh = new Map<string, Grant>();
  const codes = new Map<string, Grant & CodeTerms>();
  const { note, list } = createIssued();
  const spent = createSpent(revokesFamilyOnReuse);
  const grant = ({ holder, scopes, family = { isRevoked: false } }: Issue, lifeMs: number): Grant => ({
    holder,
    scopes,
    family,
    expiresAt: clock() + lifeMs,
    isPrivate: false,
  });

  return {
    ttlSeconds,
    issueAccess: (issue) => remember(access, note(opaque()), grant(issue, ttlSeconds * 1_000)),
    issueRefresh: (issue) => remember(refresh, note(opaque()), grant(issue, YEAR_MS)),
    issuePrivate: (issue) =>
      remember(privates, note(`pit-${randomUUID()}`), { ...grant(issue, Infinity), isPrivate: true }),
    issueCode: (issue, { redirectUri, codeChallenge }) => {
      const kept = { ...grant(issue, CODE_TTL_MS), redirectUri, codeChallenge };
      return { code: remember(codes, note(randomBytes(20).toString('hex')), kept), expiresAt: kept.expiresAt };
    },
    findBearer: (bearer) =>
      bearer.startsWith('pit-')
        ? (privates.get(bearer) ?? 'private-token')
        : (alive(access.get(bearer), clock()) ?? 'expired'),
    findRefresh: (refreshToken) => alive(refresh.get(refreshToken), clock()),
    spendRefresh: (refreshToken) => {
      const family = refresh.get(refreshToken)?.family;
      if (family !== undefined) spent.add(refreshToken, family);
      refresh.delete(refreshToken);
    },
    noteRefused: spent.noteRefused,
    spentPresented: spent.presented,
    findCode: (code) => alive(codes.get(code), clock()),
    spendCode: (code) => void codes.delete(code),
    expireAccess: () => access.clear(),
    revoke: (holder) => {
      for (const kept of [access, refresh, codes])
        for (const [token, { holder: one }] of kept) if (isSame(one, holder)) kept.delete(token);
    },
    issued: list,
  };
};
