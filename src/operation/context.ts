import { createLoaders } from '../loaders/index.ts';
import type { Allowances } from '../limiter/allowances.ts';
import { mayRead, type Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import type { FreshnessWish } from '../model/freshness.ts';
import { toLocationId, type LocationId } from '../model/ids.ts';
import { fixedUrgency, type Priority } from '../model/urgency.ts';
import { createCostMeter, type CostMeter } from '../observe/cost.ts';
import type { Reads } from '../reads/index.ts';
import type { GatewayContext, GatewayState } from '../resolvers/context.ts';
import type { Estimate } from './estimate.ts';

/** What became of an operation, filled in on its way; the HTTP room and the log read it. */
interface OperationTrace {
  /** The operation's name once the document is parsed; upstream calls carry it to the sandbox. */
  readonly names: string[];
  /** Null until the document is parsed. */
  kind: 'query' | 'mutation' | 'subscription' | null;
  /** Null until the operation is known to be executable. */
  estimate: Estimate | null;
  /** Locations that were asked for and may be read. */
  readonly locations: Set<LocationId>;
  /** Ids that were asked for and are no location of the caller's. */
  denied: number;
  /** Times that the token room was asked, which may ask upstream. */
  grantLooks: number;
  /** Milliseconds of parsing, validating and estimating; a document that is kept costs none. */
  workMs: number;
  /** Whether the document stands in a manifest; null where there are none. */
  isTrusted: boolean | null;
  /** Whether the answer tells of the gateway itself, which may be otherwise a moment later. */
  tellsOfNow: boolean;
  /** `ok`, or the code of the first error. */
  outcome: string;
  /** Whether all errors are the client's own mistakes, found before execution. */
  isClientMistake: boolean;
}

/** The resolvers' context and what the operation room notes beside it. */
export interface OperationContext extends GatewayContext {
  readonly meter: CostMeter;
  readonly trace: OperationTrace;
  /** Whether the answer tells what it has cost. */
  readonly isTellingCost: boolean;
}

/** Makes the context of each operation, with fresh loaders. */
export type CreateContext = (operation: {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** When upstream calls must have answered for the whole to be in time, epoch milliseconds. */
  readonly endsAt: number;
  readonly priority: Priority;
  readonly wish: FreshnessWish;
  readonly isTellingCost: boolean;
}) => OperationContext;

interface ContextDeps {
  readonly reads: Reads;
  readonly state: GatewayState;
  readonly allowances: Pick<Allowances, 'admitLocations'>;
}

/** `reads`, `state` and `allowances` are the process's, everything else is the operation's own. */
export const createContextFactory =
  ({ reads, state, allowances }: ContextDeps): CreateContext =>
  ({ caller, signal, requestId, endsAt, priority, wish, isTellingCost }) => {
    const trace: OperationTrace = {
      names: [],
      kind: null,
      estimate: null,
      locations: new Set(),
      denied: 0,
      grantLooks: 0,
      workMs: 0,
      isTrusted: null,
      tellsOfNow: false,
      outcome: 'ok',
      isClientMistake: false,
    };
    const meter = createCostMeter();
    const cause = { signal, operations: trace.names, urgency: fixedUrgency(priority, endsAt), meter, wish };
    const loaders = createLoaders({ reads, caller, cause });
    const readable = (text: string): LocationId | null => {
      const id = toLocationId(text);
      const isReadable = id !== null && mayRead(caller, id);
      if (isReadable) trace.locations.add(id);
      else trace.denied += 1;
      return isReadable ? id : null;
    };
    const admit = async (ids: readonly LocationId[]): Promise<void> => {
      const { retryAfterMs } = await allowances.admitLocations(ids);
      if (retryAfterMs !== null) throw tooManyForLocation(retryAfterMs);
      for (const id of ids) trace.locations.add(id);
    };
    return {
      caller,
      readable,
      admit,
      loaders,
      state: noted(state, trace),
      signal,
      requestId,
      trace,
      meter,
      isTellingCost,
    };
  };

/** More is asked of a location than all callers together may. */
export const tooManyForLocation = (retryAfterMs: number): GatewayError =>
  new GatewayError('RATE_LIMITED', {
    retryAfterMs,
    message: 'More is asked of this location than it may take just now.',
  });

const noted = (state: GatewayState, trace: OperationTrace): GatewayState => ({
  installation: (locationId, signal) => {
    trace.tellsOfNow = true;
    trace.grantLooks += 1;
    return state.installation(locationId, signal);
  },
  quota: (locationId) => {
    trace.tellsOfNow = true;
    return state.quota(locationId);
  },
});
