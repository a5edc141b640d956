import { anyFreshness } from '../model/freshness.ts';
import type { Cause } from '../upstream/cause.ts';
import { ageOf, lifetimeOf, type Entry, type Found } from './entries.ts';
import { judge } from './judge.ts';
import type { CacheKey } from './keys.ts';
import type { Leases } from './leases.ts';
import type { News } from './news.ts';
import type { Tiers } from './tiers.ts';

/** Reads from upstream, several keys in one go: by the text of each key what was found, or its own failure. */
export type Load = (keys: readonly CacheKey[], cause: Cause) => Promise<ReadonlyMap<string, Found | Error>>;

/** A key, and what its asker has of it already: too old, or nothing. */
export interface Asked {
  readonly key: CacheKey;
  readonly entry: Entry | undefined;
}

/** How to load. */
export interface Way {
  readonly load: Load;
  readonly cause: Cause;
  /** Whether nobody waits: what another replica is loading is left to it, with `Yielded`. */
  readonly isYielding: boolean;
  /** Whether nothing is to be expected of other replicas now. */
  readonly isAlone: boolean;
}

/** An answer that a load has brought, and who did the work: upstream was asked, another replica had asked it, or it had been remembered
 * just before. */
export interface Landed {
  readonly entry: Entry;
  readonly from: 'upstream' | 'replica' | 'memory';
}

/** What loads are made of. Nothing is kept without `tiers`; without `replicas` this process is alone. */
export interface LoadDeps {
  readonly tiers: Tiers | null;
  readonly replicas: { readonly leases: Leases; readonly news: News } | null;
}

/** The load of one key, until its answer or failure is known. */
export interface Trip extends Asked {
  /** Of all who wait for this key. */
  readonly cause: Cause;
  readonly resolve: (landed: Landed) => void;
  readonly reject: (error: unknown) => void;
}

/** The texts of their keys. */
export const textsOf = (trips: readonly Trip[]): string[] => trips.map(({ key }) => key.text);

/** Whatever goes wrong with the work, nobody waits for ever. */
export const settling = async (trips: readonly Trip[], work: () => Promise<void>): Promise<void> => {
  try {
    if (trips.length > 0) await work();
  } catch (error) {
    for (const trip of trips) trip.reject(error); // does nothing to those that have landed
  }
};

/** Ends the trip with an entry that somebody else has put down since the asker looked; false where there is none. */
export const lands = (trip: Trip, entry: Entry | undefined, from: Landed['from']): boolean => {
  if (entry === undefined || (trip.entry !== undefined && entry.at <= trip.entry.at)) return false;
  if (judge(ageOf(entry), lifetimeOf(entry, trip.key), anyFreshness) !== 'fresh') return false;
  trip.resolve({ entry, from });
  return true;
};

/** Whether anybody still waits for it; else it ends here. */
export const isWanted = ({ cause: { signal }, reject }: Trip): boolean => {
  if (signal.aborted) reject(signal.reason);
  return !signal.aborted;
};
