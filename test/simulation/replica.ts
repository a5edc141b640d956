import { createCache } from '../../src/cache/cache.ts';
import { createKeys, type Lifetimes } from '../../src/cache/keys.ts';
import { composeEconomy, type EconomyOptions } from '../../src/compose-economy.ts';
import { toLocationId, type LocationId } from '../../src/model/ids.ts';
import type { Log } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createReads, type Reads } from '../../src/reads/index.ts';
import type { Shared } from '../../src/stores/shared.ts';
import type { Send, Stage } from '../../src/upstream/send.ts';
import type { CallChecks } from './check-calls.ts';
import type { Life, VirtualTime } from './clock.ts';
import type { Break } from './breaks.ts';

/** A gateway, without the doors that requests come in by. */
export interface Replica {
  readonly name: string;
  /** Null while it is down. */
  readonly running: () => Running | null;
  readonly start: () => void;
  /** All that it had in memory is lost, and none of its timers acts any more. */
  readonly kill: () => void;
}

/** From a start to a kill. */
export interface Running {
  readonly life: Life;
  readonly reads: Reads;
}

/** Settings of all replicas. */
export interface ReplicaOptions extends Omit<EconomyOptions, 'space'> {
  readonly lifetimes: Lifetimes;
  readonly cacheMemoryBytes: number;
}

/** What a replica is put into. */
export interface ReplicaDeps {
  readonly time: VirtualTime;
  readonly transport: (life: Life) => Send;
  /** Null where each replica is by itself. */
  readonly shared: ((life: Life) => Shared) | null;
  readonly calls: CallChecks;
  readonly clockOffsetMs: () => number;
  /** What its log says; only warnings and the like. */
  readonly said: (name: string, message: string) => void;
  /** A piece that is broken on purpose. */
  readonly breaking: Break;
}

/** Starts down. */
export const createReplica = (name: string, deps: ReplicaDeps, options: ReplicaOptions): Replica => {
  let running: Running | null = null;
  return {
    name,
    running: () => running,
    start: () => {
      const life: Life = { name, clockOffsetMs: deps.clockOffsetMs(), isAlive: true };
      running = { life, reads: deps.time.live(life, () => compose(life, deps, options)) };
    },
    kill: () => {
      if (running !== null) running.life.isAlive = false;
      running = null;
    },
  };
};

const compose = (life: Life, deps: ReplicaDeps, options: ReplicaOptions): Reads => {
  const { breaking } = deps;
  const log = logOf((message) => deps.said(life.name, message));
  const tally = createTally();
  const shared = deps.shared?.(life) ?? null;
  const { before, after } = deps.calls.around(deps.transport(life));
  // No tokens here: what stands before the limiter is the watch.
  const authorize: Stage = (next) => before(breaking.beforeLimit(next));
  const given = { ...options, ...breaking.options, space: 'simulation' };
  const surroundings = { transport: after, authorize, shared, log, tally };
  const { upstream } = breaking.economy(surroundings, given) ?? composeEconomy(surroundings, given);
  const cache = createCache({ memoryBytes: options.cacheMemoryBytes, shared, secret: 'simulated', tally });
  const keys = breaking.keys(createKeys('simulation', given.lifetimes));
  return createReads(
    { cache, keys, upstream, tally },
    { defaultTimeZone: 'UTC', accountStatistics: 'roll-up', companyId: null, connectedIds: null, rollUpLocations: 20 },
  );
};

const logOf = (say: (message: string) => void): Log => ({
  debug: () => undefined,
  info: say,
  warn: say,
  error: say,
  failed: say,
  bug: say,
});

/** Throws for what is no location's id. */
export const locationId = (name: string): LocationId => {
  const id = toLocationId(name);
  if (id === null) throw new Error(`${name} is no location`);
  return id;
};
