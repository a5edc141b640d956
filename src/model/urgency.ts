/** Who waits for an upstream call, most urgent first: a person, a live feed, background work. */
export type Priority = 'interactive' | 'live' | 'background';

/** How much a call hurries. It can be raised while the call is under way: somebody else may join those who wait for it. */
export interface Urgency {
  readonly priority: Priority;
  /** When the last of those who wait gives up, epoch milliseconds. */
  readonly endsAt: number;
  /** Hears of each raise; gives back what ends that. */
  readonly onRaise: (listener: () => void) => () => void;
}

/** An urgency that others may join. It takes the best of all priorities and the latest of all ends, and never falls again. */
export interface SharedUrgency extends Urgency {
  readonly join: (other: Urgency) => void;
}

const rank = { interactive: 0, live: 1, background: 2 } as const satisfies Record<Priority, number>;

/** 0 for the most urgent. */
export const rankOf = (priority: Priority): number => rank[priority];

/** Of one who waits alone: never raised. */
export const fixedUrgency = (priority: Priority, endsAt: number): Urgency => ({
  priority,
  endsAt,
  onRaise: () => () => undefined,
});

/** Starts as `first` and follows its raises. */
export const sharedUrgency = (first: Urgency): SharedUrgency => {
  let { priority, endsAt } = first;
  const listeners = new Set<() => void>();
  const take = (other: Urgency): void => {
    const isRaise = rankOf(other.priority) < rankOf(priority) || other.endsAt > endsAt;
    if (rankOf(other.priority) < rankOf(priority)) priority = other.priority;
    endsAt = Math.max(endsAt, other.endsAt);
    if (isRaise) for (const listener of [...listeners]) listener();
  };
  const join = (other: Urgency): void => {
    take(other);
    other.onRaise(() => take(other));
  };
  join(first);
  return {
    get priority() {
      return priority;
    },
    get endsAt() {
      return endsAt;
    },
    onRaise: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    join,
  };
};

/** Of those who wait together from the start: as `first` with all others joined. */
export const urgencyOfAll = (first: Urgency, others: readonly Urgency[]): SharedUrgency => {
  const urgency = sharedUrgency(first);
  for (const other of others) urgency.join(other);
  return urgency;
};
