/** Named counts of what happened in this process; the metrics endpoint and tests read them. */
export interface Tally {
  /** Adds one to the count of that name. Names are ours and few: never a tag, a person or an id. */
  add(name: string): void;
  /** All counts so far, by name. */
  snapshot(): Readonly<Record<string, number>>;
}

/** Counts start at zero with the process. */
export const createTally = (): Tally => {
  const counts = new Map<string, number>();
  return {
    add: (name) => void counts.set(name, (counts.get(name) ?? 0) + 1),
    snapshot: () => Object.fromEntries(counts),
  };
};
