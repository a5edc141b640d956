import { GatewayError } from '../model/errors.ts';
import type { Tally } from '../observe/tally.ts';
import { refusalOf, retryAfterMs } from '../upstream/refusal.ts';
import { holderKey, type Stage, type UpstreamRequest, type UpstreamResponse } from '../upstream/send.ts';
import type { Budgets } from './budgets.ts';
import { readFeedback } from './feedback.ts';

/** Every request that reaches the wire takes a permit of its holder's budget first, and gives back what it learned. One that could not
 * have it before those who wait give up is refused at once. */
export const limit =
  (budgets: Budgets, tally: Tally): Stage =>
  (next) =>
  async (request) => {
    const key = holderKey(request.holder);
    const permit = await counted(request, tally, budgets.take(key, request.urgency, request.signal));
    request.meter.made(key);
    let response: UpstreamResponse;
    try {
      response = await next(request);
    } catch (error) {
      // One that was called off may be on its way to upstream all the same.
      if (request.signal.aborted) budgets.abandon(key);
      else budgets.settle(key, permit, null);
      throw error;
    }
    const feedback = readFeedback(response);
    if (refusalOf(response) !== 'rate-limited') {
      budgets.settle(key, permit, feedback);
      return response;
    }
    const ms = retryAfterMs(response.headers);
    return { ...response, budgetWaitMs: await budgets.settleRefused(key, permit, { feedback, ms }) };
  };

// How long a permit was waited for, by whom, and who could not have one in time.
const counted = async <T>({ urgency, signal }: UpstreamRequest, tally: Tally, permit: Promise<T>): Promise<T> => {
  const startedAt = performance.now();
  const { priority } = urgency; // it may be raised meanwhile
  tally.add(`queued ${priority}`);
  try {
    const given = await permit;
    tally.observe(`queue-wait ${urgency.priority}`, (performance.now() - startedAt) / 1_000);
    return given;
  } catch (error) {
    if (error instanceof GatewayError && !signal.aborted) tally.add(`shed ${urgency.priority} quota`);
    throw error;
  } finally {
    tally.add(`queued ${priority}`, -1);
  }
};
