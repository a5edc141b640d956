import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { install } from '@sinonjs/fake-timers';
import { createRandom, type Random } from './random.ts';

/** One run of one replica, from its start until it is killed. Whatever its code waits for or arms belongs to it. */
export interface Life {
  readonly name: string;
  /** How far its clock is ahead of the true one, milliseconds. */
  readonly clockOffsetMs: number;
  /** Once false, nothing of it acts any more. */
  isAlive: boolean;
}

/** Time that passes only from one thing to the next, and chance that is the same for the same seed. */
export interface VirtualTime {
  /** The true time, which no replica knows, epoch milliseconds. */
  readonly now: () => number;
  /** Does something of the world's own later; no death of a replica prevents it, only the function that it gives. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** Runs code of a replica: it sees its own clock. */
  readonly live: <T>(life: Life, work: () => T) => T;
  /** Lets everything come to rest that follows from what has happened so far. */
  readonly settle: () => Promise<void>;
  /** Goes to the next thing that is to happen and lets everything come to rest that follows from it. False when nothing is left. */
  readonly step: () => Promise<boolean>;
  /** Starts again, at the same moment for each seed; whatever was armed is forgotten. Libraries draw their chance from `random`. */
  readonly reset: (random: Random) => void;
}

/** When every world begins: a Monday at noon, away from all changes of clocks. */
const epochMs = Date.UTC(2030, 0, 7, 12);

/**
 * Replaces time and chance of this whole process, for good. Must run before anything else is imported: libraries keep what they find at
 * their import. Ticks and microtasks stay real; after each timer all of them run, which takes one turn of the real event loop.
 */
export const takeOverTime = (): VirtualTime => {
  const realSetImmediate = setImmediate;
  Error.stackTraceLimit = 3; // refusals by the thousand
  const clock = install({
    now: epochMs,
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
    ],
  });
  const lives = new AsyncLocalStorage<Life>();
  const { setTimeout: arm, clearTimeout: disarm } = globalThis;
  bindTimersTo(lives);
  Date.now = () => clock.now + (lives.getStore()?.clockOffsetMs ?? 0);
  let chance = createRandom('');
  takeOverChance(() => chance.next());
  const settle = () => new Promise<void>((resolve) => void realSetImmediate(resolve));
  return {
    settle,
    now: () => clock.now,
    after: (ms, work) => {
      const timer = arm(work, ms);
      return () => disarm(timer);
    },
    live: (life, work) => lives.run(life, work),
    step: async () => {
      if (clock.countTimers() === 0) return false;
      clock.next();
      await settle();
      return true;
    },
    reset: (random) => {
      clock.reset();
      chance = random.fork('libraries');
    },
  };
};

// The fake timers forget who armed them; a timer of a replica that has died does nothing.
const bindTimersTo = (lives: AsyncLocalStorage<Life>): void => {
  type Callback = (...args: unknown[]) => void;
  const bound =
    <Args extends unknown[], Timer>(arm: (callback: Callback, ...args: Args) => Timer) =>
    (callback: Callback, ...args: Args): Timer => {
      const life = lives.getStore();
      if (life === undefined) return arm(callback, ...args);
      return arm(
        (...given) => {
          if (life.isAlive) lives.run(life, callback, ...given);
        },
        ...args,
      );
    };
  const { setTimeout, setInterval, setImmediate, clearInterval } = globalThis;
  const setMortalInterval = (callback: Callback, ...args: [number, ...unknown[]]) => {
    const life = lives.getStore();
    const timer = setInterval(() => {
      if (life === undefined) callback(...args.slice(1));
      else if (life.isAlive) lives.run(life, callback, ...args.slice(1));
      else clearInterval(timer);
    }, args[0]);
    return timer;
  };
  Object.assign(globalThis, {
    setTimeout: bound(setTimeout as never),
    setImmediate: bound(setImmediate as never),
    setInterval: setMortalInterval,
  });
};

// Ids of the gateway's come from here too: they decide nothing, but a text that is longer or sorts elsewhere could.
const takeOverChance = (next: () => number): void => {
  Math.random = next;
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => Math.floor(next() * 256)));
  Object.assign(crypto, {
    randomBytes: bytes,
    randomUUID: () =>
      bytes(16)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  });
  syncBuiltinESMExports();
};
