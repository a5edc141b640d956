import { createClient } from '@redis/client';
import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel';
import { inTime } from './in-time.ts';

const clientFor = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true, // a command without a connection fails now rather than waiting for one
    commandsQueueMaxLength: 10_000,
    pingInterval: 2_000,
    socket: {
      connectTimeout: 1_000,
      socketTimeout: 5_000, // also for the greeting: who takes a connection and never speaks is left; pings keep a good one from falling silent
      reconnectStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000) + Math.random() * 50,
    },
  });

/** Milliseconds that a server may take until it counts as away at the start. */
const greetingMs = 1_000;

/** The client library's connection. */
export type Client = ReturnType<typeof clientFor>;
type Run = <T>(command: (client: Client) => Promise<T>) => Promise<T>;

/** One connection to Redis that may be slow, silent or dead without anyone waiting for it. Each way to it rejects at once while Redis is
 * away or three commands in a row of that way have failed: what fails in one way keeps nobody from the others. */
export interface Connection {
  /** Within the time limit of reads. */
  readonly read: Run;
  /** Writes that somebody waits for: within the time limit of reads, too. */
  readonly claim: Run;
  /** Within the time limit of writes. */
  readonly write: Run;
  /** A second connection to the same server, not yet open and with nobody who hears of its errors. */
  readonly another: () => Client;
  /** Does no harm twice. */
  readonly close: () => void;
}

/** Limits in milliseconds, and who hears of what. */
export interface RedisOptions {
  readonly url: string;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Hears of each problem of the connection: many in a row while Redis is away. */
  readonly onProblem: (error: unknown) => void;
  /** Hears that Redis can no longer be used (not reached, not let in, or commands keep failing), and why; once until `onGood`. */
  readonly onBad: (error: unknown) => void;
  /** Hears that it can be used again. */
  readonly onGood: () => void;
}

/** Connects in the background and again whenever the connection is lost. */
export const openConnection = (options: RedisOptions): Connection => {
  const client = clientFor(options.url);
  const reads = createGuard(client, options.readTimeoutMs);
  const claims = createGuard(client, options.readTimeoutMs);
  const writes = createGuard(client, options.writeTimeoutMs);
  const guards = [reads, claims, writes];
  let isBad = false;
  let isClosed = false;
  const lookAgain = (error?: unknown): void => {
    const isBadNow = !client.isReady || guards.some((guard) => guard.isBroken());
    if (isClosed || isBadNow === isBad) return;
    isBad = isBadNow;
    if (isBad) options.onBad(error);
    else options.onGood();
  };
  const onProblem = (error: unknown): void => {
    options.onProblem(error);
    lookAgain(error);
  };
  client.on('error', onProblem); // without a listener a dropped connection ends the process
  client.on('ready', () => lookAgain());
  for (const guard of guards) guard.onChange(lookAgain);
  client.connect().catch(onProblem);
  // A server that takes the connection and says nothing is no error to the client: it only waits.
  const greeting = setTimeout(() => lookAgain(new Error('no answer to the first command')), greetingMs).unref();
  return {
    read: reads.run,
    claim: claims.run,
    write: writes.run,
    another: () => client.duplicate(),
    close: () => {
      if (isClosed) return;
      clearTimeout(greeting);
      isClosed = true; // commands that this cuts off are no news
      client.destroy();
    },
  };
};

const createGuard = (client: Client, timeoutMs: number) => {
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(3) });
  // Being away is known without asking, outside the breaker: it must not be open still when Redis is back.
  const run: Run = (command) =>
    client.isReady
      ? breaker.execute(() => inTime(timeoutMs, command(client))) // a command on the wire cannot be called back, only left
      : Promise.reject(new Error('Redis is not connected'));
  return {
    run,
    isBroken: () => breaker.state !== CircuitState.Closed,
    onChange: (listener: (error?: unknown) => void): void => {
      breaker.onBreak((reason) => listener('error' in reason ? reason.error : undefined));
      breaker.onReset(() => listener());
    },
  };
};
