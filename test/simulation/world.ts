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
import { createReplica, type Replica } from './replica.ts';
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
  const clocks = random.fork('clocks');
  const clockOffsetMs = () => clocks.between(-scenario.mostClockOffsetMs, scenario.mostClockOffsetMs);
  const { limit, windowMs, dailyLimit } = scenario.limits;
  const arrivals = createArrivalChecks({ limit, windowMs, dailyLimit, reserve: promised.reserve }, verdict);
  const slackMs = 2 * scenario.mostClockOffsetMs + upstreamTimeoutMs + 1_000;
  const answers = createAnswerChecks(slackMs, verdict);
  const upstream = createSimulatedUpstream({
    ...{ now: time.now, random: random.fork('upstream'), scenario, events, arrivals, verdict },
  });
  const weather: Weather = { lostRequests: 0, lostAnswers: 0, slowAnswers: 0, down: null };
  const store = scenario.hasStore
    ? createSharedStore({
        time,
        random: random.fork('store'),
        clockOffsetMs: clockOffsetMs(),
        onWrite: answers.written,
      })
    : null;
  const calls = createCallChecks({ now: time.now, arrivals, verdict });
  const { broken: breaking } = breaks[options.breaking];
  const wire = { time, random: random.fork('network'), weather, arrive: upstream.arrive };
  const deps = {
    ...{ time, calls, clockOffsetMs, breaking },
    transport: (life: Parameters<typeof createNetwork>[1]) => breaking.transport(createNetwork(wire, life)),
    shared: store?.connect ?? null,
    said: (name: string, message: string) => events.note('says', name, message),
  };
  const replicaOptions = {
    burst: { limit, windowMs },
    dailyLimit,
    replicas: scenario.replicas,
    interactiveReserve: promised.reserve,
    upstreamTimeoutMs,
    lifetimes: scenario.lifetimes,
    cacheMemoryBytes: 2 ** 22,
  };
  const replicas = Array.from({ length: scenario.replicas }, (_, index) =>
    createReplica(`replica${index + 1}`, deps, replicaOptions),
  );
  for (const replica of replicas) replica.start();
  const desk = createDesk({
    time,
    events,
    verdict,
    answers,
    replicas,
    lifetimes: scenario.lifetimes,
    random: random.fork('desk'),
    breaking,
  });
  return { time, random, scenario, events, verdict, upstream, weather, store, replicas, calls, desk };
};
