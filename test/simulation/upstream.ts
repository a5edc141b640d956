import type { UpstreamRequest, UpstreamResponse } from '../../src/upstream/send.ts';
import type { ArrivalChecks } from './check-arrivals.ts';
import type { Verdict } from './checks.ts';
import type { EventLog } from './events.ts';
import { ownerOf } from './network.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { createAnswers, locationsIn } from './upstream-data.ts';
import { createHolderLimits, type HolderLimits } from './upstream-limits.ts';

/** Refuses everything of one location, or of all, for a while. */
interface Storm {
  /** Null for all. */
  readonly owner: string | null;
  /** Null where it does not say when to come again. */
  readonly retryAfter: string | null;
}

/** Stands for the Users API. */
export interface SimulatedUpstream {
  readonly arrive: (request: UpstreamRequest) => UpstreamResponse;
  /** Somebody else sends a request on the same budget. */
  readonly spendOtherwise: (owner: string) => void;
  storm: Storm | null;
  /** Whether it refused for what no gateway could have known (see `Arrival`). */
  readonly isUnforeseeable: (answer: UpstreamResponse) => boolean;
  readonly counts: () => { readonly arrivals: number; readonly refused: number };
}

/** What upstream is made of. */
export interface UpstreamDeps {
  readonly now: () => number;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly events: EventLog;
  readonly arrivals: ArrivalChecks;
  readonly verdict: Verdict;
}

/** Nothing spent. */
export const createSimulatedUpstream = (deps: UpstreamDeps): SimulatedUpstream => {
  const { now, random, scenario, events, arrivals, verdict } = deps;
  const answer = createAnswers(scenario.locations);
  const holders = new Map<string, HolderLimits>();
  const unforeseeable = new WeakSet<UpstreamResponse>();
  let count = 0;
  let refused = 0;
  const holderOf = (owner: string) => {
    const known = holders.get(owner);
    if (known) return known;
    const made = createHolderLimits(scenario.limits, random.fork(owner));
    holders.set(owner, made);
    return made;
  };
  const upstream: SimulatedUpstream = {
    storm: null,
    arrive: (request) => {
      const owner = ownerOf(request);
      const stranger = locationsIn(request.path + (request.body ?? '')).find((location) => location !== owner);
      if (stranger !== undefined) verdict.broken('tenant', `a request of ${owner} asks for ${stranger}`);
      const { isRefused, isUnforeseeable, headers, day } = holderOf(owner).arrive(now());
      arrivals.arrived(owner, now(), day);
      const storm = upstream.storm?.owner === owner || upstream.storm?.owner === null ? upstream.storm : null;
      count += 1;
      events.note(isRefused || storm ? 'refused upstream' : 'arrives', owner, request.endpoint);
      if (!isRefused && !storm)
        return { status: request.method === 'POST' ? 201 : 200, headers, body: answer(request, now()) };
      refused += 1;
      const refusal = { status: 429, headers: withRetryAfter(headers, storm), body: null };
      if (isUnforeseeable) unforeseeable.add(refusal);
      return refusal;
    },
    spendOtherwise: (owner) => holderOf(owner).arriveOtherwise(now()),
    isUnforeseeable: (answer) => unforeseeable.has(answer),
    counts: () => ({ arrivals: count, refused }),
  };
  return upstream;
};

const withRetryAfter = (headers: Readonly<Record<string, string>>, storm: Storm | null) =>
  storm?.retryAfter ? { ...headers, 'retry-after': storm.retryAfter } : headers;
