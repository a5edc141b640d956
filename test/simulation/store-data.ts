/** What the shared store holds. Texts by key, and whatever its scripts keep. */
export interface StoreData {
  /** Undefined where it is not, or no longer. */
  readonly get: (key: string) => unknown;
  /** `ttlMs` null: for good. */
  readonly set: (key: string, value: unknown, ttlMs: number | null) => void;
  readonly delete: (key: string) => void;
  /** As after a restart without a file. */
  readonly empty: () => void;
}

/** Between two searches for what is over: it is looked for by its key before that. */
const writesPerSweep = 5_000;

/** `now`: the store's own clock. */
export const createStoreData = (now: () => number): StoreData => {
  const entries = new Map<string, { readonly value: unknown; readonly until: number }>();
  let writes = 0;
  const sweep = (): void => {
    for (const [key, { until }] of entries) if (until <= now()) entries.delete(key);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      return entry !== undefined && entry.until > now() ? entry.value : undefined;
    },
    set: (key, value, ttlMs) => {
      entries.set(key, { value, until: ttlMs === null ? Infinity : now() + Math.max(1, Math.ceil(ttlMs)) });
      writes += 1;
      if (writes % writesPerSweep === 0) sweep();
    },
    delete: (key) => void entries.delete(key),
    empty: () => entries.clear(),
  };
};
