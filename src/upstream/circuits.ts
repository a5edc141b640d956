import { GatewayError } from '../model/errors.ts';
import type { Tally } from '../observe/tally.ts';
import { createCircuit, type Circuit, type CircuitState, type Pass } from './circuit.ts';
import { createOutcomes, type Outcomes } from './outcomes.ts';
import { holderKey, type Holder, type Send, type Stage, type UpstreamRequest } from './send.ts';

/** A circuit that changed. */
export interface CircuitChange {
  readonly endpoint: string;
  /** Whose circuit it is; null for the one that stands for everyone. */
  readonly holderKind: Holder['kind'] | null;
  readonly state: CircuitState;
}

/** Where upstream keeps failing it is left alone: a circuit for each route, and one for each holder on it, so that a sick location fails
 * fast by itself and never for others. */
export interface Circuits {
  /** Refuses at once what would most likely fail: UPSTREAM_CIRCUIT_OPEN with the wait. Stands outside of whatever a request has to wait for. */
  readonly gate: Stage;
  /** Counts what comes from the wire. Stands inside of our own refusals and outside of an attempt's deadline. */
  readonly watch: Stage;
  /** One row for each route that was ever called. */
  snapshot(): readonly {
    readonly endpoint: string;
    readonly state: CircuitState;
    /** Holders whose own circuit is not closed. */
    readonly openHolderCount: number;
  }[];
}

/** No timers; every circuit starts closed. */
export const createCircuits = ({
  onChange,
  tally,
}: {
  onChange: (change: CircuitChange) => void;
  tally: Tally;
}): Circuits => {
  const routes = new Map<string, Route>();
  const routeOf = (endpoint: string): Route => {
    const known = routes.get(endpoint);
    if (known) return known;
    const route = createRoute({
      onChange: (holderKind, state) => onChange({ endpoint, holderKind, state }),
      onRefusal: ({ urgency }) => tally.add(`shed ${urgency.priority} circuit`),
    });
    routes.set(endpoint, route);
    return route;
  };
  return {
    gate: (next) => (request) => letThrough(routeOf(request.endpoint), request, next),
    watch: (next) => (request) => watched(routeOf(request.endpoint), request, next),
    snapshot: () => {
      const now = Date.now();
      return [...routes].map(([endpoint, { everyone, holders }]) => ({
        endpoint,
        state: everyone.state(now),
        openHolderCount: [...holders.values()].filter((own) => own.state(now) !== 'closed').length,
      }));
    },
  };
};

interface Route {
  readonly everyone: Circuit;
  /** Of those that opened during the last minute. */
  readonly holders: Map<string, Circuit>;
  readonly outcomes: Outcomes;
  readonly onChange: (holderKind: Holder['kind'] | null, state: CircuitState) => void;
  readonly onRefusal: (request: UpstreamRequest) => void;
}

const createRoute = (hears: Pick<Route, 'onChange' | 'onRefusal'>): Route => ({
  everyone: createCircuit((state) => hears.onChange(null, state)),
  holders: new Map(),
  outcomes: createOutcomes(),
  ...hears,
});

const circuitsFor = ({ everyone, holders }: Route, holder: string): readonly Circuit[] => {
  const own = holders.get(holder);
  return own ? [everyone, own] : [everyone];
};

// The gate's mark on a request: by it `watch` knows a probe. The stages between pass on what they do not understand.
const passKey = Symbol('pass');
interface Passed extends UpstreamRequest {
  readonly [passKey]: Pass;
}
const isPassed = (request: UpstreamRequest): request is Passed => passKey in request;

const letThrough = async (route: Route, request: UpstreamRequest, next: Send) => {
  const circuits = circuitsFor(route, holderKey(request.holder));
  const now = Date.now();
  const waitMs = longestWaitMs(circuits, now);
  if (waitMs > 0) throw refusal(route, request, waitMs);
  const pass: Pass = { at: now, isOnWire: false };
  const passed: Passed = { ...request, [passKey]: pass };
  for (const circuit of circuits) circuit.enter(pass);
  try {
    return await next(passed);
  } finally {
    for (const circuit of circuits) circuit.leave(pass);
  }
};

const watched = async (route: Route, request: UpstreamRequest, next: Send) => {
  const circuits = circuitsFor(route, holderKey(request.holder));
  const departedAt = Date.now();
  const pass = isPassed(request) ? request[passKey] : { at: departedAt, isOnWire: false };
  if (!circuits.every((circuit) => circuit.mayDepart(pass)))
    throw refusal(route, request, longestWaitMs(circuits, departedAt));
  pass.isOnWire = true;
  const epochs = epochsOf(route, request.holder);
  const note = (isFailure: boolean) =>
    noteOutcome(route, request.holder, { pass, isFailure, isCurrent: epochs === epochsOf(route, request.holder) });
  try {
    const response = await next(request);
    note(response.status >= 500);
    return response;
  } catch (error) {
    if (!request.signal.aborted && error instanceof GatewayError) note(isNoAnswer(error)); // of one who left nothing is learned
    throw error;
  }
};

const isNoAnswer = ({ code }: GatewayError): boolean => code === 'UPSTREAM_UNAVAILABLE' || code === 'UPSTREAM_TIMEOUT';

const epochsOf = ({ everyone, holders }: Route, holder: Holder): string =>
  `${everyone.epoch} ${holders.get(holderKey(holder))?.epoch ?? 0}`;

const longestWaitMs = (circuits: readonly Circuit[], now: number): number =>
  Math.max(...circuits.map((circuit) => circuit.waitMs(now)));

const refusal = ({ onRefusal }: Route, request: UpstreamRequest, waitMs: number): GatewayError => {
  onRefusal(request);
  return new GatewayError('UPSTREAM_CIRCUIT_OPEN', {
    retryAfterMs: Math.ceil(waitMs),
    cause: new Error(`the circuit of ${request.endpoint} is open`),
  });
};

interface Outcome {
  readonly pass: Pass;
  readonly isFailure: boolean;
  /** Whether it departed since the circuits last closed: what hangs from before would open them again. */
  readonly isCurrent: boolean;
}

const noteOutcome = (route: Route, holder: Holder, { pass, isFailure, isCurrent }: Outcome): void => {
  const { everyone, holders, outcomes } = route;
  const key = holderKey(holder);
  const now = Date.now();
  if (everyone.settle(pass, isFailure, now)) outcomes.clear();
  if (holders.get(key)?.settle(pass, isFailure, now)) outcomes.forget(key, now);
  if (!isCurrent || everyone.state(now) !== 'closed') return;
  outcomes.note(key, isFailure, now);
  if (!isFailure) return;
  if (outcomes.isRouteSick(now)) everyone.open(now);
  if (outcomes.isHolderSick(key, now)) ownCircuit(route, holder, now).open(now);
};

const ownCircuit = ({ holders, onChange }: Route, holder: Holder, now: number): Circuit => {
  const key = holderKey(holder);
  const known = holders.get(key);
  if (known) return known;
  for (const [other, circuit] of holders) if (circuit.isIdle(now)) holders.delete(other);
  const made = createCircuit((state) => onChange(holder.kind, state));
  holders.set(key, made);
  return made;
};
