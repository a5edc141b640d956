import { GatewayError } from '../model/errors.ts';
import { anyFreshness } from '../model/freshness.ts';
import type { Count, Tally } from '../observe/tally.ts';
import type { Cause } from '../upstream/cause.ts';
import { fresh, giveKept, giveLanded, revalidated, standIn, type Answer } from './answer.ts';
import { ageOf, lifetimeOf, type Entry } from './entries.ts';
import type { Seat } from './flights.ts';
import { judge, type Verdict } from './judge.ts';
import type { CacheKey } from './keys.ts';
import { Yielded, type Loads } from './loads.ts';
import type { Revalidation } from './revalidation.ts';
import type { Known, Tiers } from './tiers.ts';
import type { Asked, Landed, Load } from './trips.ts';

/** What questions are answered from; nothing is kept without `tiers`. */
export interface Room {
  readonly tiers: Tiers | null;
  readonly loads: Loads;
  readonly revalidation: Revalidation;
  readonly tally: Tally;
}

/** What is asked, how it can be loaded, and for whom. */
export interface Question {
  readonly keys: readonly CacheKey[];
  readonly load: Load;
  readonly cause: Cause;
}

/** An answer or a failure for each key, in their order. Rejects where the caller has gone. */
export const ask = async (room: Room, question: Question): Promise<readonly PromiseSettledResult<Answer>[]> => {
  const judged = await judgeAll(room, question);
  return Promise.allSettled(judged.map((one) => answer(room, one, question)));
};

const judgeAll = async (room: Room, { keys, load, cause }: Question): Promise<readonly Judged[]> => {
  const release = room.loads.hold(keys, cause);
  try {
    const { entries, isAway } = await lookUp(room, keys, cause);
    cause.signal.throwIfAborted();
    const judged = keys.map((key, index) => {
      const entry = entries[index];
      return { key, entry, verdict: verdictOf(key, entry, cause) };
    });
    for (const one of judged) room.tally.add(countOf(one, cause));
    const [stale, missing] = [judged.filter(isVerdict('stale')), judged.filter(isVerdict('load'))];
    room.revalidation.behind(stale, { load, isAlone: isAway });
    const seats = room.loads.join(missing, { load, cause, isYielding: false, isAlone: isAway });
    const seatOf = new Map(missing.map((one, index) => [one, seats[index]]));
    return judged.map((one) => ({ ...one, seat: seatOf.get(one) }));
  } finally {
    release();
  }
};

const tallied = { fresh: 'cache hit', stale: 'cache stale', load: 'cache miss', refuse: 'cache miss' } as const;

const countOf = ({ key, entry, verdict }: Asked & { readonly verdict: Verdict }, { wish }: Cause): Count => {
  const isUnwanted = verdict === 'load' && entry !== undefined && wish.maxAgeSeconds !== null;
  const name =
    isUnwanted && verdictOf(key, entry, { wish: anyFreshness }) !== 'load' ? 'cache bypass' : tallied[verdict];
  return `${name} ${key.kind}`;
};

const isVerdict =
  (wanted: Verdict) =>
  ({ verdict }: { readonly verdict: Verdict }) =>
    verdict === wanted;

const lookUp = ({ tiers }: Room, keys: readonly CacheKey[], cause: Cause): Promise<Known> =>
  tiers === null
    ? Promise.resolve({ entries: keys.map(() => undefined), isAway: true })
    : tiers.lookUp(keys, ({ key, entry }) => verdictOf(key, entry, cause) === 'fresh');

const verdictOf = (key: CacheKey, entry: Entry | undefined, { wish }: Pick<Cause, 'wish'>): Verdict =>
  entry === undefined ? judge(null, key.lifetime, wish) : judge(ageOf(entry), lifetimeOf(entry, key), wish);

interface Judged extends Asked {
  readonly verdict: Verdict;
  /** In the load, where there is one. */
  readonly seat: Seat<Landed> | undefined;
}

const answer = async (
  room: Room,
  { key, entry, verdict, seat }: Judged,
  { load, cause }: Pick<Question, 'load' | 'cause'>,
): Promise<Answer> => {
  if (seat === undefined) {
    if (entry === undefined || verdict === 'refuse') throw new GatewayError('NOT_CACHED');
    return giveKept(key, entry, verdict === 'fresh' ? fresh : revalidated, cause);
  }
  try {
    return giveLanded(key, await seat.landing, seat, cause);
  } catch (error) {
    cause.signal.throwIfAborted(); // a caller that has gone is given nothing
    if (error instanceof Yielded) return await askAgain(room, { keys: [key], load, cause });
    const kept = standIn(key, { entry, error }, { cause, tally: room.tally });
    if (kept === null) throw error;
    return kept;
  }
};

// It had joined a load that was then left to another replica.
const askAgain = async (room: Room, question: Question): Promise<Answer> => {
  const [result] = await ask(room, question);
  if (result?.status !== 'fulfilled') throw result?.reason;
  return result.value;
};
