import { adopt, type Foreign } from './adoption.ts';
import {
  giveBack,
  newBudget,
  settle,
  take,
  thaw,
  type BudgetOptions,
  type BudgetState,
  type Claim,
  type Outcome,
} from './budget.ts';

/** A right to send one request. */
export interface Permit {
  readonly id: string;
  /** By the ledger's clock. */
  readonly takenAt: number;
}

/** What is known of a budget at this moment, and which part of it may be taken. */
export interface View {
  readonly state: BudgetState;
  readonly replicas: number;
  readonly present: number;
}

/** Who keeps the budgets, by holder key. Never rejects. */
export interface Ledger {
  /** As last heard of, thawed. */
  readonly look: (key: string) => View;
  /** As it is now. */
  readonly ask: (key: string) => Promise<View>;
  /** Null where none is free; `look` then tells when one can be. */
  readonly take: (key: string, reservePercent: number) => Promise<Permit | null>;
  readonly settle: (key: string, permit: Permit, outcome: Omit<Outcome, keyof Permit>) => Promise<void>;
  /** It was never used. */
  readonly giveBack: (key: string, permit: Permit) => Promise<void>;
  readonly close: () => void;
}

/** Beyond that many, budgets that hold nothing are forgotten; the next answer's headers tell again what was spent. */
const mostBudgets = 10_000;

/** Budgets as plain states by key. */
export interface States {
  readonly get: (key: string) => BudgetState;
  readonly take: (key: string, claim: Claim, permit: { readonly id: string; readonly flyingForMs: number }) => boolean;
  /** Counts permits that were taken elsewhere. */
  readonly adopt: (key: string, foreign: Foreign) => void;
  readonly settle: (key: string, outcome: Outcome) => void;
  readonly giveBack: (key: string, id: string) => void;
  readonly put: (key: string, state: BudgetState) => void;
  /** Takes over all that is known of a budget but which permits are held. */
  readonly learn: (key: string, state: BudgetState) => void;
  readonly entries: () => readonly (readonly [string, BudgetState])[];
  readonly forget: (key: string) => void;
}

/** Each is made at its first use. */
export const createStates = (options: BudgetOptions): States => {
  const states = new Map<string, BudgetState>();
  const get = (key: string): BudgetState => thaw(states.get(key) ?? newBudget(options), Date.now());
  const put = (key: string, state: BudgetState): void => {
    if (!states.has(key) && states.size >= mostBudgets) forgetIdle(states);
    states.set(key, state);
  };
  return {
    get,
    put,
    take: (key, claim, { id, flyingForMs }) => {
      const now = Date.now();
      const after = take(get(key), claim, { id, now, flyingUntil: now + flyingForMs });
      if (after !== null) put(key, after);
      return after !== null;
    },
    adopt: (key, foreign) => put(key, adopt(get(key), foreign, Date.now())),
    settle: (key, outcome) => put(key, settle(get(key), outcome, Date.now())),
    giveBack: (key, id) => put(key, giveBack(get(key), id)),
    learn: (key, state) => {
      const { flying, answered } = get(key);
      put(key, { ...state, flying, answered });
    },
    entries: () => [...states.keys()].map((key) => [key, get(key)] as const),
    forget: (key) => void states.delete(key),
  };
};

const forgetIdle = (states: Map<string, BudgetState>): void => {
  const now = Date.now();
  for (const [key, state] of states) {
    const { flying, answered, blockedUntil, spentToday, dailyLimit, isProbing } = thaw(state, now);
    const isIdle = Object.keys(flying).length + answered.length === 0 && blockedUntil <= now;
    if (isIdle && spentToday < dailyLimit && !isProbing) states.delete(key);
  }
};

/** What a grant may take to come, and a busy process to notice that an attempt is over: a permit that has come is good for one attempt. */
export const leaseSlackMs = 1_000;

/** How a ledger hands out permits. */
export interface LedgerOptions extends BudgetOptions {
  readonly replicas: number;
  /** The longest that a request can be on the wire, milliseconds. */
  readonly attemptMs: number;
}

/** Budgets of this process; with several replicas, its part of them. */
export const createLedger = (options: LedgerOptions): Ledger => {
  const { replicas, attemptMs } = options;
  const states = createStates(options);
  const share = { replicas, present: 1 };
  const flyingForMs = attemptMs + leaseSlackMs;
  let count = 0;
  const look = (key: string): View => ({ state: states.get(key), ...share });
  return {
    look,
    ask: (key) => Promise.resolve(look(key)),
    take: (key, reservePercent) => {
      const id = String((count += 1));
      const isTaken = states.take(key, { reservePercent, ...share }, { id, flyingForMs });
      return Promise.resolve(isTaken ? { id, takenAt: Date.now() } : null);
    },
    settle: (key, permit, outcome) => {
      states.settle(key, { ...permit, ...outcome });
      return Promise.resolve();
    },
    giveBack: (key, { id }) => {
      states.giveBack(key, id);
      return Promise.resolve();
    },
    close: () => undefined,
  };
};
