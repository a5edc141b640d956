import type { Cause } from '../upstream/cause.ts';
import { createFlights, type Seat } from './flights.ts';
import type { CacheKey } from './keys.ts';
import { send } from './sending.ts';
import { lands, settling, textsOf, type Asked, type Landed, type LoadDeps, type Trip, type Way } from './trips.ts';
import { waitForReplica } from './waiting.ts';

/** Loads under way: one at a time for each key, in the process and, but for lost leases, in all replicas. */
export interface Loads {
  /** A seat for each that is asked, in their order. Those that are not under way yet travel together. */
  readonly join: (asked: readonly Asked[], way: Way) => readonly Seat<Landed>[];
  readonly isUnderWay: (key: CacheKey) => boolean;
  /** Keeps what is under way from being called off while somebody looks whether to join; gives back what ends that. */
  readonly hold: (keys: readonly CacheKey[], cause: Cause) => () => void;
}

/** Another replica loads it, and nobody had waited for it here. Who has joined meanwhile asks again. */
export class Yielded extends Error {
  override readonly name = 'Yielded';
}

/** Starts with nothing under way. */
export const createLoads = (deps: LoadDeps): Loads => {
  const flights = createFlights();
  return {
    isUnderWay: ({ text }) => flights.isUnderWay(text),
    hold: (keys, cause) => {
      const held = keys.map(({ text }) => flights.hold(text, cause));
      return () => {
        for (const release of held) release();
      };
    },
    join: (asked, way) => {
      const trips: Trip[] = [];
      const seats = asked.map(({ key, entry }) => {
        const start = (cause: Cause) =>
          new Promise<Landed>((resolve, reject) => void trips.push({ key, entry, cause, resolve, reject }));
        return flights.join(key.text, start, way.cause);
      });
      void settling(trips, () => travel(deps, trips, way));
      return seats;
    },
  };
};

const travel = async (deps: LoadDeps, trips: readonly Trip[], way: Way): Promise<void> => {
  const { tiers, replicas } = deps;
  if (tiers === null) return send(deps, trips, way);
  // A load that landed after the asker had looked has put its answer into memory.
  const remembered = await tiers.remembered(trips.map(({ key }) => key));
  const rest = trips.filter((trip, index) => !lands(trip, remembered[index], 'memory'));
  // What is not fresh for a moment cannot be had from another replica either.
  const isLasting = rest.some(({ key }) => key.lifetime.freshSeconds > 0);
  if (replicas === null || way.isAlone || !isLasting) return send(deps, rest, way);
  const isOurs = await replicas.leases.take(textsOf(rest));
  const [ours, theirs] = [true, false].map((wanted) => rest.filter((_, index) => isOurs[index] === wanted));
  const others = theirs ?? [];
  void send(deps, ours ?? [], way);
  if (!way.isYielding) return settling(others, () => waitForReplica({ tiers, replicas }, others, way));
  for (const trip of others) trip.reject(new Yielded('another replica loads it'));
};
