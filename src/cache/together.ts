import { urgencyOfAll } from '../model/urgency.ts';
import type { Cause } from '../upstream/cause.ts';

/** The cause of those who travel together: called off when nobody waits any more, and as urgent as the most urgent of them. What it costs
 * is `first`'s. */
export const causeOfAll = (travellers: readonly { readonly cause: Cause }[], first: Cause): Cause => {
  const urgencies = travellers.map(({ cause }) => cause.urgency);
  const urgency = urgencyOfAll(first.urgency, urgencies);
  return { ...first, urgency, signal: whenAllEnd(travellers.map(({ cause }) => cause.signal)) };
};

/** Ends with the last of them. */
export const whenAllEnd = (signals: readonly AbortSignal[]): AbortSignal => {
  const all = new AbortController();
  let going = signals.length;
  for (const signal of signals) {
    const leave = (): void => {
      going -= 1;
      if (going === 0) all.abort(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  }
  return all.signal;
};
