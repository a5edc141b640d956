/** What a budget assumes until upstream's headers tell better. */
export interface BurstOptions {
  readonly limit: number;
  readonly windowMs: number;
}

/** The short window of one holder. A permit is held from send until `windowMs` after its answer or time-out: upstream counts a
 * request at its arrival, which lies between the two, so wherever its window begins, no more than `limit` arrive in one. */
export interface Burst {
  /** Milliseconds until the next free permit, 0 when one is free. Infinity while all are in flight. */
  waitMs(now: number, ahead: number): number;
  take(): void;
  /** The answer is here, or the wait for it is over. */
  release(now: number): void;
  /** What upstream's headers said; its own count wins where it is lower. */
  correct(now: number, told: { limit: number | null; remaining: number | null; windowMs: number | null }): void;
  /** Nothing may be sent before that moment. */
  block(until: number): void;
  view(now: number): {
    readonly limit: number;
    readonly remaining: number;
    readonly windowMs: number;
    readonly resetAt: number | null;
  };
}

/** Starts empty: nothing spent. */
export const createBurst = (options: BurstOptions): Burst => {
  let { limit, windowMs } = options;
  let inFlight = 0;
  let cooling: number[] = []; // moments at which permits come back, ascending
  let blockedUntil = 0;

  const thaw = (now: number) => {
    const free = cooling.findIndex((at) => at > now);
    cooling = free === -1 ? [] : cooling.slice(free);
  };
  const remaining = () => Math.max(0, limit - inFlight - cooling.length);
  const cool = (until: number) => {
    const place = cooling.findLastIndex((at) => at <= until);
    cooling.splice(place + 1, 0, until);
  };

  return {
    waitMs: (now, ahead) => {
      thaw(now);
      const blocked = Math.max(0, blockedUntil - now);
      if (ahead < remaining()) return blocked;
      const due = cooling[ahead - remaining()];
      return due === undefined ? Infinity : Math.max(blocked, due - now);
    },
    take: () => void (inFlight += 1),
    release: (now) => {
      inFlight -= 1;
      cool(now + windowMs);
    },
    correct: (now, told) => {
      thaw(now);
      limit = told.limit ?? limit;
      windowMs = told.windowMs ?? windowMs;
      // Somebody else spends the same budget: hold back as many permits as upstream counts more than we do.
      const unseen = told.remaining === null ? 0 : remaining() - told.remaining;
      for (let missing = 0; missing < unseen; missing += 1) cool(now + windowMs);
    },
    block: (until) => void (blockedUntil = Math.max(blockedUntil, until)),
    view: (now) => {
      thaw(now);
      const isBlocked = blockedUntil > now;
      const resetAt = isBlocked ? blockedUntil : (cooling.at(-1) ?? null);
      return { limit, remaining: isBlocked ? 0 : remaining(), windowMs, resetAt };
    },
  };
};
