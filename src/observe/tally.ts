import type { counted } from './metric-table.ts';

type Word = keyof typeof counted;

/** A word of the table of metrics, and after it the values of its labels in the table's order, each without a blank. Values are ours and
 * few: never a tag, a person, an id, or a name that a caller chose. */
export type Count = Word | `${Word} ${string}`;

/** Named counts of what happened in this process; the metrics endpoint and tests read them. */
export interface Tally {
  /** Adds one to the count of that name, or `by`, which is negative only where the table says `level`. */
  readonly add: (name: Count, by?: number) => void;
  /** Adds one, and the value to the histogram of that name: seconds, or how many. */
  readonly observe: (name: Count, value: number) => void;
  /** All counts so far, by name. */
  readonly snapshot: () => Readonly<Record<string, number>>;
}

/** Far more than there are. */
const mostNames = 5_000;

/** Counts start at zero with the process. Values are not kept. */
export const createTally = (): Tally => {
  const counts = new Map<string, number>();
  const add = (name: Count, by = 1): void => {
    const known = counts.get(name);
    if (known !== undefined || counts.size < mostNames) counts.set(name, (known ?? 0) + by);
    else addToOthers(counts, name, by);
  };
  return { add, observe: (name) => add(name), snapshot: () => Object.fromEntries(counts) };
};

const addToOthers = (counts: Map<string, number>, name: string, by: number): void => {
  const others = `${name.split(' ', 1).join()} other`;
  counts.set(others, (counts.get(others) ?? 0) + by);
};
