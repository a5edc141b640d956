/** How old an answer is and why; the words of RFC 5861. */
export interface Freshness {
  /** When upstream gave it, epoch milliseconds; of a combination, its oldest part. */
  readonly fetchedAt: number;
  readonly state: 'FRESH' | 'STALE_WHILE_REVALIDATE' | 'STALE_IF_ERROR';
  readonly staleReason: 'UPSTREAM_ERROR' | 'QUOTA' | 'CIRCUIT_OPEN' | null;
}

/** A value and how fresh it is. */
export interface Fetched<T> {
  readonly value: T;
  readonly freshness: Freshness;
}

/** For how many seconds after it was read an answer of one kind counts. Each is at least the one before. */
export interface Lifetime {
  /** Given without asking upstream. */
  readonly freshSeconds: number;
  /** Given at once while it is read again behind. */
  readonly revalidateSeconds: number;
  /** Given where upstream cannot answer; never beyond. */
  readonly hardSeconds: number;
}

/** How old a caller wants an answer to be at most, in HTTP's words (RFC 9111 §5.2.1). Wishes, not conditions: where upstream cannot
 * answer, an older one is given all the same, and says so. */
export interface FreshnessWish {
  /** Seconds; `no-cache` is a few. Null for no wish. */
  readonly maxAgeSeconds: number | null;
  /** Seconds beyond the fresh lifetime for which a stale answer is as good as a fresh one; Infinity for any age. Null leaves it to the
   * kind of data. */
  readonly maxStaleSeconds: number | null;
  /** Whether upstream may not be asked while the caller waits. */
  readonly isOnlyIfCached: boolean;
}

/** No wish at all. */
export const anyFreshness: FreshnessWish = { maxAgeSeconds: null, maxStaleSeconds: null, isOnlyIfCached: false };

/** What was read from upstream at that moment. */
export const freshAt = (fetchedAt: number): Freshness => ({ fetchedAt, state: 'FRESH', staleReason: null });

const rank = { FRESH: 0, STALE_WHILE_REVALIDATE: 1, STALE_IF_ERROR: 2 } as const;

/** Of a combination: the oldest moment and the worst state. Needs at least one part. */
export const oldest = (first: Freshness, ...others: readonly Freshness[]): Freshness =>
  others.reduce((sum, part) => {
    const worse = rank[part.state] > rank[sum.state] ? part : sum;
    return { fetchedAt: Math.min(sum.fetchedAt, part.fetchedAt), state: worse.state, staleReason: worse.staleReason };
  }, first);
