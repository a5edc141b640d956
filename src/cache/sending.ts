import type { CacheKey } from './keys.ts';
import type { Kept } from './tiers.ts';
import { causeOfAll } from './together.ts';
import { isWanted, settling, type LoadDeps, type Trip, type Way } from './trips.ts';

/** Loads them in one go and ends each trip with its own answer or failure. Answers are kept, failures are not. */
export const send = (deps: LoadDeps, trips: readonly Trip[], { load, cause }: Way): Promise<void> =>
  settling(trips, async () => {
    const keys = trips.map(({ key }) => key);
    const kept: Kept[] = [];
    try {
      const wanted = trips.filter(isWanted);
      if (wanted.length === 0) return;
      const found = await load(
        wanted.map(({ key }) => key),
        causeOfAll(wanted, cause),
      );
      const at = Date.now();
      const answered = wanted.flatMap((trip) => {
        const one = found.get(trip.key.text) ?? new Error('a load left out one of its keys');
        if (!(one instanceof Error)) return [{ trip, key: trip.key, entry: { key: trip.key.text, at, ...one } }];
        trip.reject(one);
        return [];
      });
      kept.push(...answered);
      await deps.tiers?.remember(kept); // before anybody can ask for it again
      for (const { trip, entry } of answered) trip.resolve({ entry, from: 'upstream' });
    } finally {
      void tellOthers(deps, keys, kept);
    }
  });

// Nobody waits for this: a store that does not take it costs a second call later, no answer now.
const tellOthers = async ({ tiers, replicas }: LoadDeps, keys: readonly CacheKey[], kept: readonly Kept[]) => {
  if (tiers === null || replicas === null) return;
  const isTaken = kept.length > 0 && (await tiers.share(kept));
  await replicas.leases.release(keys.map(({ text }) => text)); // first, as those who hear of it may want the lease
  const keptTexts = new Set(isTaken ? kept.map(({ entry }) => entry.key) : []);
  const others = keys.map(({ text }) => text).filter((text) => !keptTexts.has(text));
  if (keptTexts.size > 0) replicas.news.tell('kept', [...keptTexts]);
  if (others.length > 0) replicas.news.tell('given up', others);
};
