import { GatewayError } from '../model/errors.ts';
import type { Urgency } from '../model/urgency.ts';
import { waitMs } from './budget.ts';
import type { Ledger, Permit } from './ledger.ts';
import { inOrder, waitIn, type Waiter } from './waiter.ts';

/** Those who wait for a permit of one holder. */
export interface Line {
  /** Throws UPSTREAM_RATE_LIMITED at once when no permit can come before `urgency` ends, also when that turns out later, and
   * UPSTREAM_TIMEOUT where one is free but the answer would come too late. */
  readonly join: (urgency: Urgency, signal: AbortSignal) => Promise<Permit>;
  /** A permit may have come free, or a request may have landed. */
  readonly look: () => void;
  readonly isEmpty: () => boolean;
}

/** What a line serves from. */
export interface LineOptions {
  readonly ledger: Pick<Ledger, 'look' | 'take' | 'giveBack'>;
  /** Percent of the budget that live feeds and background work leave to people. */
  readonly reservePercent: number;
  /** What an answer mostly takes, milliseconds: who would get a permit with less left than that would spend it and get nothing for it. */
  readonly answerMs: number;
  /** What answers take of late, the longest: 0 where that is not known. */
  readonly nearlyAllMs: () => number;
  /** Whether one more request of this holder may be on the wire now. */
  readonly mayFly: () => boolean;
}

/** Between two questions to a ledger that refused although by its own word something was free. */
const againMs = 50;

/** One line for each holder. */
export const createLine = (key: string, { mayFly, ...options }: LineOptions): Line => {
  const queue = createQueue(key, options);
  let timer: NodeJS.Timeout | null = null;
  let isAsking = false;
  let changes = 0;

  // Gives whether there may be more to hand out.
  const serveOne = async (): Promise<boolean> => {
    const first = queue.first();
    if (!first || !mayFly()) return false;
    const ms = queue.waitOf(first, 0);
    const reserve = queue.reserveOf(first);
    const permit = ms > 0 ? null : await options.ledger.take(key, reserve);
    if (permit === null) {
      timer = setTimeout(look, ms > 0 ? ms : Math.max(againMs, queue.waitOf(first, 0)));
      return false;
    }
    const receiver = queue.removeFor(reserve);
    if (receiver) receiver.grant(permit);
    else await options.ledger.giveBack(key, permit);
    return true;
  };
  const serve = async (): Promise<void> => {
    isAsking = true;
    try {
      let seen;
      do {
        seen = changes;
        if (timer !== null) clearTimeout(timer);
        while (await serveOne());
      } while (changes !== seen);
    } finally {
      isAsking = false;
    }
  };
  // While a permit is on its way to the first one, everybody's place is about to change.
  const look = (): void => {
    changes += 1;
    if (!isAsking) void serve();
  };
  const then =
    (change: (waiter: Waiter) => void) =>
    (waiter: Waiter): void => {
      change(waiter);
      look();
    };
  const place = { enter: then(queue.add), leave: then(queue.remove), onRaise: look };
  return {
    join: async (urgency, signal) => waitIn(place, urgency, signal),
    look,
    isEmpty: () => queue.isEmpty() && !isAsking,
  };
};

const createQueue = (key: string, options: Omit<LineOptions, 'mayFly'>) => {
  const { ledger, reservePercent, answerMs, nearlyAllMs } = options;
  let waiters: readonly Waiter[] = [];
  const reserveOf = ({ urgency }: Waiter): number => (urgency.priority === 'interactive' ? 0 : reservePercent);
  const waitOf = (waiter: Waiter, ahead: number, { state, ...share } = ledger.look(key)): number =>
    waitMs(state, { reservePercent: reserveOf(waiter), ...share }, Date.now(), ahead);
  // Whoever need not wait may try with what is left, if answers have come in that time of late; and of little time little is kept back.
  const marginOf = ({ since, urgency }: Waiter, leavesAt: number): number =>
    Math.min(answerMs, Math.max(nearlyAllMs(), leavesAt > since ? (urgency.endsAt - since) / 10 : 0));
  const remove = (waiter: Waiter): void => {
    waiters = waiters.filter((one) => one !== waiter);
  };
  return {
    reserveOf,
    waitOf,
    remove,
    add: (waiter: Waiter): void => {
      waiters = [...waiters, waiter];
    },
    isEmpty: () => waiters.length === 0,
    /** The next one, once those who cannot make it have heard of it: now rather than at their deadline. */
    first: (): Waiter | undefined => {
      const now = Date.now();
      const view = ledger.look(key); // once for all: thousands may wait
      const staying: Waiter[] = [];
      for (const waiter of inOrder(waiters)) {
        const ms = waitOf(waiter, staying.length, view);
        if (now + ms + marginOf(waiter, now + ms) <= waiter.urgency.endsAt) staying.push(waiter);
        else waiter.refuse(now + ms > waiter.since ? noPermit(Math.max(ms, answerMs)) : noTime(answerMs));
      }
      waiters = staying;
      return waiters[0];
    },
    /** Takes out who gets a permit for which so much was left: the one it was taken for may have gone, and out of the reserve people alone
     * are served. */
    removeFor: (reserve: number): Waiter | undefined => {
      const receiver = inOrder(waiters).find((waiter) => reserveOf(waiter) <= reserve);
      if (receiver) remove(receiver);
      return receiver;
    },
  };
};

const noPermit = (waitMs: number): GatewayError =>
  new GatewayError('UPSTREAM_RATE_LIMITED', { retryAfterMs: Math.ceil(waitMs) });

// It names a wait, as all refusals of our own do: it did not come from the wire, and a repeat has no more time.
const noTime = (answerMs: number): GatewayError =>
  new GatewayError('UPSTREAM_TIMEOUT', { retryAfterMs: answerMs, cause: new Error('too little time for an answer') });
