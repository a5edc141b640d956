/** Counts of the last `windowMs` milliseconds. */
export interface Sliding<Count> {
  /** Where to count what happens now. */
  current(now: number): Count;
  /** All that are not over yet, oldest first; eleven at most. */
  recent(now: number): readonly Count[];
  clear(): void;
}

/** Counts in slots of a tenth of the window, so that it costs the same however much is counted, and no timer. A slot falls out as a whole,
 * with its first entry: nothing is counted for longer than the window. */
export const createSliding = <Count>(windowMs: number, empty: () => Count): Sliding<Count> => {
  let slots: readonly { readonly startsAt: number; readonly count: Count }[] = [];
  const thaw = (now: number): void => {
    // One that lies in the future is older than a clock that was set back.
    slots = slots.filter(({ startsAt }) => startsAt <= now && now - startsAt < windowMs);
  };
  return {
    current: (now) => {
      thaw(now);
      const last = slots.at(-1);
      if (last !== undefined && now - last.startsAt < windowMs / 10) return last.count;
      const count = empty();
      slots = [...slots, { startsAt: now, count }];
      return count;
    },
    recent: (now) => {
      thaw(now);
      return slots.map(({ count }) => count);
    },
    clear: () => void (slots = []),
  };
};
