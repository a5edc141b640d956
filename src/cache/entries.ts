import type { Lifetime } from '../model/freshness.ts';
import { absentSeconds, type CacheKey } from './keys.ts';

/** An answer as it is kept. */
export type Entry = {
  /** Whose answer it is: an entry copied under another key is none. */
  readonly key: string;
  /** When upstream gave it, epoch milliseconds. */
  readonly at: number;
} & Found;

/** What upstream said: a value, or that there is no such thing, in our words. */
export type Found = { readonly value: unknown } | { readonly absent: string };

/** How far the clock of another replica may be ahead of ours, in milliseconds. */
const clockSkewMs = 60_000;

/** An entry is believed when it has our shape, was put under this key and is not from the future. A shared store gives back only what
 * bears our mark. */
export const toEntry = (raw: unknown, { text }: CacheKey): Entry | undefined => {
  if (typeof raw !== 'object' || raw === null || !('key' in raw) || raw.key !== text) return undefined;
  if (!('at' in raw) || typeof raw.at !== 'number' || !(raw.at - Date.now() < clockSkewMs)) return undefined;
  if ('value' in raw) return { key: text, at: raw.at, value: raw.value };
  return 'absent' in raw && typeof raw.absent === 'string' ? { key: text, at: raw.at, absent: raw.absent } : undefined;
};

/** In milliseconds; 0 for what comes from a replica whose clock is ahead of ours. */
export const ageOf = ({ at }: Entry): number => Math.max(0, Date.now() - at);

/** How long what was found counts. That there is no such thing is believed for a short while and never given stale. */
export const lifetimeOf = (found: Found, { lifetime }: CacheKey): Lifetime => {
  if ('value' in found) return lifetime;
  const seconds = Math.min(absentSeconds, lifetime.freshSeconds);
  return { freshSeconds: seconds, revalidateSeconds: seconds, hardSeconds: seconds };
};

/** The newer of two, where there are two. */
export const newer = (one: Entry | undefined, other: Entry | undefined): Entry | undefined =>
  one !== undefined && other !== undefined && other.at > one.at ? other : (one ?? other);
