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

/** What was read from upstream at that moment. */
export const freshAt = (fetchedAt: number): Freshness => ({ fetchedAt, state: 'FRESH', staleReason: null });

const rank = { FRESH: 0, STALE_WHILE_REVALIDATE: 1, STALE_IF_ERROR: 2 } as const;

/** Of a combination: the oldest moment and the worst state. Needs at least one part. */
export const oldest = (first: Freshness, ...others: readonly Freshness[]): Freshness =>
  others.reduce((sum, part) => {
    const worse = rank[part.state] > rank[sum.state] ? part : sum;
    return { fetchedAt: Math.min(sum.fetchedAt, part.fetchedAt), state: worse.state, staleReason: worse.staleReason };
  }, first);
