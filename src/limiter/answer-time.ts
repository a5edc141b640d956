import type { Permit } from './ledger.ts';

/** How long upstream takes for an answer, as far as the latest ones tell. */
export interface AnswerTime {
  readonly departed: (permit: Permit) => void;
  /** The answer to its request is here. */
  readonly answered: (permit: Permit) => void;
  /** Milliseconds within which nearly all come; 0 where none has come for a while, so that the next one can tell. */
  readonly nearlyAllMs: () => number;
}

const rememberedMs = 10_000;

/** Of one holder. The mean and four times the mean deviation, smoothed as TCP smooths its round trips (RFC 6298 §2). */
export const createAnswerTime = (): AnswerTime => {
  const departures = new WeakMap<Permit, number>(); // a permit tells its moment by the ledger's clock, which may be another one
  let known: { readonly mean: number; readonly deviation: number; readonly at: number } | null = null;
  return {
    departed: (permit) => void departures.set(permit, Date.now()),
    answered: (permit) => {
      const now = Date.now();
      const ms = now - (departures.get(permit) ?? now);
      const { mean, deviation } = known ?? { mean: ms, deviation: 0 };
      known = {
        mean: mean + (ms - mean) / 8,
        deviation: deviation + (Math.abs(ms - mean) - deviation) / 4,
        at: now,
      };
    },
    nearlyAllMs: () => (known === null || Date.now() - known.at >= rememberedMs ? 0 : known.mean + 4 * known.deviation),
  };
};
