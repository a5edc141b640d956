import { dayMs, thaw, type BudgetState } from './budget.ts';

/** What was taken elsewhere and must count here, too; moments by how far away they are, in milliseconds, because clocks differ. */
export interface Foreign {
  readonly answeredAgoMs: readonly number[];
  readonly flyingForMs: Readonly<Record<string, number>>;
  readonly blockedForMs: number;
  /** Requests of this day that nobody else tells of. */
  readonly spent: number;
  /** The day's count as a store told it that has forgotten it since. Many may remember it; it counts once, the highest of them. */
  readonly remembered: number;
  /** When that day is expected to end; null where nothing is spent. */
  readonly dayEndsInMs: number | null;
}

/** Counts it. Expects a thawed state. */
export const adopt = (state: BudgetState, foreign: Foreign, now: number): BudgetState => {
  const { answeredAgoMs, flyingForMs, blockedForMs, spent, remembered, dayEndsInMs } = foreign;
  const rememberedToday = Math.max(state.rememberedToday, remembered);
  const flying = Object.fromEntries(Object.entries(flyingForMs).map(([id, ms]) => [id, now + ms]));
  return thaw(
    {
      ...state,
      flying: { ...flying, ...state.flying },
      answered: [...state.answered, ...answeredAgoMs.map((ms) => now - ms)],
      blockedUntil: blockedForMs > 0 ? Math.max(state.blockedUntil, now + blockedForMs) : state.blockedUntil,
      spentToday: state.spentToday + spent + rememberedToday - state.rememberedToday,
      rememberedToday,
      dayEndsAt:
        dayEndsInMs === null ? state.dayEndsAt : Math.min(state.dayEndsAt || Infinity, now + Math.max(0, dayEndsInMs)),
    },
    now,
  );
};

/** One permit that was just taken elsewhere; `spent` is 0 where the day's count knows of it. */
export const oneFlying = (id: string, ms: number, spent: 0 | 1): Foreign => ({
  answeredAgoMs: [],
  flyingForMs: { [id]: ms },
  blockedForMs: 0,
  spent,
  remembered: 0,
  dayEndsInMs: spent === 0 ? null : dayMs,
});

/** What a state holds, for another one to adopt; of its day's count so much is `remembered`. */
export const foreignOf = (state: BudgetState, now: number, remembered: number): Foreign => ({
  answeredAgoMs: state.answered.map((at) => Math.max(0, now - at)),
  flyingForMs: Object.fromEntries(Object.entries(state.flying).map(([id, until]) => [id, until - now])),
  blockedForMs: Math.max(0, state.blockedUntil - now),
  spent: state.spentToday - remembered,
  remembered,
  dayEndsInMs: state.dayEndsAt === 0 ? null : state.dayEndsAt - now,
});
