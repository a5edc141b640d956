import { refusalOf, retryAfterMs } from '../upstream/refusal.ts';
import { holderKey, type Stage } from '../upstream/send.ts';
import type { Budgets } from './budgets.ts';
import { readFeedback } from './feedback.ts';

/** Every request that reaches the wire takes a permit of its holder's budget first, and gives back what it learned. One that could not
 * have it before its deadline ends is refused at once. */
export const limit =
  (budgets: Budgets): Stage =>
  (next) =>
  async (request) => {
    const key = holderKey(request.holder);
    const maxWaitMs = (request.endsAt ?? Infinity) - Date.now();
    await budgets.take(key, maxWaitMs, request.signal);
    let feedback = null;
    let response;
    try {
      response = await next(request);
      feedback = readFeedback(response);
    } finally {
      budgets.settle(key, feedback);
    }
    if (refusalOf(response) !== 'rate-limited') return response;
    budgets.block(key, retryAfterMs(response.headers));
    return { ...response, budgetWaitMs: budgets.waitMs(key) };
  };
