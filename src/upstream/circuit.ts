/** `half-open`: it is tried out whether upstream is good again. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** One request that was let through. Compared by identity. */
export interface Pass {
  readonly at: number;
  isOnWire: boolean;
}

/** Lets nothing through for a while after it was opened, then one probe at a time until one succeeds. Starts closed. */
export interface Circuit {
  state(now: number): CircuitState;
  /** How often it has closed: what departed before the last time tells nothing of now. */
  readonly epoch: number;
  /** Milliseconds until the next request may try; 0 where it may enter now. */
  waitMs(now: number): number;
  /** Only where `waitMs` is 0. Makes it the probe, unless closed. */
  enter(pass: Pass): void;
  /** Whether it may still go on the wire: it may have waited for its permit while this opened or another one became the probe. */
  mayDepart(pass: Pass): boolean;
  /** How the probe ended; of all others nothing is learned here. True when that closed the circuit. */
  settle(pass: Pass, isFailure: boolean, now: number): boolean;
  /** Whatever became of it: a probe that learned nothing gives its turn back. */
  leave(pass: Pass): void;
  /** Nothing where it is open already. */
  open(now: number): void;
  /** Whether it can be forgotten. */
  isIdle(now: number): boolean;
}

const firstOpenMs = 2_000;
const mostOpenMs = 5_000;
const growth = 1.5;
/** A probe that has not come to the wire by then (it waits for a token or a permit) loses its turn to the next one. */
const turnMs = 1_000;
const idleMs = 60_000;

interface Opened {
  /** Only moved by a clock that was set back. */
  at: number;
  readonly forMs: number;
}

// Not cockatiel's breaker: it counts calls, not locations, and gives no turn back that was never used.
/** Hears each change of state; that it is half open when the first probe enters. */
export const createCircuit = (onChange: (state: CircuitState) => void): Circuit => {
  let opened: Opened | null = null;
  let probe: Pass | null = null;
  let epoch = 0;
  let changedAt = 0;
  let told: CircuitState = 'closed';

  const tell = (state: CircuitState): void => {
    if (state !== told) onChange(state);
    told = state;
  };
  const turn = (to: Opened | null, now: number): void => {
    opened = to;
    changedAt = now;
    if (to === null) epoch += 1;
    tell(to === null ? 'closed' : 'open');
  };
  return {
    state: (now) => (opened === null ? 'closed' : leftMs(opened, now) > 0 ? 'open' : 'half-open'),
    get epoch() {
      return epoch;
    },
    waitMs: (now) => (opened === null ? 0 : Math.max(leftMs(opened, now), probingMs(probe, now))),
    enter: (pass) => {
      if (opened === null) return;
      probe = pass;
      tell('half-open');
    },
    mayDepart: (pass) => opened === null || probe === pass,
    settle: (pass, isFailure, now) => {
      if (opened === null || probe !== pass) return false;
      turn(isFailure ? { at: now, forMs: Math.min(opened.forMs * growth, mostOpenMs) } : null, now);
      return !isFailure;
    },
    leave: (pass) => {
      if (probe === pass) probe = null;
    },
    open: (now) => {
      if (opened === null) turn({ at: now, forMs: firstOpenMs }, now);
    },
    isIdle: (now) => probe === null && now - changedAt > idleMs,
  };
};

const leftMs = (opened: Opened, now: number): number => {
  opened.at = Math.min(opened.at, now); // a clock that was set back must not keep it open until it has caught up
  return Math.max(0, opened.at + opened.forMs - now);
};

const probingMs = (probe: Pass | null, now: number): number => {
  if (probe === null) return 0;
  return probe.isOnWire ? turnMs : Math.max(0, Math.min(turnMs, probe.at + turnMs - now));
};
