import { orAborted } from '../upstream/abort.ts';

interface Flight {
  readonly promise: Promise<unknown>;
  readonly leaver: AbortController;
  waiting: number;
}

/** Loads under way, shared by key. One caller's leaving harms nobody else; when the last one has left the load is called off. */
export interface Flights {
  join<T>(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** Nothing is kept: a flight is gone as soon as it has landed. */
export const createFlights = (): Flights => {
  const flights = new Map<string, Flight>();
  const launch = (key: string, start: (signal: AbortSignal) => Promise<unknown>): Flight => {
    const leaver = new AbortController();
    const promise = start(leaver.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    promise.catch(() => undefined); // everyone may have left before it fails
    const flight: Flight = { promise, leaver, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };
  return {
    join: async <T>(key: string, start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => {
      const flight = flights.get(key) ?? launch(key, start);
      flight.waiting += 1;
      try {
        return await (orAborted(flight.promise, signal) as Promise<T>);
      } finally {
        flight.waiting -= 1;
        if (flight.waiting === 0 && flights.get(key) === flight) {
          flights.delete(key);
          flight.leaver.abort(signal.reason);
        }
      }
    },
  };
};
