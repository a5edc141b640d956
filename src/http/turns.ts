/** Who begins next, when more requests have come than can be worked on at once. */
export interface Turns {
  /** Calls `begin` once: now, or when it is this caller's turn. `isLate`: its turn has come so late that it had better be refused. Null for
   * whoever cannot be told apart: they stand in one line. */
  readonly take: (callerKey: string | null, begin: (isLate: boolean) => void) => void;
}

/** One who stands in line. */
interface Waiting {
  /** Of `performance.now`. */
  readonly since: number;
  readonly begin: (isLate: boolean) => void;
}

/** Work between two looks at the sockets, milliseconds; one request is never interrupted. */
const roundMs = 5;
/** Requests between two looks, if they take no longer. */
const mostOfRound = 16;

/**
 * Callers take turns, one request each. Without it all requests that lie in the sockets would begin in the order in which Node finds them: one
 * caller with sixty of them makes everybody else wait for sixty answers, and health for all that have come. Of one caller who came first
 * begins first. Who has waited for longer than `mostMs` is told so.
 */
export const createTurns = ({ mostMs }: { readonly mostMs: number }): Turns => {
  const lines = new Map<string | null, Waiting[]>(); // in the order of their next turns
  let isRound = false;
  const next = (now: number): void => {
    const [found] = lines;
    if (found === undefined) return;
    const [key, line] = found;
    const waiting = line.shift();
    lines.delete(key);
    if (line.length > 0) lines.set(key, line); // behind all others
    waiting?.begin(now - waiting.since > mostMs);
  };
  // Immediates of one round run one after the other, and what a request can do without waiting it has done before the next one runs.
  const round = (): void => {
    isRound = lines.size > 0;
    if (!isRound) return;
    let endsAt = Infinity;
    const step = (): void => {
      const now = performance.now();
      if (endsAt === Infinity) endsAt = now + roundMs;
      if (now < endsAt) next(now);
    };
    for (let count = 0; count < mostOfRound; count += 1) setImmediate(step);
    setImmediate(round);
  };
  return {
    take: (key, begin) => {
      if (isRound) {
        const line = lines.get(key);
        const waiting = { since: performance.now(), begin };
        if (line) line.push(waiting);
        else lines.set(key, [waiting]);
        return;
      }
      isRound = true;
      setImmediate(round);
      begin(false);
    },
  };
};
