import { GatewayError } from '../model/errors.ts';
import { sharedUrgency, type SharedUrgency } from '../model/urgency.ts';
import type { CostMeter } from '../observe/cost.ts';
import { orAborted } from '../upstream/abort.ts';
import type { Cause } from '../upstream/cause.ts';
import { endOf } from '../upstream/deadline.ts';

interface Flight {
  readonly promise: Promise<unknown>;
  readonly leaver: AbortController;
  readonly urgency: SharedUrgency;
  /** Of the operations that wait for it. */
  readonly meters: Set<CostMeter>;
  waiting: number;
}

/** A place in a load under way. */
export interface Seat<T> {
  /** Whether another operation had it under way: false for the one that started it, and for one that waits for it already. */
  readonly isShared: boolean;
  readonly landing: Promise<T>;
}

/** Loads under way, shared by key. One caller's leaving harms nobody else; when the last one has left the load is called off. A load
 * hurries as much as the most urgent of those who have joined it. */
export interface Flights {
  /** `start` gets the cause of all who wait, at once; what it costs is the first one's. */
  join<T>(key: string, start: (cause: Cause) => Promise<T>, cause: Cause): Seat<T>;
  isUnderWay(key: string): boolean;
  /** Keeps what is under way from being called off while somebody makes up their mind to join; gives back what ends that. */
  hold(key: string, cause: Cause): () => void;
}

const tooLate = () =>
  new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error('no answer in the time of this caller') });

/** Nothing is kept: a flight is gone as soon as it has landed. */
export const createFlights = (): Flights => {
  const flights = new Map<string, Flight>();
  const launch = (key: string, start: (cause: Cause) => Promise<unknown>, cause: Cause): Flight => {
    const leaver = new AbortController();
    const urgency = sharedUrgency(cause.urgency);
    const promise = start({ ...cause, signal: leaver.signal, urgency }).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    promise.catch(() => undefined); // everyone may have left before it fails
    const flight: Flight = { promise, leaver, urgency, meters: new Set([cause.meter]), waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  const leave = (key: string, flight: Flight, reason: unknown): void => {
    flight.waiting -= 1;
    if (flight.waiting > 0 || flights.get(key) !== flight) return;
    flights.delete(key);
    flight.leaver.abort(reason);
  };
  // Those who join later may prolong the load, but nobody waits beyond their own time for it.
  const board = async <T>(key: string, flight: Flight, { signal, urgency }: Cause): Promise<T> => {
    const patience = endOf(urgency, tooLate);
    const ownEnd = AbortSignal.any([signal, patience.signal]);
    flight.waiting += 1;
    try {
      return await (orAborted(flight.promise, ownEnd) as Promise<T>);
    } finally {
      patience.stop();
      leave(key, flight, ownEnd.reason);
    }
  };
  return {
    join: <T>(key: string, start: (cause: Cause) => Promise<T>, cause: Cause) => {
      const known = flights.get(key);
      const isShared = known !== undefined && !known.meters.has(cause.meter);
      known?.urgency.join(cause.urgency);
      known?.meters.add(cause.meter);
      const flight = known ?? launch(key, start, cause);
      return { isShared, landing: board<T>(key, flight, cause) };
    },
    isUnderWay: (key) => flights.has(key),
    hold: (key, { signal }) => {
      const flight = flights.get(key);
      if (flight === undefined) return () => undefined;
      flight.waiting += 1;
      return () => leave(key, flight, signal.reason);
    },
  };
};
