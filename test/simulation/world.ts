import { breaks } from './breaks.ts';
import { createAnswerChecks } from './check-answers.ts';
import { createArrivalChecks } from './check-arrivals.ts';
import { createCallChecks, type CallChecks } from './check-calls.ts';
import { createVerdict, type Verdict } from './checks.ts';
import type { VirtualTime } from './clock.ts';
import { createEventLog, type EventLog } from './events.ts';
import { createNetwork, type Weather } from './network.ts';
import { createDesk, type Desk } from './desk.ts';
import type { WorldOptions } from './options.ts';
import { createRandom, type Random } from './random.ts';
import { createReplica, type Replica, type ReplicaDeps } from './replica.ts';
import { drawScenario, promised, type Scenario } from './scenario.ts';
import { createSharedStore, type SharedStore } from './shared-store.ts';
import { createSimulatedUpstream, type SimulatedUpstream } from './upstream.ts';

/** Everything there is, while one seed is run. */
export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly events: EventLog;
  readonly verdict: Verdict;
  readonly upstream: SimulatedUpstream;
  readonly weather: Weather;
  /** Null where replicas share nothing. */
  readonly store: SharedStore | null;
  readonly replicas: readonly Replica[];
  readonly calls: CallChecks;
  readonly desk: Desk;
}

/** An attempt on the wire, as the product's setting has it. */
const upstreamTimeoutMs = 3_000;

/** All replicas are up and nobody has asked anything. */
export const createWorld = (
  options: WorldOptions,
  time: VirtualTime,
  onEvent: ((line: string) => void) | null,
): World => {
  const random = createRandom(String(options.seed));
  time.reset(random);
  const scenario = drawScenario(options, random.fork('scenario'));
  const events = createEventLog(time.now, onEvent);
  const verdict = createVerdict(events);
  const clockOffsetMs = clocksOf(scenario, random.fork('clocks'));
  const arrivals = createArrivalChecks({ ...scenario.limits, reserve: promised.reserve }, verdict);
  const answers = createAnswerChecks(2 * scenario.mostClockOffsetMs + upstreamTimeoutMs + 1_000, verdict);
  const seen = { now: time.now, arrivals, verdict };
  const upstream = createSimulatedUpstream({ ...seen, scenario, events, random: random.fork('upstream') });
  const calls = createCallChecks({ ...seen, isUnforeseeable: upstream.isUnforeseeable });
  const about = { time, scenario, events, verdict, calls };
  const weather: Weather = { lostRequests: 0, lostAnswers: 0, slowAnswers: 0, down: null };
  const storeParts = { time, random: random.fork('store'), clockOffsetMs: clockOffsetMs(), onWrite: answers.written };
  const store = scenario.hasStore ? createSharedStore(storeParts) : null;
  const wire = { time, random: random.fork('network'), weather, arrive: upstream.arrive };
  const { broken: breaking } = breaks[options.breaking];
  const replicas = startReplicas(scenario, {
    ...{ time, calls, clockOffsetMs, breaking },
    transport: (life) => breaking.transport(createNetwork(wire, life)),
    shared: store?.connect ?? null,
    said: (name, message) => events.note('says', name, message),
  });
  const { lifetimes } = scenario;
  const desk = createDesk({ ...about, answers, replicas, lifetimes, random: random.fork('desk'), breaking });
  return { ...about, random, upstream, weather, store, replicas, desk };
};

// One for each start of a replica, and one for the store.
const clocksOf =
  ({ mostClockOffsetMs }: Scenario, random: Random) =>
  (): number =>
    random.between(-mostClockOffsetMs, mostClockOffsetMs);

const startReplicas = ({ limits, lifetimes, replicas: count }: Scenario, deps: ReplicaDeps): readonly Replica[] => {
  const { limit, windowMs, dailyLimit } = limits;
  const replicas = Array.from({ length: count }, (_, index) =>
    createReplica(`replica${index + 1}`, deps, {
      burst: { limit, windowMs },
      dailyLimit,
      replicas: count,
      interactiveReserve: promised.reserve,
      upstreamTimeoutMs,
      lifetimes,
      cacheMemoryBytes: 2 ** 22,
    }),
  );
  for (const replica of replicas) replica.start();
  return replicas;
};
