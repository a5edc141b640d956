import { GatewayError, type ErrorCode } from '../model/errors.ts';
import type { Freshness } from '../model/freshness.ts';
import type { Tally } from '../observe/tally.ts';
import type { Cause } from '../upstream/cause.ts';
import { holderKey } from '../upstream/send.ts';
import { ageOf, lifetimeOf, type Entry } from './entries.ts';
import type { Seat } from './flights.ts';
import { mayStandIn } from './judge.ts';
import type { CacheKey } from './keys.ts';
import type { Landed } from './trips.ts';

/** What a caller is given. */
export interface Answer {
  readonly entry: Entry;
  readonly freshness: Freshness;
}

/** A kept answer, counted as such. */
export const giveKept = (key: CacheKey, entry: Entry, { state, staleReason }: Kind, cause: Cause): Answer => {
  cause.meter.fromCache(holderKey(key.holder));
  return give(key, entry, { state, staleReason }, cause);
};

type Kind = Pick<Freshness, 'state' | 'staleReason'>;

/** As fresh as it can be. */
export const fresh: Kind = { state: 'FRESH', staleReason: null };

/** Read again behind. */
export const revalidated: Kind = { state: 'STALE_WHILE_REVALIDATE', staleReason: null };

/** What a load has brought; counted where it was not this operation that has paid for it. */
export const giveLanded = (
  key: CacheKey,
  { entry, from }: Landed,
  { isShared }: Seat<Landed>,
  cause: Cause,
): Answer => {
  if (from === 'memory') return giveKept(key, entry, fresh, cause);
  if (isShared || from === 'replica') cause.meter.shared(holderKey(key.holder));
  return give(key, entry, fresh, cause);
};

/** What is kept, in the place of an answer that upstream failed to give; null where nothing may stand in for it. */
export const standIn = (
  key: CacheKey,
  { entry, error }: { readonly entry: Entry | undefined; readonly error: unknown },
  { cause, tally }: { readonly cause: Cause; readonly tally: Tally },
): Answer | null => {
  const staleReason = error instanceof GatewayError ? (reasons[error.code] ?? null) : null;
  if (staleReason === null || entry === undefined || !('value' in entry)) return null;
  if (!mayStandIn(ageOf(entry), lifetimeOf(entry, key))) return null; // it may have grown too old meanwhile
  tally.add('cache stale-if-error');
  return giveKept(key, entry, { state: 'STALE_IF_ERROR', staleReason }, cause);
};

// Where upstream or we could not; a refusal is an answer, and is not papered over.
const reasons: Partial<Record<ErrorCode, Freshness['staleReason']>> = {
  UPSTREAM_RATE_LIMITED: 'QUOTA',
  UPSTREAM_CIRCUIT_OPEN: 'CIRCUIT_OPEN',
  UPSTREAM_TIMEOUT: 'UPSTREAM_ERROR',
  UPSTREAM_UNAVAILABLE: 'UPSTREAM_ERROR',
  UPSTREAM_INVALID_RESPONSE: 'UPSTREAM_ERROR',
  GRANT_STORE_UNAVAILABLE: 'UPSTREAM_ERROR',
};

const give = (key: CacheKey, entry: Entry, kind: Kind, { meter }: Cause): Answer => {
  const fetchedAt = Math.min(entry.at, Date.now()); // the clock of another replica may be ahead of ours
  meter.part({ fetchedAt, freshUntil: fetchedAt + lifetimeOf(entry, key).freshSeconds * 1_000 });
  return { entry, freshness: { fetchedAt, ...kind } };
};
