import { anyFreshness, type FreshnessWish } from '../../src/model/freshness.ts';
import type { LocationId } from '../../src/model/ids.ts';
import type { Faults } from './faults.ts';
import type { Question, Topic } from './operation.ts';
import type { Random } from './random.ts';
import { locationId } from './replica.ts';
import { locationName } from './upstream-data.ts';
import type { World } from './world.ts';

/** What was counted of the crowds. */
export interface Crowds {
  count: number;
  /** Crowds that met no fault, and what the calls of theirs cost. */
  judged: number;
  requests: number;
  answers: number;
}

/** Somebody who asks again and again until `isOver`. */
type Asker = (world: World, random: Random, isOver: () => boolean) => void;

// A few locations are looked at more than all the others.
const anyLocation = ({ scenario }: World, random: Random): LocationId =>
  locationId(locationName(Math.floor(scenario.locations * random.next() ** 3)));

const anyWish = (random: Random): FreshnessWish => {
  const seconds = random.between(1, 30);
  if (random.chance(0.75)) return anyFreshness;
  return random.pick<FreshnessWish>([
    { ...anyFreshness, maxAgeSeconds: seconds },
    { ...anyFreshness, maxAgeSeconds: 5 }, // no-cache
    { ...anyFreshness, isOnlyIfCached: true },
    { ...anyFreshness, maxStaleSeconds: random.chance(0.5) ? seconds : Infinity },
  ]);
};

const anyTopic = (random: Random): Topic =>
  random.pick<Topic>([
    { kind: 'dashboard', skip: 5 * random.between(0, 3) },
    { kind: 'dashboard', skip: 0 },
    { kind: 'tags', skip: 5 * random.between(0, 60), search: null },
    { kind: 'details', from: random.between(0, 405), count: random.between(1, 8) },
    { kind: 'statistics', days: random.pick([1, 7, 30]) },
    random.chance(0.2) ? { kind: 'company' } : { kind: 'statistics', days: 7 },
  ]);

const people: Asker = (world, random, isOver) => {
  const come = (): void => {
    if (isOver()) return;
    const question: Question = {
      topic: anyTopic(random),
      location: anyLocation(world, random),
      priority: 'interactive',
      wish: anyWish(random),
    };
    void world.desk.ask(question, random.chance(0.1) ? random.between(1, random.pick([100, 1_000, 5_000])) : null);
    world.time.after(random.gap(world.scenario.peopleGapMs), come);
  };
  come();
};

const feed: Asker = (world, random, isOver) => {
  const location = anyLocation(world, random);
  const everyMs = random.between(1_000, 15_000);
  const wish = { ...anyFreshness, maxAgeSeconds: Math.ceil(everyMs / 1_000) };
  const look = (): void => {
    if (isOver()) return;
    void world.desk.ask({ topic: { kind: 'tags', skip: 0, search: null }, location, priority: 'live', wish });
    world.time.after(everyMs, look);
  };
  look();
};

// Takes everything that it may, for a while, then comes again.
const reader: Asker = (world, random, isOver) => {
  const { time, desk } = world;
  const run = (): void => {
    if (isOver()) return;
    const location = anyLocation(world, random);
    const until = time.now() + random.between(5_000, 25_000);
    let page = 0;
    const read = async (): Promise<void> => {
      while (time.now() < until && !isOver()) {
        page += 1;
        const topic: Topic = { kind: 'tags', skip: 0, search: `read ${until} ${page}` };
        const comeAgainMs = await desk.ask({ topic, location, priority: 'background', wish: anyFreshness });
        await new Promise<void>((resolve) => void time.after(comeAgainMs + random.between(1, 1_000), resolve));
      }
    };
    for (let hand = random.between(2, Math.ceil(world.scenario.limits.limit / 5)); hand > 0; hand -= 1) void read();
    time.after(random.gap(Math.max(60_000, world.scenario.crowdGapMs)), run);
  };
  time.after(random.gap(20_000), run);
};

/** Of one location more is asked than its budget gives, and what that costs is counted. */
const crowd = (world: World, random: Random, { faults, crowds }: { faults: Faults; crowds: Crowds }): void => {
  const { time, desk } = world;
  const location = anyLocation(world, random);
  const { limit } = world.scenario.limits;
  const size = random.between(Math.ceil(0.6 * limit), Math.ceil(2.2 * limit));
  const withinMs = random.between(100, 3_000);
  crowds.count += 1;
  const name = `crowd ${crowds.count}`;
  world.events.note('comes', name, `${location} ${size}`);
  const wasCalm = faults.isCalm(30_000);
  const { pressure, end } = world.calls.press(location);
  for (let index = 0; index < size; index += 1) {
    const topic: Topic = { kind: 'tags', skip: 0, search: `${name} ${index}` };
    const question: Question = { topic, location, priority: 'interactive', wish: anyFreshness };
    time.after(random.between(1, withinMs), () => void desk.ask(question));
  }
  time.after(20_000, end);
  time.after(35_000, () => {
    if (!wasCalm || !faults.isCalm(60_000) || pressure.answers < limit / 2) return;
    const { requests, answers, inVain } = pressure;
    crowds.judged += 1;
    crowds.requests += requests;
    crowds.answers += answers;
    if (requests <= Math.ceil(1.02 * answers)) return;
    const whole = `${name}: ${answers} answers of ${location} cost ${requests} requests`;
    world.verdict.broken('cost', `${whole}; in vain: ${inVain.join(', ') || 'none that is known'}`);
  });
};

/** Everybody comes, until `isOver`. */
export const startWorkload = (world: World, faults: Faults, isOver: () => boolean): Crowds => {
  const { random, scenario, time } = world;
  const crowds: Crowds = { count: 0, judged: 0, requests: 0, answers: 0 };
  people(world, random.fork('people'), isOver);
  for (let index = 0; index < scenario.feeds; index += 1) feed(world, random.fork(`feed ${index}`), isOver);
  for (let index = 0; index < scenario.readers; index += 1) reader(world, random.fork(`reader ${index}`), isOver);
  const gaps = random.fork('crowds');
  const come = (): void => {
    if (isOver()) return;
    crowd(world, gaps, { faults, crowds });
    time.after(gaps.gap(scenario.crowdGapMs), come);
  };
  time.after(gaps.gap(scenario.crowdGapMs / 2), come);
  return crowds;
};
