// What one holder may still ask of upstream, as plain data and pure functions. The same steps run as a Lua script where replicas share the
// budget (budget-script.ts); a property test holds the two together, so what is changed here is changed there.
import type { Feedback } from './feedback.ts';

/** First assumptions, until upstream's headers tell better. */
export interface BudgetOptions {
  readonly burst: { readonly limit: number; readonly windowMs: number };
  readonly dailyLimit: number;
}

/**
 * A permit is held from send until `windowMs` after its answer or time-out: upstream counts a request at its arrival, which lies between
 * the two, so wherever its window begins, no more than `limit` arrive in one. All moments are epoch milliseconds of one clock.
 */
export interface BudgetState {
  readonly limit: number;
  readonly windowMs: number;
  /** Permits on the wire, by id: when each counts as answered at the latest, should its holder die. */
  readonly flying: Readonly<Record<string, number>>;
  /** Moments of the answers whose requests may still count upstream. */
  readonly answered: readonly number[];
  /** Upstream said 429: nothing before that moment, and in the window after it one by one. */
  readonly blockedUntil: number;
  readonly dailyLimit: number;
  readonly spentToday: number;
  /** The part of `spentToday` that was remembered for a store that had forgotten it (adoption.ts), or that upstream has told: who remembers
   * no more than that adds nothing. */
  readonly rememberedToday: number;
  /** When the day is expected to end; 0 while nothing is spent. */
  readonly dayEndsAt: number;
  /** Answers to requests from before it tell of another day. */
  readonly dayStartedAt: number;
  /** Whether the day was used up when it ended: then one probe goes first. */
  readonly isProbing: boolean;
  /** When upstream last told its own count; 0 for never. */
  readonly observedAt: number;
}

/** What one request may take. */
export interface Claim {
  /** Percent of burst and day that it must leave. */
  readonly reservePercent: number;
  /** Gateways that there are, and how many of them take their permits from this state: the parts of the others are left alone. */
  readonly replicas: number;
  readonly present: number;
}

/** Permits of the burst that belong to gateways which do not take them here. */
const withheldOf = (limit: number, { replicas, present }: Omit<Claim, 'reservePercent'>): number =>
  present >= replicas ? 0 : limit - present * Math.floor(limit / replicas);

// Of the day upstream tells what all have spent; what each of the others may have on the wire unseen is left.
const withheldToday = ({ limit }: BudgetState, { replicas, present }: Claim): number =>
  limit * Math.max(0, replicas - present);

/** Milliseconds of a day. */
export const dayMs = 86_400_000;
/** A day that upstream says is used up, without saying until when, is tried again by one probe after that. */
const unknownDayMs = 3_600_000;

/** Nothing spent, nothing known. */
export const newBudget = ({ burst, dailyLimit }: BudgetOptions): BudgetState => ({
  limit: burst.limit,
  windowMs: burst.windowMs,
  flying: {},
  answered: [],
  blockedUntil: 0,
  dailyLimit,
  spentToday: 0,
  rememberedToday: 0,
  dayEndsAt: 0,
  dayStartedAt: 0,
  isProbing: false,
  observedAt: 0,
});

/** What has come free by `now`. A clock that was set back must not hold permits until it has caught up, so no answer lies in the future. */
export const thaw = (state: BudgetState, now: number): BudgetState => {
  const flying: Record<string, number> = {};
  const expired: number[] = [];
  for (const [id, until] of Object.entries(state.flying)) {
    if (until > now) flying[id] = until;
    else expired.push(until);
  }
  const answered = [...state.answered, ...expired]
    .map((at) => Math.min(at, now))
    .filter((at) => at + state.windowMs > now)
    .sort((a, b) => a - b);
  return turnDay({ ...state, flying, answered }, now);
};

const turnDay = (state: BudgetState, now: number): BudgetState => {
  if (state.dayEndsAt === 0 || now < state.dayEndsAt) return state;
  const isProbing = state.isProbing || state.spentToday >= state.dailyLimit;
  return { ...state, spentToday: 0, rememberedToday: 0, dayEndsAt: 0, dayStartedAt: now, isProbing };
};

const inUse = ({ flying, answered }: BudgetState): number => Object.keys(flying).length + answered.length;

/** Requests that may have gone since the end of a 429 by now: none before it, after it a part of the limit that grows for one window. Whoever
 * waited for that end would else be sent into the next 429 all together. Infinity where there was none lately. */
const mostSinceBlock = ({ limit, windowMs, blockedUntil }: BudgetState, now: number): number => {
  const sinceMs = now - blockedUntil;
  if (sinceMs < 0) return 0;
  return sinceMs >= windowMs ? Infinity : Math.max(1, Math.floor((limit * sinceMs) / windowMs));
};

const sinceBlock = ({ flying, answered, blockedUntil }: BudgetState, now: number): number =>
  now < blockedUntil ? 0 : Object.keys(flying).length + answered.filter((at) => at >= blockedUntil).length;

const reserved = (limit: number, percent: number): number => Math.floor((limit * percent) / 100);

const isDayLeft = (state: BudgetState, claim: Claim, ahead: number): boolean =>
  state.isProbing
    ? inUse(state) === 0 && ahead === 0
    : state.spentToday + ahead + reserved(state.dailyLimit, claim.reservePercent) + withheldToday(state, claim) <
      state.dailyLimit;

/** Takes a permit where one is free; null where none is. Expects a thawed state. `flyingUntil`: when the permit counts as answered at the
 * latest. */
export const take = (
  state: BudgetState,
  claim: Claim,
  permit: { readonly id: string; readonly now: number; readonly flyingUntil: number },
): BudgetState | null => {
  const { id, now, flyingUntil } = permit;
  const needed = 1 + reserved(state.limit, claim.reservePercent) + withheldOf(state.limit, claim);
  const isFree = inUse(state) + needed <= state.limit && sinceBlock(state, now) + 1 <= mostSinceBlock(state, now);
  if (!isFree || !isDayLeft(state, claim, 0)) return null;
  return {
    ...state,
    flying: { ...state.flying, [id]: flyingUntil },
    spentToday: state.spentToday + 1,
    dayEndsAt: state.dayEndsAt === 0 ? now + dayMs : state.dayEndsAt,
  };
};

/** What came of a permit: what upstream told (null where no answer came) and, after a 429, for how long it wants nothing (null for no 429). */
export interface Outcome {
  readonly id: string;
  /** When the permit was taken. */
  readonly takenAt: number;
  readonly feedback: Feedback | null;
  readonly blockedMs: number | null;
}

/** The answer is here, or the wait for it is over. Also of a permit that counted as answered already, because its holder was late: until now
 * its request may have been on the wire. Expects a thawed state. */
export const settle = (state: BudgetState, outcome: Outcome, now: number): BudgetState => {
  const flying = without(state.flying, outcome.id);
  const landed = { ...state, flying, answered: [...state.answered, now] };
  const told = outcome.feedback === null ? landed : correct(landed, outcome, outcome.feedback, now);
  return outcome.blockedMs === null ? told : block(told, now, outcome.blockedMs);
};

const block = (state: BudgetState, now: number, ms: number): BudgetState => ({
  ...state,
  blockedUntil: Math.max(state.blockedUntil, now + Math.min(ms, dayMs)),
});

// Upstream's own count wins where it is lower: somebody else spends the same budget, so as many permits are held as it counts more than we do.
const correct = (
  state: BudgetState,
  { takenAt, blockedMs }: Outcome,
  { burst, daily, isCounted }: Feedback,
  now: number,
): BudgetState => {
  const limit = burst.limit ?? state.limit;
  const windowMs = burst.windowMs ?? state.windowMs;
  const free = limit - inUse(state);
  const unseen = burst.remaining === null ? 0 : Math.max(0, free - burst.remaining);
  const answered = [...state.answered, ...Array.from({ length: unseen }, () => now)];
  const observedAt = isCounted ? now : state.observedAt;
  const corrected = { ...state, limit, windowMs, answered, observedAt };
  if (takenAt < state.dayStartedAt) return corrected;
  const isOver = blockedMs === null || daily.remaining !== null; // a 429 without a count tells nothing of the day
  return { ...correctDay(corrected, daily, now), isProbing: state.isProbing && !isOver };
};

const correctDay = (state: BudgetState, told: Feedback['daily'], now: number): BudgetState => {
  const dailyLimit = told.limit ?? state.dailyLimit;
  const isUsedUp = told.remaining === 0;
  const toldToday = told.remaining === null ? 0 : dailyLimit - told.remaining;
  const spentToday = Math.max(state.spentToday, toldToday);
  const rememberedToday = Math.max(state.rememberedToday, toldToday);
  const assumed = state.dayEndsAt === 0 ? now + dayMs : state.dayEndsAt;
  const unknown = isUsedUp && state.spentToday < dailyLimit ? Math.min(assumed, now + unknownDayMs) : assumed;
  const dayEndsAt = told.resetMs === null ? unknown : now + told.resetMs;
  return { ...state, dailyLimit, spentToday, rememberedToday, dayEndsAt };
};

/** What was never sent gives its permit back whole. */
export const giveBack = (state: BudgetState, id: string): BudgetState => {
  if (state.flying[id] === undefined) return state;
  return { ...state, flying: without(state.flying, id), spentToday: Math.max(0, state.spentToday - 1) };
};

const without = (flying: BudgetState['flying'], id: string): BudgetState['flying'] =>
  Object.fromEntries(Object.entries(flying).filter(([other]) => other !== id));

/** The least time until a permit can be free for one that has `ahead` others before it, in milliseconds; 0 when there is one. While it
 * depends on requests on the wire nobody knows, but not before a window has passed. A probe is asked for each second. Expects a thawed state. */
export const waitMs = (state: BudgetState, claim: Claim, now: number, ahead: number): number => {
  const day = isDayLeft(state, claim, ahead) ? 0 : dayWaitMs(state, now);
  return Math.max(day, burstWaitMs(state, claim, now, ahead));
};

const dayWaitMs = (state: BudgetState, now: number): number =>
  state.isProbing ? 1_000 : Math.max(1, (state.dayEndsAt === 0 ? now + dayMs : state.dayEndsAt) - now);

const burstWaitMs = (state: BudgetState, claim: Claim, now: number, ahead: number): number => {
  const { limit, windowMs, answered, blockedUntil } = state;
  const share = limit - withheldOf(limit, claim);
  const missing = ahead + 1 + reserved(limit, claim.reservePercent) - share; // beyond those that are held now
  // What comes back goes to some of those ahead first, and comes back from each a window later.
  const rounds = Math.max(0, Math.ceil(missing / Math.max(1, share)));
  const inRound = inUse(state) + missing - rounds * Math.max(1, share);
  const comesBack = answered[inRound - 1];
  const firstMs = inRound <= 0 ? 0 : comesBack === undefined ? windowMs : Math.max(1, comesBack + windowMs - now);
  const backMs = rounds * windowMs + firstMs;
  const most = mostSinceBlock(state, now);
  const wanted = most === Infinity ? 0 : sinceBlock(state, now) + ahead + 1;
  if (wanted <= most) return backMs;
  const growingMs = wanted <= 1 ? 0 : Math.min(windowMs, Math.ceil((wanted * windowMs) / limit));
  return Math.max(backMs, blockedUntil + growingMs - now, 1);
};

/** What is left, for people. Expects a thawed state. */
export const remaining = (state: BudgetState, claim: Claim, now: number) => {
  const lastAt = Object.keys(state.flying).length > 0 ? now : state.answered.at(-1);
  const isBlocked = now < state.blockedUntil;
  return {
    burst: Math.max(
      0,
      Math.min(state.limit - inUse(state), mostSinceBlock(state, now) - sinceBlock(state, now)) -
        withheldOf(state.limit, claim),
    ),
    burstResetAt: isBlocked ? state.blockedUntil : lastAt === undefined ? null : lastAt + state.windowMs,
    daily: state.isProbing ? 0 : Math.max(0, state.dailyLimit - state.spentToday),
    dayResetAt: state.dayEndsAt === 0 ? null : state.dayEndsAt,
  };
};
