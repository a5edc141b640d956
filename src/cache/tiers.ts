import type { Tally } from '../observe/tally.ts';
import type { Shared } from '../stores/shared.ts';
import { ageOf, lifetimeOf, newer, toEntry, type Entry } from './entries.ts';
import type { CacheKey } from './keys.ts';
import { away, createMemoryStore, createSharedStore, type Store } from './store.ts';

/** An entry and the key it is kept under. */
export interface Kept {
  readonly key: CacheKey;
  readonly entry: Entry;
}

/** What is known of some keys, in their order. */
export interface Known {
  readonly entries: readonly (Entry | undefined)[];
  /** Whether the shared store could not be read: then nothing more is to be expected of it for now. */
  readonly isAway: boolean;
}

/** Bounded memory in the process, and behind it what replicas share, where there is such a store. */
export interface Tiers {
  /** From memory; what does not suffice there is looked for in the shared store, too, and the newer of the two is given. */
  readonly lookUp: (keys: readonly CacheKey[], suffices: (kept: Kept) => boolean) => Promise<Known>;
  /** From memory only. */
  readonly remembered: (keys: readonly CacheKey[]) => Promise<readonly (Entry | undefined)[]>;
  /** From the shared store; what is found there is remembered, with its own age. */
  readonly shared: (keys: readonly CacheKey[]) => Promise<Known>;
  readonly remember: (all: readonly Kept[]) => Promise<void>;
  /** Writes to the shared store, in one go; false where it did not take it. */
  readonly share: (all: readonly Kept[]) => Promise<boolean>;
  readonly forget: (keys: readonly string[]) => void;
}

/** What tiers are made of; `shared` null for a process that is alone. */
export interface TierDeps {
  readonly memoryBytes: number;
  readonly shared: Shared | null;
  readonly secret: string;
  readonly tally: Tally;
}

/** Starts with empty memory. */
export const createTiers = ({ memoryBytes, shared, secret, tally }: TierDeps): Tiers => {
  const memory = createMemoryStore(memoryBytes);
  const behind = shared && createSharedStore(shared, { secret, onProblem: () => tally.add('cache broken') });
  let forgotten = 0;
  const remembered = async (keys: readonly CacheKey[]) => (await read(memory, keys)).entries;
  const remember = async (all: readonly Kept[]): Promise<void> => {
    await write(memory, all);
  };
  const readShared = async (keys: readonly CacheKey[]): Promise<Known> => {
    if (behind === null) return { entries: keys.map(() => undefined), isAway: false };
    const before = forgotten;
    const known = await read(behind, keys);
    // What another replica has replaced while it was on its way here is not worth remembering, nor is what is older than ours.
    if (known.entries.some(Boolean) && forgotten === before)
      await remember(newOnes(await remembered(keys), keys, known.entries));
    return known;
  };
  return {
    remembered,
    remember,
    shared: readShared,
    lookUp: async (keys, suffices) => {
      const near = await remembered(keys);
      const wanting = keys.filter((key, index) => {
        const entry = near[index];
        return entry === undefined || !suffices({ key, entry });
      });
      if (wanting.length === 0 || behind === null) return { entries: near, isAway: false };
      const far = await readShared(wanting);
      const farther = new Map(wanting.map(({ text }, index) => [text, far.entries[index]]));
      return { entries: keys.map(({ text }, index) => newer(near[index], farther.get(text))), isAway: far.isAway };
    },
    share: async (all) => behind !== null && (await write(behind, all)),
    forget: (keys) => {
      forgotten += 1;
      void memory.deleteMany([...keys]);
    },
  };
};

const read = async (store: Store, keys: readonly CacheKey[]): Promise<Known> => {
  const answers = await store.getMany<unknown>(keys.map(({ text }) => text));
  return { entries: keys.map((key, index) => toEntry(answers[index], key)), isAway: answers.includes(away) };
};

// The new ones among those found.
const newOnes = (
  near: readonly (Entry | undefined)[],
  keys: readonly CacheKey[],
  found: readonly (Entry | undefined)[],
): Kept[] =>
  keys.flatMap((key, index) => {
    const [entry, ours] = [found[index], near[index]];
    return entry === undefined || (ours !== undefined && ours.at >= entry.at) ? [] : [{ key, entry }];
  });

// Neither tier has it for longer than its hard limit.
const write = async (store: Store, all: readonly Kept[]): Promise<boolean> => {
  const lasting = all
    .map(({ key, entry }) => ({
      key: key.text,
      value: entry,
      ttl: lifetimeOf(entry, key).hardSeconds * 1_000 - ageOf(entry),
    }))
    .filter(({ ttl }) => ttl > 0);
  if (lasting.length === 0) return true;
  return (await store.setMany(lasting)).every(Boolean);
};
