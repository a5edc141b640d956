import { CallerGone, GatewayError } from '../../src/model/errors.ts';
import type { Urgency } from '../../src/model/urgency.ts';
import type { Send, Stage, UpstreamRequest, UpstreamResponse } from '../../src/upstream/send.ts';
import type { ArrivalChecks } from './check-arrivals.ts';
import type { Verdict } from './checks.ts';
import { ownerOf } from './network.ts';

/** What requests of one location cost while more was asked of it than its budget gives. */
interface Pressure {
  /** Requests that went out, without those whose callers left and those that were refused for what no gateway could have known. */
  requests: number;
  /** Calls that brought an answer. */
  answers: number;
  /** What became of those requests that brought none, in words. */
  readonly inVain: string[];
}

/** Watches calls on both sides of the limiter, for all replicas together. */
export interface CallChecks {
  /** A pair for each run of a replica: who stands before the limiter, and who comes after it. */
  readonly around: (transport: Send) => { readonly before: Stage; readonly after: Send };
  /** From now on what the calls of this location cost is counted, until `end`. */
  readonly press: (owner: string) => { readonly end: () => void; readonly pressure: Pressure };
}

/** Surroundings of the watch. */
export interface CallCheckDeps {
  readonly now: () => number;
  readonly arrivals: Pick<ArrivalChecks, 'sent'>;
  readonly verdict: Verdict;
  readonly isUnforeseeable: (answer: UpstreamResponse) => boolean;
}

// Our own mark on a request: the stages between pass on what they do not understand.
const callKey = Symbol('call');

interface Call {
  readonly owner: string;
  readonly urgency: Urgency;
  /** Since when a person waits for it; null while nobody does. */
  personSince: number | null;
  /** Under which it was sent. */
  pressure: Pressure | null;
}

/** Nothing is under way. */
export const createCallChecks = ({ now, arrivals, verdict, isUnforeseeable }: CallCheckDeps): CallChecks => {
  const pressures = new Map<string, Pressure>();

  const around = (transport: Send) => {
    const waiting = new Set<Call>();
    const before: Stage = (next) => async (request) => {
      const call: Call = { owner: ownerOf(request), urgency: request.urgency, personSince: null, pressure: null };
      const look = () => {
        if (call.urgency.priority === 'interactive') call.personSince ??= now();
      };
      look();
      const ignore = request.urgency.onRaise(look);
      waiting.add(call);
      try {
        const marked: UpstreamRequest & { readonly [callKey]: Call } = { ...request, [callKey]: call };
        const answer = await next(marked);
        if (answer.status < 300 && call.pressure) call.pressure.answers += 1;
        return answer;
      } finally {
        waiting.delete(call);
        ignore();
      }
    };
    const checkLine = (call: Call): void => {
      if (call.urgency.priority === 'interactive') return;
      for (const { owner, personSince } of waiting) {
        if (owner !== call.owner || personSince === null || personSince >= now()) continue;
        verdict.broken(
          'line',
          `${owner}: ${call.urgency.priority} goes first; a person has waited since ${now() - personSince} ms`,
        );
      }
    };
    const after: Send = async (request) => {
      const call = callOf(request);
      waiting.delete(call);
      checkLine(call);
      arrivals.sent(call.owner, call.urgency.priority, now());
      const pressure = (call.pressure = pressures.get(call.owner) ?? null);
      if (pressure === null) return transport(request);
      pressure.requests += 1;
      const leftMs = request.urgency.endsAt - Date.now();
      const inVain = (why: string) => pressure.inVain.push(`${request.endpoint} with ${leftMs} ms left: ${why}`);
      try {
        const answer = await transport(request);
        if (isUnforeseeable(answer)) pressure.requests -= 1;
        else if (answer.status >= 300) inVain(String(answer.status));
        return answer;
      } catch (error) {
        if (error instanceof CallerGone) pressure.requests -= 1;
        else inVain(error instanceof GatewayError ? error.code : String(error));
        throw error;
      }
    };
    return { before, after };
  };
  return {
    around,
    press: (owner) => {
      const pressure: Pressure = { requests: 0, answers: 0, inVain: [] };
      pressures.set(owner, pressure);
      return { pressure, end: () => void pressures.delete(owner) };
    },
  };
};

const isMarked = (request: UpstreamRequest): request is UpstreamRequest & { readonly [callKey]: Call } =>
  callKey in request;

const callOf = (request: UpstreamRequest): Call => {
  if (!isMarked(request)) throw new Error('a request has lost its mark between the stages');
  return request[callKey];
};
