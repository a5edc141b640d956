import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

jest.setTimeout(60_000);

const [headersMs, bodyMs, silentMs] = [15_000, 30_000, 15_000];
/** Between two bytes of a slow client. */
const pauseMs = 400;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

interface SlowClient {
  readonly what: string;
  readonly withinMs: number;
  /** Sent at once. */
  readonly opening: string;
  /** Sent again and again, a pause between; nothing when the client is silent. */
  readonly drop: string;
}

const post = 'POST /graphql HTTP/1.1\r\nhost: gateway\r\n';
const json = `${post}content-type: application/json\r\n`;
const good = 'GET /livez HTTP/1.1\r\nhost: gateway\r\n\r\n';

const clients: readonly SlowClient[] = [
  { what: 'sends its request line letter by letter', withinMs: headersMs, opening: 'POST /', drop: 'x' },
  { what: 'sends header after header without end', withinMs: headersMs, opening: post, drop: 'x-a: b\r\n' },
  { what: 'sends one header letter by letter', withinMs: headersMs, opening: `${post}x-a: `, drop: 'x' },
  { what: 'does so after a good request', withinMs: headersMs, opening: `${good}${post}x-a: `, drop: 'x' },
  { what: 'stops within its headers', withinMs: headersMs, opening: post, drop: '' },
  {
    what: 'sends its body letter by letter',
    withinMs: bodyMs,
    opening: `${json}content-length: 200000\r\n\r\n`,
    drop: ' ',
  },
  {
    what: 'sends its body in small chunks without end',
    withinMs: bodyMs,
    opening: `${json}transfer-encoding: chunked\r\n\r\n`,
    drop: '1\r\n \r\n',
  },
  { what: 'stops within its body', withinMs: bodyMs, opening: `${json}content-length: 100\r\n\r\n{`, drop: '' },
  { what: 'connects and says nothing', withinMs: silentMs, opening: '', drop: '' },
];

/** Resolves with the milliseconds until the gateway closed the socket, or with null when it is still open a little after the limit. */
const closedAfter = ({ withinMs, opening, drop }: SlowClient): Promise<number | null> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const socket: Socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const dropping = setInterval(() => {
      if (drop !== '') socket.write(drop);
    }, pauseMs);
    const end = (result: number | null) => {
      clearInterval(dropping);
      clearTimeout(impatience);
      socket.destroy();
      resolve(result);
    };
    const impatience = setTimeout(end, withinMs + 500, null);
    socket.on('error', () => undefined); // a drop may meet a socket that was just closed
    socket.on('close', () => end(performance.now() - startedAt));
    socket.write(opening);
    socket.resume();
  });

test('slow and silent clients are closed in time, all of them at once, and good questions are answered meanwhile', async () => {
  const slow = Promise.all(clients.map(closedAfter));
  const areAllClosed = slow.then(() => true);
  const tookMs: number[] = [];
  do {
    const askedAt = performance.now();
    const answer = await gateway.ask(
      `{ location(id: "${gateway.sandbox.locations.full}") { tags(first: 1) { nodes { name } } } }`,
    );
    expect(answer.errors).toEqual([]);
    tookMs.push(performance.now() - askedAt);
  } while (!(await Promise.race([areAllClosed, sleep(250, false)])));
  const seconds = (await slow).map((ms, index) => ({
    what: clients[index]?.what,
    seconds: ms === null ? null : Math.round(ms / 100) / 10,
  }));
  console.table(seconds);
  expect(seconds.filter((one) => one.seconds === null)).toEqual([]);
  expect(tookMs.length).toBeGreaterThan(10);
  expect(Math.max(...tookMs)).toBeLessThan(1_000);
});
