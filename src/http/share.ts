/** Requests under way, counted by caller. */
export interface Shares {
  /** Never waits. Gives what ends the request, which does no harm twice; or why it may not begin: `caller`, that one has as many under way as
   * it may while others could come; `all`, there is no place left. Null for whoever cannot be told apart: they have no share of their own. */
  readonly take: (callerKey: string | null) => (() => void) | 'caller' | 'all';
}

/**
 * `most`: requests under way at a time. A caller may have as many as it leaves free: alone the half, the next one half of the rest, and so on
 * until the first ones end some. So the last place always goes to somebody who has none, and no few callers together shut out the next one,
 * as two could with fixed halves.
 */
export const createShares = ({ most }: { readonly most: number }): Shares => {
  const held = new Map<string | null, number>();
  let free = most;
  const heldBy = (key: string | null): number => held.get(key) ?? 0;
  const change = (key: string | null, by: 1 | -1): void => {
    const count = heldBy(key) + by;
    free -= by;
    if (count > 0) held.set(key, count);
    else held.delete(key); // or callers of long ago would pile up
  };
  return {
    take: (key) => {
      if (free === 0) return 'all';
      if (key !== null && heldBy(key) >= free) return 'caller';
      change(key, 1);
      let isHeld = true;
      return () => {
        if (isHeld) change(key, -1);
        isHeld = false;
      };
    },
  };
};
