import type { Quota } from '../model/quota.ts';
import type { Urgency } from '../model/urgency.ts';
import { createAnswerTime, type AnswerTime } from './answer-time.ts';
import { remaining, waitMs } from './budget.ts';
import type { Feedback } from './feedback.ts';
import type { Ledger, Permit, View } from './ledger.ts';
import { createLine, type Line, type LineOptions } from './line.ts';

/** Upstream budgets by holder key. */
export interface Budgets {
  /** Waits in line for a permit. Throws UPSTREAM_RATE_LIMITED at once when none can come in time, also when that turns out later, and
   * UPSTREAM_TIMEOUT where there is one but hardly the time for an answer. */
  readonly take: (key: string, urgency: Urgency, signal: AbortSignal) => Promise<Permit>;
  /** Gives the permit back; `feedback` is null where no answer came. */
  readonly settle: (key: string, permit: Permit, feedback: Feedback | null) => void;
  /** Nobody waits for the answer any more: the permit counts as answered when the longest attempt would be over. */
  readonly abandon: (key: string) => void;
  /** The same as `settle` after a 429: nothing more for `ms`, or one window where upstream did not say. Gives the milliseconds until the next request of
   * a person could go. */
  readonly settleRefused: (key: string, permit: Permit, told: Refused) => Promise<number>;
  readonly quota: (key: string) => Promise<Quota>;
  /** Of each holder that has a line, as last heard of; nobody is asked. */
  readonly known: () => readonly { readonly key: string; readonly quota: Quota }[];
  readonly close: () => void;
}

interface Refused {
  readonly feedback: Feedback;
  readonly ms: number | null;
}

interface Budget {
  readonly line: Line;
  readonly answerTime: AnswerTime;
  onWire: number;
}

/** Requests of one holder that may be on the wire at a time: one that hangs must not take all connections from the others. */
const mostOnWire = 32;
/** Beyond that many, lines in which nobody waits are forgotten. */
const mostLines = 10_000;

/** `interactiveReserve`: percent of each budget that is left to people; `answerMs`: what an answer mostly takes, at the longest. */
export const createBudgets = (
  ledger: Ledger,
  { interactiveReserve, answerMs = 0 }: { interactiveReserve: number; answerMs?: number },
): Budgets => {
  const budgets = new Map<string, Budget>();
  const of = (key: string): Budget => {
    const known = budgets.get(key);
    if (known) return known;
    if (budgets.size >= mostLines) forgetIdle(budgets);
    const budget = openBudget(key, { ledger, reservePercent: interactiveReserve, answerMs });
    budgets.set(key, budget);
    return budget;
  };
  const landed = (key: string): void => {
    const budget = of(key);
    budget.onWire -= 1;
    budget.line.look();
  };
  const settle = async (
    key: string,
    permit: Permit,
    outcome: { feedback: Feedback | null; blockedMs: number | null },
  ) => {
    await ledger.settle(key, permit, outcome);
    landed(key);
  };
  return {
    take: async (key, urgency, signal) => {
      const budget = of(key);
      const permit = await budget.line.join(urgency, signal);
      budget.onWire += 1;
      budget.answerTime.departed(permit);
      return permit;
    },
    abandon: landed,
    settle: (key, permit, feedback) => {
      if (feedback !== null) of(key).answerTime.answered(permit);
      void settle(key, permit, { feedback, blockedMs: null });
    },
    settleRefused: async (key, permit, { feedback, ms }) => {
      const { windowMs } = ledger.look(key).state;
      await settle(key, permit, { feedback, blockedMs: ms ?? feedback.burst.windowMs ?? windowMs });
      const { state, ...share } = ledger.look(key);
      return waitMs(state, { reservePercent: 0, ...share }, Date.now(), 0);
    },
    quota: async (key) => toQuota(await ledger.ask(key), interactiveReserve),
    known: () => [...budgets.keys()].map((key) => ({ key, quota: toQuota(ledger.look(key), interactiveReserve) })),
    close: () => ledger.close(),
  };
};

const openBudget = (key: string, options: Omit<LineOptions, 'mayFly' | 'nearlyAllMs'>): Budget => {
  const answerTime = createAnswerTime();
  const { nearlyAllMs } = answerTime;
  const mayFly = () => budget.onWire < mostOnWire;
  const budget: Budget = { line: createLine(key, { ...options, nearlyAllMs, mayFly }), answerTime, onWire: 0 };
  return budget;
};

const forgetIdle = (budgets: Map<string, Budget>): void => {
  for (const [key, { line, onWire }] of budgets) if (onWire === 0 && line.isEmpty()) budgets.delete(key);
};

const toQuota = ({ state, ...share }: View, reservePercent: number): Quota => {
  const left = remaining(state, { reservePercent: 0, ...share }, Date.now());
  const burstReserve = Math.floor((state.limit * reservePercent) / 100);
  const dayReserve = Math.floor((state.dailyLimit * reservePercent) / 100);
  const isConserving = left.burst <= burstReserve || left.daily <= dayReserve;
  return {
    burst: {
      limit: state.limit,
      remaining: left.burst,
      reservedForInteractive: burstReserve,
      windowSeconds: Math.ceil(state.windowMs / 1_000),
      expectedResetAt: left.burstResetAt,
    },
    daily: {
      limit: state.dailyLimit,
      remaining: left.daily,
      reservedForInteractive: dayReserve,
      windowSeconds: 86_400,
      expectedResetAt: left.dayResetAt,
    },
    mode: left.daily === 0 ? 'EXHAUSTED' : isConserving ? 'CONSERVING' : 'NORMAL',
    observedAt: state.observedAt === 0 ? null : state.observedAt,
  };
};
