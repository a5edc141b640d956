// What counts without keeping: tables and pairs that stop growing, and durations in buckets.

/** Rows by key. */
export interface Table<T> {
  /** `create` is asked for a new key; null once the table is full: the key is counted among the others. */
  readonly row: (key: string, create: () => T) => T | null;
  readonly rows: ReadonlyMap<string, T>;
  /** How often a row was asked for and not given. */
  readonly others: () => number;
}

/** `most`: keys, first come, first kept. */
export const createTable = <T>(most: number): Table<T> => {
  const rows = new Map<string, T>();
  let others = 0;
  return {
    rows,
    others: () => others,
    row: (key, create) => {
      const known = rows.get(key);
      if (known !== undefined) return known;
      if (rows.size >= most) {
        others++;
        return null;
      }
      const created = create();
      rows.set(key, created);
      return created;
    },
  };
};

/** Room that many maps share. */
export interface Room {
  /** Puts what `change` makes of what is kept (null for nothing). Whether the key was new and there was room for it. */
  readonly put: <K>(map: Map<K, number>, key: K, change: (kept: number | null) => number) => boolean;
  /** Whether something found no room. */
  readonly isFull: () => boolean;
}

/** `most`: keys of all maps together. */
export const createRoom = (most: number): Room => {
  let left = most;
  let isFull = false;
  return {
    isFull: () => isFull,
    put: (map, key, change) => {
      const kept = map.get(key) ?? null;
      const isNew = kept === null;
      if (isNew && left === 0) {
        isFull = true;
        return false;
      }
      if (isNew) left--;
      map.set(key, change(kept));
      return isNew;
    },
  };
};

/** Upper ends of the buckets, in milliseconds: a quantile is never told too small, and too large by a step at most. */
const ends = [
  ...[1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700],
  ...[1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000, 15_000, 20_000, 30_000, 60_000, Infinity],
];

/** How long things took. */
export interface Durations {
  readonly add: (durationMs: number) => void;
  /** The upper end of the bucket in which that share (0 to 1) is reached; 0 for nothing. */
  readonly quantile: (share: number) => number;
}

/** Empty. */
export const createDurations = (): Durations => {
  const counts = new Uint32Array(ends.length);
  let total = 0;
  return {
    add: (durationMs) => {
      const index = ends.findIndex((end) => durationMs <= end);
      counts[index] = (counts[index] ?? 0) + 1;
      total++;
    },
    quantile: (share) => {
      if (total === 0) return 0;
      let reached = 0;
      const index = counts.findIndex((count) => (reached += count) >= total * share);
      return ends[index] ?? Infinity;
    },
  };
};
