import type { EventLog } from './events.ts';

/** What must hold after every step, whatever happens. */
export const invariants = {
  budget: 'never more than 100 requests of a location arrive in any 10 s',
  day: 'never more requests of a location arrive in a day than upstream allows',
  reserve: 'live feeds and background work together never take what is kept for people',
  line: 'no person waits behind background work',
  age: 'no answer is older than its hard limit',
  honesty: 'an answer says how old it is',
  tenant: 'no key and no answer crosses tenants',
  end: 'nobody waits for ever',
  cost: 'n answers cost at most 1.02 n requests under pressure',
  refusal: 'who is refused for want of budget is told when to come again',
  surprise: 'nothing is thrown that no one foresaw',
} as const;

/** Name of a check. */
export type Invariant = keyof typeof invariants;

/** What was found. */
export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
  /** The number of the last event before it. */
  readonly event: number;
}

/** The first violation stops the world. */
export interface Verdict {
  readonly broken: (invariant: Invariant, message: string) => void;
  readonly violation: () => Violation | null;
}

/** Nothing is wrong yet. */
export const createVerdict = (events: EventLog): Verdict => {
  let violation: Violation | null = null;
  return {
    broken: (invariant, message) => {
      if (violation !== null) return;
      events.note('BROKEN', invariant, message);
      violation = { invariant, message, event: events.count() };
    },
    violation: () => violation,
  };
};
