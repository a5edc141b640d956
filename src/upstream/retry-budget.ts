import { createSliding } from './sliding.ts';

/** What keeps repeats from making an outage worse; one for the whole process. */
export interface RetryBudget {
  /** A first attempt came back from upstream, with an answer or without. */
  first(): void;
  /** Whether one more repeat is allowed; if so it is counted. */
  takeRepeat(): boolean;
}

const windowMs = 10_000;
/** Of few calls some may be repeated, of many this share (reliability §1: retries do not make an outage worse). */
const alwaysAllowed = 3;
const allowedShare = 0.2;

/** Over the last ten seconds, no more repeats than a fifth of the first attempts, or three. */
export const createRetryBudget = (): RetryBudget => {
  const sliding = createSliding(windowMs, () => ({ firsts: 0, repeats: 0 }));
  return {
    first: () => void (sliding.current(Date.now()).firsts += 1),
    takeRepeat: () => {
      const now = Date.now();
      let firsts = 0;
      let repeats = 0;
      for (const slot of sliding.recent(now)) {
        firsts += slot.firsts;
        repeats += slot.repeats;
      }
      if (repeats >= Math.max(alwaysAllowed, Math.floor(firsts * allowedShare))) return false;
      sliding.current(now).repeats += 1;
      return true;
    },
  };
};
