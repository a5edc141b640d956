import { adopt, type Foreign } from './adoption.ts';
import {
  giveBack,
  newBudget,
  settle,
  take,
  thaw,
  type BudgetOptions,
  type BudgetState,
  type Outcome,
} from './budget.ts';

/** What replicas share: one holder's budget, who of them is there, and which life of the store this is. */
export interface SharedBudget {
  readonly state: BudgetState | null;
  /** When each replica was last heard of, store time. */
  readonly members: Readonly<Record<string, number>>;
  /** A name and, after a blank, when that life began, store time; 0 once all replicas have been there. */
  readonly epoch: string | null;
}

/** Who asks, with what it believes. */
export interface Asking {
  readonly member: string;
  /** When it asks, store time as far as it knows that. A step that is carried out later counts it in no longer than one in time. */
  readonly askedAt: number | null;
  /** A replica that was not heard of for so long is away. */
  readonly presenceMs: number;
  readonly replicas: number;
  /** A store that has just begun knows nothing of replicas that have not entered yet: for so long, and until all are there, it gives nothing. */
  readonly quietMs: number;
  readonly options: BudgetOptions;
}

/** One step that a replica asks of the shared budget. */
export type Step =
  | { readonly kind: 'take'; readonly id: string; readonly reservePercent: number; readonly flyingForMs: number }
  | ({ readonly kind: 'settle' } & Outcome)
  | { readonly kind: 'giveBack'; readonly id: string }
  | ({ readonly kind: 'adopt' } & Foreign)
  | { readonly kind: 'look' }
  /** Asks which life of the store this is; `newEpoch` is its name if it has none. */
  | { readonly kind: 'greet'; readonly newEpoch: string }
  /** Once everything that it holds is adopted in that life: from now on its part is taken here. */
  | { readonly kind: 'enter'; readonly epoch: string | null }
  | { readonly kind: 'beat' };

/** What came of a step. A stranger is nobody's member (any more) and must enter before it takes. */
export interface Told {
  readonly verdict: 'done' | 'granted' | 'none' | 'stranger';
  readonly present: number;
  readonly epoch: string | null;
  /** Nothing is given before that moment, store time. */
  readonly quietUntil: number;
  /** Store time. */
  readonly now: number;
  readonly state: BudgetState;
}

/** The step, on plain data. Its twin for Redis is `budgetScript`. */
export const applyStep = (
  shared: SharedBudget,
  asking: Asking,
  step: Step,
  now: number,
): { readonly shared: SharedBudget; readonly told: Told } => {
  const { member, presenceMs, quietMs, replicas, options } = asking;
  const heard = Object.entries(shared.members).filter(([, at]) => at > now - presenceMs);
  const askedAt = Math.min(now, asking.askedAt ?? now);
  const isInTime = askedAt > now - presenceMs;
  const born = step.kind === 'greet' ? (shared.epoch ?? `${step.newEpoch} ${now}`) : shared.epoch;
  const [life = null, bornAt = 0] = born?.split(' ') ?? [];
  const isEntering = step.kind === 'enter' && isInTime && step.epoch === life;
  const isMember = isEntering || heard.some(([id]) => id === member);
  const isCounted = isMember && isInTime && isCounting(step);
  const members = Object.fromEntries(isCounted ? [...heard, [member, askedAt] as const] : heard);
  const present = Object.keys(members).length;
  const isKnown = present >= replicas || Number(bornAt) === 0; // what is out is all written down
  const epoch = life === null ? null : `${life} ${isKnown ? 0 : bornAt}`;
  const before = thaw(shared.state ?? newBudget(options), now);
  const quietUntil = life === null || isKnown ? 0 : Number(bornAt) + quietMs;
  const isRefused = !isMember && isCounting(step);
  const isQuiet = step.kind === 'take' && now < quietUntil;
  const after = isRefused || isQuiet ? null : change(before, step, { replicas, present, now });
  const granted = after === null ? 'none' : 'granted';
  const verdict = isRefused ? 'stranger' : step.kind === 'take' ? granted : 'done';
  const state = after ?? before;
  return { shared: { state, members, epoch }, told: { verdict, present, epoch: life, quietUntil, now, state } };
};

const isCounting = ({ kind }: Step): boolean => kind === 'enter' || kind === 'beat' || kind === 'take';

interface Around {
  readonly replicas: number;
  readonly present: number;
  readonly now: number;
}

const change = (state: BudgetState, step: Step, { replicas, present, now }: Around): BudgetState | null => {
  switch (step.kind) {
    case 'take': {
      const { id, reservePercent, flyingForMs } = step;
      return take(state, { reservePercent, replicas, present }, { id, now, flyingUntil: now + flyingForMs });
    }
    case 'settle':
      return settle(state, step, now);
    case 'giveBack':
      return giveBack(state, step.id);
    case 'adopt':
      return adopt(state, step, now);
    case 'look':
    case 'greet':
    case 'enter':
    case 'beat':
      return state;
  }
};
