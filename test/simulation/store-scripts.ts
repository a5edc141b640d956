import type { BudgetState } from '../../src/limiter/budget.ts';
import { applyStep, type Asking, type SharedBudget, type Step } from '../../src/limiter/budget-step.ts';
import type { StoreData } from './store-data.ts';

/** What a script of Redis does, in JavaScript. */
type Twin = (
  data: StoreData,
  call: { readonly keys: readonly string[]; readonly args: readonly string[]; readonly now: number },
) => string;

// The step is the product's own; tests hold it and its Lua together. What is read back has been written here.
const budget: Twin = (
  data,
  { keys: [budgetKey = '', membersKey = '', epochKey = ''], args: [asking = '', given = ''], now },
) => {
  const step = JSON.parse(given) as Step;
  const before: SharedBudget = {
    state: (data.get(budgetKey) as BudgetState | undefined) ?? null,
    members: (data.get(membersKey) as SharedBudget['members'] | undefined) ?? {},
    epoch: (data.get(epochKey) as string | undefined) ?? null,
  };
  const { shared, told } = applyStep(before, JSON.parse(asking) as Asking, step, now);
  const { state, members, epoch } = shared;
  data.set(membersKey, members, null);
  if (epoch !== null) data.set(epochKey, epoch, null);
  const isWriting = step.kind !== 'enter' && step.kind !== 'beat' && step.kind !== 'look';
  if (isWriting && state !== null) data.set(budgetKey, state, lifeOf(state, now));
  return JSON.stringify(told);
};

const lifeOf = ({ windowMs, dayEndsAt, blockedUntil }: BudgetState, now: number): number =>
  Math.max(2 * windowMs, dayEndsAt - now, blockedUntil - now) + 60_000;

// Gives up leases that are still the owner's.
const release: Twin = (data, { keys, args: [owner] }) => {
  const owned = keys.filter((key) => data.get(key) === owner);
  for (const key of owned) data.delete(key);
  return String(owned.length);
};

const twins: Readonly<Record<string, Twin>> = { budget, release };

/** Throws for a script that has no twin here. */
export const runTwin = (name: string, data: StoreData, call: Parameters<Twin>[1]): string => {
  const twin = twins[name];
  if (twin === undefined) throw new Error(`the script ${name} has no twin in the simulation`);
  return twin(data, call);
};
