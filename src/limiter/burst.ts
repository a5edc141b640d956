/** What a budget assumes until upstream's headers tell better. */
export interface BurstOptions {
  readonly limit: number;
  readonly windowMs: number;
}

/** The short window of one holder. A permit is held from send until `windowMs` after its answer or time-out: upstream counts a
 * request at its arrival, which lies between the two, so wherever its window begins, no more than `limit` arrive in one. */
export interface Burst {
  /** Milliseconds until a permit is free for one that has `ahead` others before it, 0 when there is one. Infinity while it
   * depends on requests in flight. */
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
  let answered: readonly number[] = []; // moments of the answers whose requests may still count upstream, ascending
  let blockedUntil = 0;

  // A clock that was set back must not hold permits until it has caught up, so no answer lies in the future.
  const thaw = (now: number) => {
    answered = answered.map((at) => Math.min(at, now)).filter((at) => at + windowMs > now);
  };
  const free = () => limit - inFlight - answered.length; // below 0 where upstream has lowered its limit

  return {
    waitMs: (now, ahead) => {
      thaw(now);
      const blockedMs = Math.max(0, blockedUntil - now);
      if (ahead < free()) return blockedMs;
      const freedBy = answered[ahead - free()];
      return freedBy === undefined ? Infinity : Math.max(blockedMs, freedBy + windowMs - now);
    },
    take: () => void (inFlight += 1),
    release: (now) => {
      inFlight -= 1;
      answered = [...answered, now];
    },
    correct: (now, told) => {
      limit = told.limit ?? limit;
      windowMs = told.windowMs ?? windowMs;
      thaw(now);
      // Somebody else spends the same budget: hold back as many permits as upstream counts more than we do.
      const unseen = told.remaining === null ? 0 : Math.max(0, free() - told.remaining);
      answered = [...answered, ...Array.from({ length: unseen }, () => now)];
    },
    block: (until) => void (blockedUntil = Math.max(blockedUntil, until)),
    view: (now) => {
      thaw(now);
      const isBlocked = blockedUntil > now;
      const last = inFlight > 0 ? now : answered.at(-1);
      const resetAt = last === undefined ? null : last + windowMs;
      return {
        limit,
        remaining: isBlocked ? 0 : Math.max(0, free()),
        windowMs,
        resetAt: isBlocked ? blockedUntil : resetAt,
      };
    },
  };
};
