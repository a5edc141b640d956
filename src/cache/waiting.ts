import type { Leases } from './leases.ts';
import type { News } from './news.ts';
import { send } from './sending.ts';
import type { Tiers } from './tiers.ts';
import { whenAllEnd } from './together.ts';
import { isWanted, lands, textsOf, type Trip, type Way } from './trips.ts';

/** How often it is looked for what another replica has put down, in milliseconds, as its news may get lost. */
const pollMs = 250;

/** What it takes to wait for another replica. */
export interface WaitDeps {
  readonly tiers: Tiers;
  readonly replicas: { readonly leases: Leases; readonly news: News };
}

/** Waits for what another replica is loading, at most as long as its lease lasts and half of the time that is left for the answer; what it
 * gives up or does not bring is loaded here. */
export const waitForReplica = async (deps: WaitDeps, theirs: readonly Trip[], way: Way): Promise<void> => {
  const until = Date.now() + patienceMs(deps.replicas.leases, theirs);
  let waiting = theirs;
  while (waiting.length > 0) {
    const gone = whenAllEnd(waiting.map(({ cause }) => cause.signal));
    await deps.replicas.news.next(textsOf(waiting), Math.min(pollMs, until - Date.now()), gone);
    waiting = await lookAgain(deps, { trips: waiting.filter(isWanted), isOver: Date.now() >= until }, way);
  }
};

const patienceMs = ({ ms }: Leases, trips: readonly Trip[]): number =>
  Math.min(ms, ...trips.map(({ cause }) => (cause.urgency.endsAt - Date.now()) / 2));

// Gives those that still have to wait.
const lookAgain = async (
  deps: WaitDeps,
  { trips, isOver }: { readonly trips: readonly Trip[]; readonly isOver: boolean },
  way: Way,
): Promise<readonly Trip[]> => {
  if (trips.length === 0) return [];
  const { entries, isAway } = await deps.tiers.shared(trips.map(({ key }) => key));
  const rest = trips.filter((trip, index) => !lands(trip, entries[index], 'replica'));
  if (rest.length === 0) return [];
  const isFree = isOver || isAway ? rest.map(() => true) : await deps.replicas.leases.take(textsOf(rest));
  const free = rest.filter((_, index) => isFree[index] === true);
  void send(deps, free, way);
  return rest.filter((_, index) => isFree[index] !== true);
};
