import type { Random } from './random.ts';
import type { Replica } from './replica.ts';
import { promised } from './scenario.ts';
import { locationName } from './upstream-data.ts';
import type { World } from './world.ts';

/** What goes wrong, for a while; gives what ends it. */
type Fault = (world: World, random: Random) => () => void;

/** When faults are about. */
export interface Faults {
  /** Whether nothing is wrong, and nothing has been for so long. */
  readonly isCalm: (forMs: number) => boolean;
  readonly counts: ReadonlyMap<string, number>;
}

const anyLocation = ({ scenario }: World, random: Random) => locationName(random.between(0, scenario.locations - 1));

// Another client of the same app on the same budget: the gateway has to make do with what is left.
const othersSpend: Fault = (world, random) => {
  const owner = anyLocation(world, random);
  const gapMs = random.between(30, 400);
  let isOver = false;
  const spend = (): void => {
    if (isOver) return;
    world.upstream.spendOtherwise(owner);
    world.time.after(random.gap(gapMs), spend);
  };
  spend();
  return () => void (isOver = true);
};

const storm: Fault = (world, random) => {
  const owner = random.chance(0.3) ? null : anyLocation(world, random);
  const date = new Date(world.time.now() + 3_000).toUTCString();
  const retryAfter = random.pick([null, null, '0', '1', '2', '5', date, 'soon']);
  world.upstream.storm = { owner, retryAfter };
  return () => void (world.upstream.storm = null);
};

const lostOnTheWay: Fault = ({ weather }, random) => {
  if (random.chance(0.5)) weather.lostAnswers = random.next() / 2;
  else weather.lostRequests = random.next() / 2;
  return () => Object.assign(weather, { lostAnswers: 0, lostRequests: 0 });
};

const slowAnswers: Fault = ({ weather }, random) => {
  weather.slowAnswers = random.next();
  return () => void (weather.slowAnswers = 0);
};

const upstreamDown: Fault = ({ weather }, random) => {
  weather.down = random.pick(['refusing', 'hanging', 'failing']);
  return () => void (weather.down = null);
};

const storeAwayFrom = ({ store, replicas }: World, random: Random, isGone: (replica: Replica) => boolean): void => {
  if (store === null) return;
  store.weather.how = random.pick(['refusing', 'silent']);
  for (const replica of replicas.filter(isGone)) store.weather.away.add(replica.name);
};

const storeAway: Fault = (world, random) => {
  storeAwayFrom(world, random, () => true);
  return () => world.store?.weather.away.clear();
};

const storeAwayFromOne: Fault = (world, random) => {
  const gone = random.between(0, world.replicas.length - 1);
  storeAwayFrom(world, random, (replica) => replica === world.replicas[gone]);
  return () => world.store?.weather.away.clear();
};

const storeEmptied: Fault = (world, random) => {
  storeAwayFrom(world, random, () => true);
  return () => {
    world.store?.empty();
    world.store?.weather.away.clear();
  };
};

const storeSlow: Fault = ({ store }, random) => {
  if (store === null) return () => undefined;
  const { mostMs } = store.weather;
  store.weather.mostMs = random.between(20, 300);
  return () => void (store.weather.mostMs = mostMs);
};

const replicaKilled: Fault = ({ replicas, desk, events }, random) => {
  const replica = replicas[random.between(0, replicas.length - 1)];
  replica?.kill();
  if (replica) desk.lost(replica);
  return () => {
    replica?.start();
    events.note('is back', replica?.name ?? '');
  };
};

interface Kind {
  readonly name: string;
  /** Of those that concern the same thing one is about at a time. */
  readonly about: 'budget' | 'wire' | 'answers' | 'upstream' | 'store' | 'store speed' | 'replica';
  readonly fault: Fault;
}

const kinds: readonly [Kind, ...Kind[]] = [
  { name: 'others spend the budget', about: 'budget', fault: othersSpend },
  { name: '429 storm', about: 'budget', fault: storm },
  { name: 'lost on the way', about: 'wire', fault: lostOnTheWay },
  { name: 'slow answers', about: 'answers', fault: slowAnswers },
  { name: 'upstream down', about: 'upstream', fault: upstreamDown },
  { name: 'store away', about: 'store', fault: storeAway },
  { name: 'store away from one replica', about: 'store', fault: storeAwayFromOne },
  { name: 'store emptied', about: 'store', fault: storeEmptied },
  { name: 'store slow', about: 'store speed', fault: storeSlow },
  { name: 'replica killed', about: 'replica', fault: replicaKilled },
];

/** Where nobody else remembers what a replica had spent before it died, it must not be back before that no longer counts: without a store,
 * and with one that a single replica may lose as well. */
const memorylessMs = promised.windowMs + 4_000;

/** Faults come by chance until `isOver`; clocks that are apart stay so. */
export const startFaults = (world: World, random: Random, isOver: () => boolean): Faults => {
  const { time, events, scenario, store } = world;
  const counts = new Map<string, number>(scenario.mostClockOffsetMs > 0 ? [['clocks apart', 1]] : []);
  const active = new Set<Kind['about']>();
  let lastEndedAt = -Infinity;
  const begin = (): void => {
    const { name, about, fault } = random.pick(kinds);
    if (active.has(about) || (store === null && about.startsWith('store'))) return;
    active.add(about);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    events.note('begins', name);
    const end = fault(world, random);
    const isForgotten = about === 'replica' && (store === null || scenario.replicas === 1);
    const leastMs = isForgotten ? memorylessMs : 500;
    time.after(random.between(leastMs, leastMs + random.pick([5_000, 20_000, 60_000])), () => {
      end();
      active.delete(about);
      lastEndedAt = time.now();
      events.note('ends', name);
    });
  };
  const next = (gapMs: number): void =>
    void time.after(random.gap(gapMs), () => {
      if (isOver()) return;
      begin();
      next(gapMs);
    });
  if (scenario.faultGapMs !== null) next(scenario.faultGapMs);
  return { counts, isCalm: (forMs) => active.size === 0 && time.now() - lastEndedAt >= forMs };
};
