import { toLocationId, type LocationId } from '../model/ids.ts';

/** An access token and what its answer said. The value is behind a function, so that printing the object never shows it. */
export interface AccessToken {
  readonly reveal: () => string;
  /** Epoch milliseconds; Infinity for a static token. */
  readonly expiresAt: number;
  readonly obtainedAt: number;
  /** From then on its successor is asked for; epoch milliseconds. */
  readonly renewAt: number;
  /** Null where the answer did not say. */
  readonly scopes: readonly string[] | null;
  /** The location that the token is for; null where the answer did not say. */
  readonly locationId: LocationId | null;
}

/** All that a token request brought. */
export interface TokenAnswer {
  readonly access: AccessToken;
  /** Null where no new one came: then the old one stays good. */
  readonly refreshToken: (() => string) | null;
  readonly companyId: string | null;
}

/** A token answer's members, wherever it came from; null is as good as absent. */
export interface TokenMembers {
  readonly access_token: string;
  readonly refresh_token?: string | undefined;
  /** Seconds. */
  readonly expires_in?: number | undefined;
  /** Separated by blanks. */
  readonly scope?: string | undefined;
  readonly locationId?: unknown;
  readonly companyId?: unknown;
}

const defaultLifeSeconds = 3_600;
const longestLifeSeconds = 86_400;

/** Ids that cannot be ids are taken for absent, a life without a sensible length for an hour, one beyond a day for a day. */
export const toTokenAnswer = (members: TokenMembers): TokenAnswer => {
  const { access_token: value, refresh_token: next, scope, expires_in: lifeSeconds = defaultLifeSeconds } = members;
  const { locationId, companyId } = members;
  const now = Date.now();
  const lifeMs = Math.min(lifeSeconds, longestLifeSeconds) * 1_000;
  return {
    access: {
      reveal: () => value,
      obtainedAt: now,
      expiresAt: now + lifeMs,
      renewAt: now + lifeMs - aheadMs(lifeMs),
      scopes: scope === undefined ? null : scope.split(' ').filter((name) => name !== ''),
      locationId: typeof locationId === 'string' ? toLocationId(locationId) : null,
    },
    refreshToken: next === undefined ? null : () => next,
    companyId: typeof companyId === 'string' && /^[\x21-\x7e]{1,64}$/.test(companyId) ? companyId : null,
  };
};

// A tenth of its life ahead, at least a minute and at most five, but never before half of a short life. Up to a fifth more by chance:
// tokens of one moment, of many locations, must not all be renewed in one moment.
const aheadMs = (lifeMs: number): number =>
  Math.min(Math.min(300_000, Math.max(60_000, lifeMs / 10)) * (1 + Math.random() / 5), lifeMs / 2);
