import { GatewayError, type ErrorCode } from '../model/errors.ts';
import type { Tally } from '../observe/tally.ts';
import { orAborted } from './abort.ts';
import { retryAfterMs } from './refusal.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Send, Stage, UpstreamRequest, UpstreamResponse } from './send.ts';

const mostAttempts = 3;
/** A time-out has cost its waiters seconds already, and whoever hangs twice hangs a third time. */
const mostTimeouts = 1;
/** Waits that upstream asks for are obeyed up to that sum; beyond it those who wait are told at once. */
const mostToldMs = 2_000;
const baseMs = 100;

/** Repeats what may be asked twice and what may go better the second time: no answer, a time-out, a failure of upstream's own, a 429 that
 * is over soon. Each repeat is taken from the budget. Gives or throws what came last. */
export const retry =
  ({ budget, tally }: { budget: RetryBudget; tally: Tally }): Stage =>
  (next) =>
  // Not cockatiel's retry: its backoff cannot say "not at all" once it has seen which wait upstream asks for.
  async (request) => {
    if (!request.isRepeatable) return next(request);
    const past: Past = { attempts: 0, timeouts: 0, toldMs: 0 };
    for (;;) {
      const ended = await attempt(next, request);
      if (past.attempts === 0 && ended.isFromUpstream) budget.first();
      past.attempts += 1;
      const waitMs = ended.fault === null ? null : waitBefore(ended.fault, past, request);
      if (ended.fault === null || waitMs === null || !budget.takeRepeat()) return ended.give();
      tally.add(`retry ${request.endpoint} ${ended.fault.reason}`);
      await wait(waitMs, request.signal);
    }
  };

/** What is known of the attempts of one request. */
interface Past {
  attempts: number;
  timeouts: number;
  /** Sum of the waits that upstream asked for and got. */
  toldMs: number;
}

/** Something that may go better the next time. */
interface Fault {
  /** For counts. */
  readonly reason: string;
  readonly isTimeout: boolean;
  /** The wait that was asked for; null where nobody asked. */
  readonly toldMs: number | null;
}

interface Ended {
  /** Null where this is the end of it. */
  readonly fault: Fault | null;
  /** Whether it got as far as upstream; what we refuse ourselves does not. */
  readonly isFromUpstream: boolean;
  /** The answer, or the error thrown. */
  readonly give: () => UpstreamResponse;
}

const attempt = async (next: Send, request: UpstreamRequest): Promise<Ended> => {
  try {
    const response = await next(request);
    return { fault: faultOf(response), isFromUpstream: true, give: () => response };
  } catch (error) {
    const give = () => {
      throw error;
    };
    if (request.signal.aborted || !(error instanceof GatewayError)) return { fault: null, isFromUpstream: false, give };
    return { fault: faultOfError(error), isFromUpstream: upstreamCodes.has(error.code), give };
  }
};

const upstreamCodes: ReadonlySet<ErrorCode> = new Set([
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_INVALID_RESPONSE',
]);
const passing: ReadonlySet<number> = new Set([500, 502, 503, 504]);

const faultOf = (response: UpstreamResponse): Fault | null => {
  if (response.headers['x-ratelimit-daily-remaining'] === '0') return null; // the day is used up: stop (upstream README §7)
  const toldMs = toldWait(response);
  if (passing.has(response.status) || (response.status === 429 && toldMs !== null))
    return { reason: String(response.status), isTimeout: false, toldMs };
  return null;
};

const toldWait = ({ headers, budgetWaitMs }: UpstreamResponse): number | null => {
  const toldMs = retryAfterMs(headers);
  return budgetWaitMs === undefined ? toldMs : Math.max(toldMs ?? 0, budgetWaitMs);
};

// An error that names a wait is not from the wire: no token is to be had for now, and asking for it again and again would help nobody.
const faultOfError = ({ code, retryAfterMs: toldMs }: GatewayError): Fault | null => {
  if (toldMs !== null) return null;
  if (code === 'UPSTREAM_TIMEOUT') return { reason: code, isTimeout: true, toldMs };
  return code === 'UPSTREAM_UNAVAILABLE' ? { reason: code, isTimeout: false, toldMs } : null;
};

// Null where waiting makes no sense.
const waitBefore = ({ isTimeout, toldMs }: Fault, past: Past, { urgency }: UpstreamRequest): number | null => {
  past.timeouts += isTimeout ? 1 : 0;
  past.toldMs += toldMs ?? 0;
  if (past.attempts >= mostAttempts || past.timeouts > mostTimeouts || past.toldMs > mostToldMs) return null;
  const waitMs = toldMs ?? jitterMs(past.attempts);
  return Date.now() + waitMs < urgency.endsAt ? waitMs : null;
};

// Full jitter: those who failed together must not come back together.
const jitterMs = (attempts: number): number => Math.random() * baseMs * 2 ** (attempts - 1);

const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  let timer;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.ceil(ms));
  });
  try {
    await orAborted(over, signal);
  } finally {
    clearTimeout(timer);
  }
};
