import type { GatewayError } from '../model/errors.ts';
import { rankOf, type Urgency } from '../model/urgency.ts';
import type { Permit } from './ledger.ts';

/** One who waits for a permit. */
export interface Waiter {
  readonly urgency: Urgency;
  readonly since: number;
  readonly grant: (permit: Permit) => void;
  readonly refuse: (why: GatewayError) => void;
}

/** Background work that has waited for so long goes with the live feeds, which could else keep it waiting for ever; never before people. */
const ageingMs = 5_000;

/** People first, then live feeds, then background work, each in the order in which they came. */
export const inOrder = (waiters: readonly Waiter[]): Waiter[] => {
  const now = Date.now();
  return waiters.toSorted((a, b) => rankAt(a, now) - rankAt(b, now));
};

const rankAt = ({ urgency, since }: Waiter, now: number): number =>
  urgency.priority === 'background' && now - since >= ageingMs ? rankOf('live') : rankOf(urgency.priority);

/** Who hears of a waiter. */
interface Place {
  readonly enter: (waiter: Waiter) => void;
  readonly leave: (waiter: Waiter) => void;
  readonly onRaise: () => void;
}

/** Waits in a place until granted, refused or gone (the signal's reason). */
export const waitIn = (place: Place, urgency: Urgency, signal: AbortSignal): Promise<Permit> => {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Permit>();
  const gone = () => {
    place.leave(waiter);
    end();
    reject(signal.reason as Error);
  };
  const ignoreRaises = urgency.onRaise(place.onRaise);
  const end = () => {
    ignoreRaises();
    signal.removeEventListener('abort', gone);
  };
  const waiter: Waiter = {
    urgency,
    since: Date.now(),
    grant: (permit) => {
      end();
      resolve(permit);
    },
    refuse: (why) => {
      end();
      reject(why);
    },
  };
  signal.addEventListener('abort', gone, { once: true });
  place.enter(waiter);
  return promise;
};
