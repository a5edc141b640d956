import { GatewayError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';
import type { Installation } from '../model/installation.ts';
import { orAborted } from '../upstream/abort.ts';
import type { Refusal } from '../upstream/refusal.ts';
import type { Holder } from '../upstream/send.ts';
import type { AccessToken, Grant } from './grants.ts';

/** The access tokens of this process. A token is obtained once for all who wait for it, and renewed before it runs out. */
export interface AccessTokens {
  readonly isRenewable: boolean;
  /** Throws LOCATION_NOT_CONNECTED, LOCATION_PAUSED, UPSTREAM_AUTH_FAILED or another UPSTREAM_… code. */
  get(holder: Holder, signal: AbortSignal): Promise<AccessToken>;
  /** After upstream refused `spent` as expired: the token that took its place, obtained once for all. */
  renew(holder: Holder, spent: AccessToken, signal: AbortSignal): Promise<AccessToken>;
  /** What upstream said to a request that asked for this scope. */
  heard(holder: Holder, scope: string, refusal: Refusal | null): void;
  installation(locationId: LocationId, signal: AbortSignal): Promise<Installation>;
}

interface Slot {
  token: AccessToken | null;
  flight: Promise<AccessToken> | null;
  /** The last failure, given to everyone until that moment: a dead grant is not asked for at every request. */
  failure: { readonly error: GatewayError; readonly until: number } | null;
  /** Scopes that upstream itself granted or refused, for tokens whose answer did not say. */
  readonly seen: Map<string, boolean>;
  isDead: boolean;
}

/** `wantedScopes`: what the graph can use. */
export const createAccessTokens = ({
  grant,
  wantedScopes,
}: {
  grant: Grant;
  wantedScopes: readonly string[];
}): AccessTokens => {
  const slots = new Map<string, Slot>();
  const slotOf = (holder: Holder): Slot => {
    const key = grant.tokenKey(holder);
    const known = slots.get(key);
    if (known) return known;
    const made: Slot = { token: null, flight: null, failure: null, seen: new Map(), isDead: false };
    slots.set(key, made);
    return made;
  };
  const get = async (holder: Holder, signal: AbortSignal): Promise<AccessToken> => {
    const slot = slotOf(holder);
    const token = slot.token !== null && !isDue(slot.token) ? slot.token : await renewed(grant, holder, slot, signal);
    if (holder.kind === 'location' && token.locationId !== null && token.locationId !== holder.locationId) {
      throw new GatewayError('LOCATION_NOT_CONNECTED', { cause: new Error('the grant is for another location') });
    }
    return token;
  };
  return {
    isRenewable: grant.isRenewable,
    get,
    renew: (holder, spent, signal) => {
      const slot = slotOf(holder);
      if (slot.token === spent) slot.token = null;
      return get(holder, signal);
    },
    heard: (holder, scope, refusal) => {
      const slot = slotOf(holder);
      if (refusal === null) slot.seen.set(scope, true);
      if (refusal === 'scope-missing') slot.seen.set(scope, false);
      slot.isDead = refusal === 'private-token';
    },
    installation: async (locationId, signal) => {
      const holder: Holder = { kind: 'location', locationId };
      try {
        return connected(grant, await get(holder, signal), slotOf(holder), wantedScopes);
      } catch (error) {
        return disconnected(grant, error, wantedScopes);
      }
    },
  };
};

// Renewed a tenth of its life ahead, at least a minute and at most five, but never before half of a short life.
const isDue = ({ obtainedAt, expiresAt }: AccessToken): boolean => {
  const lifeMs = expiresAt - obtainedAt;
  const aheadMs = Math.min(300_000, Math.max(60_000, lifeMs / 10), lifeMs / 2);
  return Date.now() >= expiresAt - aheadMs;
};

const renewed = async (grant: Grant, holder: Holder, slot: Slot, signal: AbortSignal): Promise<AccessToken> => {
  const stillGood = slot.token !== null && slot.token.expiresAt > Date.now() ? slot.token : null;
  if (slot.failure !== null && slot.failure.until > Date.now()) {
    if (stillGood) return stillGood;
    throw slot.failure.error;
  }
  slot.flight ??= obtain(grant, holder, slot);
  try {
    return await orAborted(slot.flight, signal);
  } catch (error) {
    if (stillGood && !signal.aborted) return stillGood;
    throw error;
  }
};

const obtain = async (grant: Grant, holder: Holder, slot: Slot): Promise<AccessToken> => {
  try {
    const token = await grant.obtain(holder);
    Object.assign(slot, { token, failure: null });
    return token;
  } catch (error) {
    const known = error instanceof GatewayError ? error : new GatewayError('INTERNAL_SERVER_ERROR', { cause: error });
    const pauseMs = known.code === 'UPSTREAM_UNAVAILABLE' || known.code === 'UPSTREAM_TIMEOUT' ? 1_000 : 5_000;
    slot.failure = { error: known, until: Date.now() + pauseMs };
    throw known;
  } finally {
    slot.flight = null;
  }
};

const connected = (
  grant: Grant,
  token: AccessToken,
  { seen, isDead }: Slot,
  wanted: readonly string[],
): Installation => {
  const granted = token.scopes ?? wanted.filter((scope) => seen.get(scope) === true);
  const isMissing = (scope: string) =>
    token.scopes === null ? seen.get(scope) === false : !token.scopes.includes(scope);
  return {
    status: isDead ? 'REAUTHORIZATION_REQUIRED' : 'CONNECTED',
    grantedScopes: granted,
    missingScopes: wanted.filter(isMissing),
    grantKind: grant.kind,
    tokenRenewedAt: token.obtainedAt,
    tokenExpiresAt: Number.isFinite(token.expiresAt) ? token.expiresAt : null,
  };
};

const disconnected = (grant: Grant, error: unknown, wanted: readonly string[]): Installation => {
  const code = error instanceof GatewayError ? error.code : null;
  if (code !== 'LOCATION_PAUSED' && code !== 'LOCATION_NOT_CONNECTED') throw error;
  const gone = grant.kind === 'CLIENT_CREDENTIALS' ? 'NOT_INSTALLED' : 'REAUTHORIZATION_REQUIRED';
  return {
    status: code === 'LOCATION_PAUSED' ? 'PAUSED' : gone,
    grantedScopes: [],
    missingScopes: wanted,
    grantKind: grant.kind,
    tokenRenewedAt: null,
    tokenExpiresAt: null,
  };
};
