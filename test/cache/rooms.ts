import { jest } from '@jest/globals';
import { createCache, type Cache } from '../../src/cache/cache.ts';
import type { CacheKey } from '../../src/cache/keys.ts';
import type { FreshnessWish, Lifetime } from '../../src/model/freshness.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Shared } from '../../src/stores/shared.ts';
import { orAborted } from '../../src/upstream/abort.ts';
import { ownCause, type Cause } from '../../src/upstream/cause.ts';

/** A key of the company, for answers that are fresh for that long; unless told otherwise they are never given stale. */
export const cacheKey = (text: string, freshSeconds: number, longer: Partial<Lifetime> = {}): CacheKey => ({
  kind: 'test',
  text,
  holder: { kind: 'company' },
  lifetime: { freshSeconds, revalidateSeconds: freshSeconds, hardSeconds: freshSeconds, ...longer },
});

/** A person's question, of an operation of its own. */
export const asker = (wish: Partial<FreshnessWish> = {}, signal?: AbortSignal): Cause => {
  const cause = ownCause('interactive', 8_000);
  return { ...cause, signal: signal ?? cause.signal, wish: { ...cause.wish, ...wish } };
};

/** A cache, alone or with what it shares, and its counts. */
export const createRoom = (
  shared: Shared | null = null,
  { isKeeping = true, leaseMs = 4_000, secret = 'known to all replicas' } = {},
): { readonly cache: Cache; readonly counts: () => Readonly<Record<string, number>> } => {
  const tally = createTally();
  const memoryBytes = isKeeping ? 1_000_000 : null;
  return { cache: createCache({ memoryBytes, shared, secret, tally, leaseMs }), counts: () => tally.snapshot() };
};

/** A load that takes 100 ms by the fake clock and gives "answer 1", "answer 2" and so on. */
export const upstream = () => {
  const causes: Cause[] = [];
  let failures: { readonly error: Error; times: number } | null = null;
  const failure = (): Error | null => {
    if (failures === null || failures.times === 0) return null;
    failures.times -= 1;
    return failures.error;
  };
  const load = async (cause: Cause): Promise<string> => {
    causes.push(cause);
    const answer = `answer ${causes.length}`;
    const error = failure();
    await orAborted(new Promise((resolve) => setTimeout(resolve, 100)), cause.signal);
    if (error !== null) throw error;
    return answer;
  };
  return {
    load,
    causes,
    loads: () => causes.length,
    /** Makes the next ones fail. */
    fail: (error: Error, times = 1) => void (failures = { error, times }),
  };
};

/** Lets the fake clock run. */
export const waitFor = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

/** The outcome of what takes less than 200 ms by the fake clock. */
export const settle = async <T>(answer: Promise<T>): Promise<T> => {
  answer.catch(() => undefined);
  await waitFor(200);
  return answer;
};
