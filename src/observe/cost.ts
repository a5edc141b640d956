/** Upstream calls of one operation, or of one holder in it. */
export interface Calls {
  /** Requests that went to upstream for this operation, repeats included. */
  readonly made: number;
  /** Answers that came with a call which another operation had under way. */
  readonly shared: number;
  /** Answers that were kept. */
  readonly fromCache: number;
}

/** What one operation has cost so far, and how old the parts of its answer are. */
export interface Cost extends Calls {
  /** By holder, a location or the company. */
  readonly byHolder: ReadonlyMap<string, Calls>;
  /** When upstream gave the oldest part, epoch milliseconds; null while there is none. */
  readonly fetchedAt: number | null;
  /** Until when all parts are fresh, epoch milliseconds; null while there is none. */
  readonly freshUntil: number | null;
}

/** One part of an answer that was kept, or is kept from now on; epoch milliseconds. */
export interface Part {
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

/** Counts for one operation. A holder is the text of `holderKey`. */
export interface CostMeter {
  readonly made: (holder: string) => void;
  readonly shared: (holder: string) => void;
  readonly fromCache: (holder: string) => void;
  readonly part: (part: Part) => void;
  readonly cost: () => Cost;
}

const none: Calls = { made: 0, shared: 0, fromCache: 0 };

/** Starts at nothing. */
export const createCostMeter = (): CostMeter => {
  const byHolder = new Map<string, Calls>();
  let fetchedAt = Infinity;
  let freshUntil = Infinity;
  const count = (kind: keyof Calls) => (holder: string) => {
    const calls = byHolder.get(holder) ?? none;
    byHolder.set(holder, { ...calls, [kind]: calls[kind] + 1 });
  };
  return {
    made: count('made'),
    shared: count('shared'),
    fromCache: count('fromCache'),
    part: (part) => {
      fetchedAt = Math.min(fetchedAt, part.fetchedAt);
      freshUntil = Math.min(freshUntil, part.freshUntil);
    },
    cost: () => ({
      ...[...byHolder.values()].reduce(sum, none),
      byHolder,
      fetchedAt: fetchedAt === Infinity ? null : fetchedAt,
      freshUntil: freshUntil === Infinity ? null : freshUntil,
    }),
  };
};

const sum = (a: Calls, b: Calls): Calls => ({
  made: a.made + b.made,
  shared: a.shared + b.shared,
  fromCache: a.fromCache + b.fromCache,
});
