import { errorTable, GatewayError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';
import type { Installation } from '../model/installation.ts';
import { orAborted } from '../upstream/abort.ts';
import type { Refusal } from '../upstream/refusal.ts';
import type { Holder } from '../upstream/send.ts';
import type { AccessToken } from './access-token.ts';
import type { Asker, Grant } from './grants.ts';
import { connected, disconnected } from './installations.ts';

/** The access tokens of this process. A token is obtained once for all who wait for it, and renewed before it runs out. */
export interface AccessTokens {
  readonly isRenewable: boolean;
  /** Throws LOCATION_NOT_CONNECTED, LOCATION_PAUSED, UPSTREAM_AUTH_FAILED or another UPSTREAM_… code. */
  get(holder: Holder, signal: AbortSignal): Promise<AccessToken>;
  /** After upstream refused `spent` as expired: the token that took its place, obtained once for all. Throws
   * UPSTREAM_AUTH_FAILED for a while after a new token was refused as well. */
  renew(holder: Holder, spent: AccessToken, signal: AbortSignal): Promise<AccessToken>;
  /** What upstream said at last to a request that asked for this scope; `token-expired` is said of a token just renewed. */
  heard(holder: Holder, scope: string, refusal: Refusal | null): void;
  installation(locationId: LocationId, signal: AbortSignal): Promise<Installation>;
  /** Asks for this token again when it is needed next, because there may be another one; for all of them without a key. What was held
   * stays good where nothing comes: the store may be away by then. */
  askAgain(tokenKey?: string): void;
  /** The tokens that this process has, each with the key of those who share it; for metrics. */
  held(): readonly HeldToken[];
}

/** A token without itself. */
export interface HeldToken extends Pick<AccessToken, 'expiresAt' | 'obtainedAt'> {
  readonly tokenKey: string;
  /** Upstream refuses it, and a new one would not help. */
  readonly isDead: boolean;
}

interface Slot {
  token: AccessToken | null;
  /** Whether there may be another one than `token`, and than what a flight under way brings. */
  isStale: boolean;
  /** The token that upstream refused last: whatever comes must be another one. */
  refused: AccessToken | null;
  flight: Flight | null;
  /** The last failure, given to everyone until that moment: a dead grant is not asked for at every request. */
  failure: { readonly error: GatewayError; readonly until: number } | null;
  /** Until then a 401 is not answered with another token: the last new one was refused too, so tokens are not what is wrong. */
  distrustedUntil: number;
  /** Scopes that upstream itself granted or refused, for tokens whose answer did not say. */
  readonly seen: Map<string, boolean>;
  /** Locations that upstream said the token does not reach. */
  readonly unreached: Set<LocationId>;
  isDead: boolean;
}

/** A token on its way to all who wait for it. */
interface Flight {
  readonly asker: Asker;
  readonly landing: Promise<AccessToken>;
}

const emptySlot = (): Slot => ({
  token: null,
  isStale: false,
  refused: null,
  flight: null,
  failure: null,
  distrustedUntil: 0,
  seen: new Map(),
  unreached: new Set(),
  isDead: false,
});

const distrustMs = 10_000;
/** A token with more life than this is used while its successor is on the way. */
const unhurriedMs = 10_000;
/** Beyond that many, slots that hold nothing are forgotten: anybody may ask for locations that do not exist. */
const mostSlots = 10_000;

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
    if (slots.size >= mostSlots) forgetEmpty(slots);
    const made = emptySlot();
    slots.set(key, made);
    return made;
  };
  const get = async (holder: Holder, signal: AbortSignal): Promise<AccessToken> => {
    signal.throwIfAborted();
    const token = await tokenOf(grant, holder, slotOf(holder), signal);
    if (holder.kind === 'location' && token.locationId !== null && token.locationId !== holder.locationId) {
      throw new GatewayError('LOCATION_NOT_CONNECTED', { cause: new Error('the grant is for another location') });
    }
    return token;
  };
  return {
    isRenewable: grant.isRenewable,
    get,
    renew: async (holder, spent, signal) => {
      const slot = slotOf(holder);
      if (isSame(slot.token, spent)) distrust(slot, spent);
      return get(holder, signal);
    },
    heard: (holder, scope, refusal) => hear(slotOf(holder), { holder, scope, refusal }),
    askAgain: (tokenKey) => askAgain(tokenKey === undefined ? [...slots.values()] : [slots.get(tokenKey)]),
    held: () => [...slots].flatMap(heldIn),
    installation: async (locationId, signal) => {
      const holder: Holder = { kind: 'location', locationId };
      try {
        const token = await get(holder, signal);
        const slot = slotOf(holder);
        if (slot.unreached.has(locationId)) throw new GatewayError('LOCATION_NOT_CONNECTED');
        return connected(grant, token, slot, wantedScopes);
      } catch (error) {
        return disconnected(grant, error, wantedScopes);
      }
    },
  };
};

const heldIn = ([tokenKey, { token, isDead }]: readonly [string, Slot]): HeldToken[] =>
  token === null ? [] : [{ tokenKey, isDead, expiresAt: token.expiresAt, obtainedAt: token.obtainedAt }];

const tokenOf = async (grant: Grant, holder: Holder, slot: Slot, signal: AbortSignal): Promise<AccessToken> => {
  const now = Date.now();
  const { token, failure } = slot;
  // Also while somebody who asked for another one waits for it.
  const isStale = slot.isStale || (token !== null && slot.flight?.asker.held === null);
  if (token !== null && now < token.renewAt && !isStale) return token;
  const leftMs = token === null ? 0 : token.expiresAt - now;
  const stillGood = leftMs > 0 ? token : null;
  if (failure !== null && failure.until > now) {
    if (stillGood) return stillGood;
    throw remembered(failure, now);
  }
  const flight = (slot.flight ??= launch(grant, holder, slot));
  if (stillGood && !isStale && leftMs > unhurriedMs) return stillGood;
  try {
    const landed = await orAborted(flight.landing, signal);
    return isOutrun(flight, slot, landed) ? await tokenOf(grant, holder, slot, signal) : landed;
  } catch (error) {
    if (stillGood && !signal.aborted) return stillGood;
    throw error;
  }
};

const launch = (grant: Grant, holder: Holder, slot: Slot): Flight => {
  const asker = { held: slot.isStale ? null : slot.token, refused: slot.refused };
  slot.isStale = false;
  const landing = obtain(grant, holder, slot, asker).finally(() => (slot.flight = null));
  landing.catch(() => undefined); // everyone may have left before it fails
  return { asker, landing };
};

const obtain = async (grant: Grant, holder: Holder, slot: Slot, asker: Asker): Promise<AccessToken> => {
  try {
    const token = await grant.obtain(holder, asker);
    if (!isOutrun({ asker }, slot, token)) slot.token = token;
    slot.failure = null;
    return token;
  } catch (error) {
    const known = error instanceof GatewayError ? error : new GatewayError('INTERNAL_SERVER_ERROR', { cause: error });
    slot.failure = { error: known, until: Date.now() + pauseMs(known) };
    if (asker.held === null && slot.token !== null) slot.isStale = true;
    throw known;
  }
};

// Upstream refused the very token while it was on its way: whoever asked did not know yet.
const isOutrun = ({ asker }: Pick<Flight, 'asker'>, { refused }: Slot, token: AccessToken): boolean =>
  refused !== asker.refused && isSame(refused, token);

// A token that is read from the store again is another object.
const isSame = (one: AccessToken | null, other: AccessToken): boolean => one?.reveal() === other.reveal();

// Whoever asks during the pause is told how long it still takes, where asking again makes sense at all.
const remembered = ({ error, until }: NonNullable<Slot['failure']>, now: number): GatewayError =>
  errorTable[error.code].isRetryable
    ? new GatewayError(error.code, { cause: error.cause, retryAfterMs: until - now })
    : error;

// What may pass by itself is tried again soon, a refusal that only people can mend later; upstream's own wish counts up to a minute.
const pauseMs = ({ code, retryAfterMs }: GatewayError): number => {
  const ownMs = code === 'UPSTREAM_UNAVAILABLE' || code === 'UPSTREAM_TIMEOUT' ? 1_000 : 5_000;
  return Math.max(ownMs, Math.min(retryAfterMs ?? 0, 60_000));
};

const distrust = (slot: Slot, spent: AccessToken): void => {
  if (slot.distrustedUntil > Date.now()) throw refusedAgain();
  Object.assign(slot, { token: null, refused: spent });
};

const refusedAgain = (): GatewayError =>
  new GatewayError('UPSTREAM_AUTH_FAILED', { cause: new Error('a new access token was refused as well') });

interface Heard {
  readonly holder: Holder;
  readonly scope: string;
  readonly refusal: Refusal | null;
}

const hear = (slot: Slot, { holder, scope, refusal }: Heard): void => {
  if (holder.kind === 'location') {
    if (refusal === 'other-location' && slot.unreached.size < mostSlots) slot.unreached.add(holder.locationId);
    if (refusal === null) slot.unreached.delete(holder.locationId);
  }
  if (refusal === null) Object.assign(slot, { isDead: false, distrustedUntil: 0 });
  if (refusal === null) slot.seen.set(scope, true);
  if (refusal === 'scope-missing') slot.seen.set(scope, false);
  if (refusal === 'private-token' || refusal === 'token-expired') slot.isDead = true;
  if (refusal === 'token-expired') slot.distrustedUntil = Date.now() + distrustMs;
};

const askAgain = (named: readonly (Slot | undefined)[]): void => {
  for (const slot of named) {
    if (!slot) continue;
    Object.assign(slot, { isStale: true, failure: null, isDead: false });
    slot.seen.clear(); // said of the token before
    slot.unreached.clear();
  }
};

const forgetEmpty = (slots: Map<string, Slot>): void => {
  const now = Date.now();
  for (const [key, { token, flight, failure }] of slots)
    if (token === null && flight === null && (failure === null || failure.until <= now)) slots.delete(key);
};
