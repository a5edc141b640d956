import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel';
import { inTime } from '../../src/stores/in-time.ts';
import type { Shared, SharedEntry } from '../../src/stores/shared.ts';
import type { Life, VirtualTime } from './clock.ts';
import type { Random } from './random.ts';
import { createStoreData } from './store-data.ts';
import { runTwin } from './store-scripts.ts';

/** What is wrong with the shared store at the moment. */
interface StoreWeather {
  /** Names of the replicas that cannot reach it. */
  readonly away: Set<string>;
  /** How it is away: connections are refused, or nothing comes back. */
  how: 'refusing' | 'silent';
  /** The longest that it takes for a command, milliseconds. */
  mostMs: number;
}

/** Stands for Redis. */
export interface SharedStore {
  readonly connect: (life: Life) => Shared;
  readonly weather: StoreWeather;
  /** Everything is forgotten. */
  readonly empty: () => void;
}

/** What the store is made of. */
export interface SharedStoreParts {
  readonly time: VirtualTime;
  readonly random: Random;
  /** How far its clock is ahead of the true one, milliseconds. */
  readonly clockOffsetMs: number;
  /** Sees each text that is written. */
  readonly onWrite: (key: string, text: string) => void;
}

/** Milliseconds on a good day, and the limits of the product's own connection (src/compose-reads.ts). */
const usual = { least: 0, most: 4 } as const;
const limits = { read: 50, write: 150 } as const;

interface Listener {
  readonly life: Life;
  readonly channel: string;
  readonly hear: (text: string) => void;
}

/** Commands of one replica are carried out in their order, also those of which the answer is lost or comes too late. */
export const createSharedStore = ({ time, random, clockOffsetMs, onWrite }: SharedStoreParts): SharedStore => {
  const now = () => time.now() + clockOffsetMs;
  const data = createStoreData(now);
  const weather: StoreWeather = { away: new Set(), how: 'refusing', mostMs: usual.most };
  let listeners: readonly Listener[] = [];
  const isAway = (life: Life) => weather.away.has(life.name);
  const delay = () => random.between(usual.least, weather.mostMs);

  const write = ({ key, value, ttlMs }: SharedEntry): void => {
    onWrite(key, value);
    data.set(key, value, ttlMs);
  };
  const claim = (entry: SharedEntry): boolean => {
    const isFree = data.get(entry.key) === undefined;
    if (isFree) write(entry);
    return isFree;
  };
  const publish = (channel: string, text: string): void => {
    listeners = listeners.filter(({ life }) => life.isAlive);
    for (const one of listeners.filter((listener) => listener.channel === channel && !isAway(listener.life)))
      time.after(delay(), () => {
        if (one.life.isAlive && !isAway(one.life)) time.live(one.life, () => one.hear(text));
      });
  };

  const connect = (life: Life): Shared => {
    let lastArrival = 0;
    // A command on the wire is carried out whether or not somebody waits for its answer still.
    const send = <T>(command: () => T): Promise<T> => {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const tell = (give: () => void) => {
        if (life.isAlive) give();
      };
      lastArrival = Math.max(lastArrival, time.now() + delay());
      time.after(lastArrival - time.now(), () => {
        if (isAway(life)) {
          if (weather.how === 'refusing') tell(() => reject(new Error('connection lost')));
          return;
        }
        const answer = command();
        const give = () => {
          if (!isAway(life)) tell(() => resolve(answer));
        };
        if (random.chance(0.5)) give();
        else time.after(delay(), give);
      });
      return promise;
    };
    const isRefused = () => isAway(life) && weather.how === 'refusing';
    const [read, claims, writes] = [limits.read, limits.read, limits.write].map((ms) => guard(ms, isRefused, send));
    if (!read || !claims || !writes) throw new Error('three guards');
    return {
      getMany: (keys) => read(() => keys.map((key) => textOf(data.get(key)))),
      setMany: (entries) => writes(() => entries.forEach(write)),
      delete: (keys) => writes(() => keys.forEach(data.delete)),
      claim: (entries) => claims(() => entries.map(claim)),
      run: ({ name }, keys, args) => writes(() => runTwin(name, data, { keys, args, now: now() })),
      publish: (channel, text) => writes(() => publish(channel, text)),
      subscribe: (channel, hear) => void (listeners = [...listeners, { life, channel, hear }]),
    };
  };
  return { connect, weather, empty: data.empty };
};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

// As src/stores/redis-connection.ts does it.
const guard = (limitMs: number, isRefused: () => boolean, send: <T>(command: () => T) => Promise<T>) => {
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(3) });
  return <T>(command: () => T): Promise<T> =>
    isRefused()
      ? Promise.reject(new Error('the store is not connected'))
      : breaker.execute(() => inTime(limitMs, send(command)));
};
