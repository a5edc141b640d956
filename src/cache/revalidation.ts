import { LRUCache } from 'lru-cache';
import { GatewayError } from '../model/errors.ts';
import { ownCause } from '../upstream/cause.ts';
import { Yielded, type Loads } from './loads.ts';
import type { Asked, Way } from './trips.ts';

/** Reads stale answers again, while they are given. */
export interface Revalidation {
  /** Those that are under way, that another replica reads, or that failed a short while ago are left alone. */
  readonly behind: (stale: readonly Asked[], way: Pick<Way, 'load' | 'isAlone'>) => void;
}

interface Failure {
  readonly until: number;
  readonly waitMs: number;
}

/** Milliseconds that reading again may take: it waits behind all people. */
const revalidationMs = 15_000;
const shortestWaitMs = 1_000;
const longestWaitMs = 30_000;

/** Remembers the latest failures of at most ten thousand keys. */
export const createRevalidation = (loads: Loads): Revalidation => {
  const failures = new LRUCache<string, Failure>({ max: 10_000, ttl: 2 * longestWaitMs });
  return {
    behind: (stale, way) => {
      const due = stale.filter(
        ({ key }) => !loads.isUnderWay(key) && Date.now() >= (failures.get(key.text)?.until ?? 0),
      );
      if (due.length === 0) return;
      const seats = loads.join(due, { ...way, cause: ownCause('background', revalidationMs), isYielding: true });
      seats.forEach(({ landing }, index) => {
        const text = due[index]?.key.text ?? '';
        landing.then(
          () => void failures.delete(text),
          (error: unknown) => {
            if (!(error instanceof Yielded)) failures.set(text, failureAfter(failures.get(text), error));
          },
        );
      });
    },
  };
};

// Longer each time, so that a dead upstream is not asked again with every question; where nothing was sent, as long as we were told.
const failureAfter = (last: Failure | undefined, error: unknown): Failure => {
  const lastMs = last?.waitMs ?? 0;
  if (error instanceof GatewayError && isUnsent(error)) {
    const told = Math.min(longestWaitMs, Math.max(shortestWaitMs, error.retryAfterMs ?? 0));
    return { until: Date.now() + told, waitMs: lastMs };
  }
  const waitMs = Math.min(longestWaitMs, Math.max(shortestWaitMs, 2 * lastMs));
  return { until: Date.now() + waitMs, waitMs };
};

const isUnsent = ({ code }: GatewayError): boolean =>
  code === 'UPSTREAM_CIRCUIT_OPEN' || code === 'UPSTREAM_RATE_LIMITED';
