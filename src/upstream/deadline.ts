import { GatewayError } from '../model/errors.ts';
import { fixedUrgency, type Urgency } from '../model/urgency.ts';
import type { Send, Stage, UpstreamRequest } from './send.ts';

/** Gives what lies inside it until the last of those who wait gives up, then UPSTREAM_TIMEOUT. Whoever joins them prolongs it. */
export const untilUrgencyEnds: Stage = (next) => (request) =>
  sendUntil(next, request, { end: request.urgency, words: 'time' });

/** Gives one attempt on the wire `ms` milliseconds, then UPSTREAM_TIMEOUT. */
export const deadline =
  (ms: number): Stage =>
  (next) =>
  (request) =>
    sendUntil(next, request, { end: fixedUrgency(request.urgency.priority, Date.now() + ms), words: `${ms} ms` });

interface Limit {
  readonly end: Pick<Urgency, 'endsAt' | 'onRaise'>;
  /** What the time was, for the log. */
  readonly words: string;
}

const sendUntil = async (next: Send, request: UpstreamRequest, { end, words }: Limit) => {
  const tooLate = () =>
    new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`no answer from ${request.endpoint} in ${words}`) });
  if (end.endsAt <= Date.now()) throw tooLate(); // a timer would let it out first
  const patience = endOf(end, tooLate);
  try {
    return await next({ ...request, signal: AbortSignal.any([request.signal, patience.signal]) });
  } finally {
    patience.stop();
  }
};

/** A signal that ends, with what `tooLate` gives, when the time of an urgency is over; raises prolong it. `stop` ends the wait for that. */
export const endOf = (
  end: Pick<Urgency, 'endsAt' | 'onRaise'>,
  tooLate: () => Error,
): { readonly signal: AbortSignal; readonly stop: () => void } => {
  const late = new AbortController();
  const arm = () => setTimeout(() => late.abort(tooLate()), end.endsAt - Date.now());
  let timer = arm();
  const ignore = end.onRaise(() => {
    clearTimeout(timer);
    timer = arm();
  });
  return {
    signal: late.signal,
    stop: () => {
      clearTimeout(timer);
      ignore();
    },
  };
};
