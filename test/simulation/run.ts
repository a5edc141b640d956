import type { Violation } from './checks.ts';
import type { VirtualTime } from './clock.ts';
import { startFaults } from './faults.ts';
import type { WorldOptions } from './options.ts';
import { startWorkload, type Crowds } from './workload.ts';
import { createWorld, type World } from './world.ts';

/** What came of one world. */
export interface Report {
  readonly options: WorldOptions;
  readonly violation: Violation | null;
  /** The last events before it; empty where nothing is broken. */
  readonly lastEvents: readonly string[];
  readonly events: number;
  readonly hash: string;
  readonly virtualMs: number;
  readonly upstreamCalls: number;
  readonly refusedUpstream: number;
  readonly desk: World['desk']['counts'];
  readonly crowds: Crowds;
  readonly faults: ReadonlyMap<string, number>;
}

/** Who hears of what, while it runs. */
export interface Listeners {
  readonly onEvent: ((line: string) => void) | null;
  /** Now and then. */
  readonly onProgress: (world: World, virtualMs: number) => void;
}

/** After the last question everybody still gets an answer. */
const lingerMs = 12_000;
const hourMs = 3_600_000;
const stepsPerLook = 20_000;

/** Runs a world to its end or to the first thing that is broken. */
export const runWorld = async (options: WorldOptions, time: VirtualTime, listeners: Listeners): Promise<Report> => {
  const world = createWorld(options, time, listeners.onEvent);
  const startedAt = time.now();
  const mostMs = options.calls === null ? options.hours * hourMs : Infinity;
  let lastAt = Infinity;
  const isOver = (): boolean => {
    const isEnough = options.calls !== null && world.upstream.counts().arrivals >= options.calls;
    if (lastAt === Infinity && (isEnough || time.now() - startedAt >= mostMs)) {
      lastAt = time.now();
      time.after(lingerMs, () => undefined); // whatever happens, that moment comes
    }
    return lastAt !== Infinity;
  };
  const faults = startFaults(world, world.random.fork('faults'), isOver);
  const crowds = startWorkload(world, faults, isOver);
  let steps = 0;
  await time.settle();
  while (world.verdict.violation() === null && (!isOver() || time.now() < lastAt + lingerMs)) {
    if (!(await time.step())) break;
    steps += 1;
    if (steps % stepsPerLook === 0) listeners.onProgress(world, time.now() - startedAt);
  }
  if (world.desk.waiting() > 0) world.verdict.broken('end', `${world.desk.waiting()} operations never end`);
  return report(options, world, { crowds, faults: faults.counts, virtualMs: time.now() - startedAt });
};

const report = (
  options: WorldOptions,
  { verdict, events, upstream, desk }: World,
  rest: Pick<Report, 'crowds' | 'faults' | 'virtualMs'>,
): Report => {
  const violation = verdict.violation();
  const { arrivals, refused } = upstream.counts();
  return {
    ...rest,
    options,
    violation,
    lastEvents: violation === null ? [] : events.last(),
    events: events.count(),
    hash: events.hash(),
    upstreamCalls: arrivals,
    refusedUpstream: refused,
    desk: desk.counts,
  };
};
