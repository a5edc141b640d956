import { createClient } from '@redis/client';
import { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, TimeoutStrategy, wrap } from 'cockatiel';

const clientFor = (url: string) =>
  createClient({
    url,
    disableOfflineQueue: true, // a command without a connection fails now rather than waiting for one
    commandsQueueMaxLength: 10_000,
    pingInterval: 5_000,
    socket: {
      connectTimeout: 1_000,
      reconnectStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2_000) + Math.random() * 50,
    },
  });

type Client = ReturnType<typeof clientFor>;

/** One connection to Redis that may be slow, silent or dead without anyone waiting for it. */
export interface Redis {
  /** Runs a command within the time limit; rejects at once while Redis is away or three commands in a row have failed. */
  run<T>(command: (client: Client) => Promise<T>): Promise<T>;
  close(): void;
}

/** Connects in the background and again whenever the connection is lost. `onProblem` hears of each problem. */
export const createRedis = (options: {
  url: string;
  timeoutMs: number;
  onProblem: (error: unknown) => void;
}): Redis => {
  const client = clientFor(options.url);
  client.on('error', options.onProblem); // without a listener a dropped connection ends the process
  client.connect().catch(options.onProblem);
  const guard = wrap(
    circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(3) }),
    timeout(options.timeoutMs, TimeoutStrategy.Aggressive), // a command on the wire cannot be called back, only left
  );
  return {
    // Outside the guard: being away is known without asking, and must not keep the breaker open once it is back.
    run: (command) =>
      client.isReady ? guard.execute(() => command(client)) : Promise.reject(new Error('Redis is not connected')),
    close: () => {
      client.destroy();
    },
  };
};
