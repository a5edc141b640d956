import { GatewayError } from '../model/errors.ts';
import type { Stage } from './send.ts';

/** Gives what lies inside it until the last of those who wait gives up, then UPSTREAM_TIMEOUT. Whoever joins them prolongs it. */
export const untilUrgencyEnds: Stage = (next) => async (request) => {
  const { urgency } = request;
  const tooLate = () =>
    new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`no answer from ${request.endpoint} in time`) });
  if (urgency.endsAt <= Date.now()) throw tooLate(); // a timer would let it out first
  const late = new AbortController();
  const giveUp = () => late.abort(tooLate());
  const arm = () => setTimeout(giveUp, urgency.endsAt - Date.now());
  let timer = arm();
  const ignore = urgency.onRaise(() => {
    clearTimeout(timer);
    timer = arm();
  });
  try {
    return await next({ ...request, signal: AbortSignal.any([request.signal, late.signal]) });
  } finally {
    clearTimeout(timer);
    ignore();
  }
};

/** Gives one attempt on the wire `ms` milliseconds, then UPSTREAM_TIMEOUT. */
export const deadline =
  (ms: number): Stage =>
  (next) =>
  async (request) => {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(
        new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`no answer from ${request.endpoint} in ${ms} ms`) }),
      );
    }, ms);
    try {
      return await next({ ...request, signal: AbortSignal.any([request.signal, late.signal]) });
    } finally {
      clearTimeout(timer);
    }
  };
