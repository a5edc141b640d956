import { connect, type Socket } from 'node:net';

/** A client that is slow on purpose. */
export interface SlowClient {
  readonly what: string;
  /** It must be closed by then. */
  readonly withinMs: number;
  /** Sent at once. */
  readonly opening: string;
  /** Sent again and again, `pauseMs` between; nothing when the client is silent. */
  readonly drop: string;
  /** Whether it takes what it is told. */
  readonly isReading: boolean;
}

const [headersMs, bodyMs, silentMs] = [15_000, 30_000, 15_000];

const post = 'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\n';
const json = `${post}content-type: application/json\r\n`;
const good = 'GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n';

const slow = (what: string, withinMs: number, opening: string, drop: string): SlowClient => ({
  ...{ what, withinMs, opening, drop },
  isReading: true,
});

/** Never comes to the end of a header. */
export const slowHeaders = slow('sends one header letter by letter', headersMs, `${post}x-a: `, 'x');
/** Never comes to the end of its body. */
export const slowBody = slow('sends its body letter by letter', bodyMs, `${json}content-length: 200000\r\n\r\n`, ' ');
/** Never says anything. */
export const silent = slow('connects and says nothing', silentMs, '', '');
/** What browsers and proxies do: they keep the connection for their next question. */
export const keptAlive = slow('is silent after a good answer', 75_000, good, '');

/** Each in a way of its own. */
export const slowClients: readonly SlowClient[] = [
  slow('sends its request line letter by letter', headersMs, 'POST /', 'x'),
  slow('sends header after header without end', headersMs, post, 'x-a: b\r\n'),
  slowHeaders,
  slow('does so after a good request', headersMs, `${good}${post}x-a: `, 'x'),
  slow('stops within its headers', headersMs, post, ''),
  slowBody,
  slow('sends its body in small chunks without end', bodyMs, `${json}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
  slow('stops within its body', bodyMs, `${json}content-length: 100\r\n\r\n{`, ''),
  silent,
];

/** Asks so many times at once and reads no answer. What it goes on to say is nothing, so that it hears when it is closed. */
export const deaf = (body: string, times: number): SlowClient => ({
  what: 'reads none of its answers',
  withinMs: 75_000,
  opening: `${json}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`.repeat(times),
  drop: '\r\n', // RFC 9112 §2.2: empty lines before a request are ignored
  isReading: false,
});

/** Calls `closed` with the milliseconds that the socket lived. */
const open = (url: string, client: SlowClient, pauseMs: number, closed: (ms: number) => void): Socket => {
  const startedAt = performance.now();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const dropping = setInterval(() => {
    if (client.drop !== '') socket.write(client.drop);
  }, pauseMs);
  socket.on('error', () => undefined); // a drop may meet a socket that was just closed
  socket.on('close', () => {
    clearInterval(dropping);
    closed(performance.now() - startedAt);
  });
  socket.write(client.opening);
  if (client.isReading) socket.resume();
  else socket.pause();
  return socket;
};

/** Resolves with the milliseconds until the gateway closed the socket, or with null when it is still open a little after the limit. */
export const closedAfter = (url: string, client: SlowClient): Promise<number | null> =>
  new Promise((resolve) => {
    const impatience = setTimeout(() => {
      resolve(null);
      socket.destroy();
    }, client.withinMs + 500);
    const socket = open(url, client, 400, (ms) => {
      clearTimeout(impatience);
      resolve(ms);
    });
  });

/** Many slow clients of one kind. */
export interface SlowCrowd extends Disposable {
  readonly open: () => number;
  /** How long those lived that the gateway closed. */
  readonly livesMs: () => readonly number[];
}

/** Keeps `count` open: each that is closed comes again. They come one after the other within `withinMs`. Leaving the scope ends them. */
export const keepOpen = (url: string, client: SlowClient, count: number, withinMs: number): SlowCrowd => {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const livesMs: number[] = [];
  let isOver = false;
  const comeAfter = (ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const socket = open(url, client, 1_000, (lifeMs) => {
        sockets.delete(socket);
        if (isOver) return;
        livesMs.push(lifeMs);
        comeAfter(100);
      });
      sockets.add(socket);
    }, ms);
    timers.add(timer);
  };
  for (let index = 0; index < count; index += 1) comeAfter((index / count) * withinMs);
  return {
    open: () => sockets.size,
    livesMs: () => livesMs,
    [Symbol.dispose]: () => {
      isOver = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
};

/** Files and sockets that this process, and what it starts, may have open. */
export const mostOpenFiles = (): number => {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: string | number } } };
  const soft = userLimits?.open_files?.soft;
  return soft === 'unlimited' ? Infinity : Number(soft);
};
