import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { closedAfter, deaf, keepOpen, keptAlive, slowClients } from '../support/slow-sockets.ts';

jest.setTimeout(120_000);

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** Good questions until `isOver`; gives their times. */
const askMeanwhile = async (isOver: Promise<unknown>): Promise<readonly number[]> => {
  const over = isOver.then(() => true);
  const tookMs: number[] = [];
  do {
    const askedAt = performance.now();
    const answer = await gateway.ask(
      `{ location(id: "${gateway.sandbox.locations.full}") { tags(first: 1) { nodes { name } } } }`,
    );
    expect(answer.errors).toEqual([]);
    tookMs.push(performance.now() - askedAt);
  } while (!(await Promise.race([over, sleep(250, false)])));
  return tookMs;
};

test('slow, silent and idle clients are closed in time, all of them at once, and good questions are answered meanwhile', async () => {
  const clients = [...slowClients, keptAlive];
  const slow = Promise.all(clients.map((client) => closedAfter(gateway.url, client)));
  const tookMs = await askMeanwhile(slow);
  const seconds = (await slow).map((ms, index) => ({
    what: clients[index]?.what,
    seconds: ms === null ? null : Math.round(ms / 100) / 10,
  }));
  console.table(seconds);
  expect(seconds.filter((one) => one.seconds === null)).toEqual([]);
  expect(tookMs.length).toBeGreaterThan(10);
  expect(Math.max(...tookMs)).toBeLessThan(1_000);
});

/** The largest answer that is cheap to make: of a location with many tags, under many names. */
const large = (): string => {
  const one = `location(id: "${gateway.sandbox.locations.full}") { tags(first: 100) { nodes { id name details { createdAt updatedAt } } } }`;
  return JSON.stringify({ query: `{ ${Array.from({ length: 15 }, (_, index) => `a${index}: ${one}`).join(' ')} }` });
};

/** Requests whose answers have not been taken. */
const underWay = (): number => gateway.gateway.tally.snapshot()['http-under-way POST'] ?? 0;

test('who asks and never reads is closed after 30 s, and its answers and places are given back', async () => {
  using clients = keepOpen(gateway.url, deaf(large(), 200), 1, 0);
  while (underWay() < 50) await sleep(50);
  const askedAt = performance.now();
  await sleep(5_000);
  expect(underWay()).toBeGreaterThanOrEqual(50); // it is stuck, not slow
  while (clients.livesMs().length === 0 && performance.now() - askedAt < 45_000) await sleep(100);
  const [lifeMs = Infinity] = clients.livesMs();
  console.log(`closed after ${Math.round(lifeMs / 1_000)} s`);
  expect(lifeMs).toBeLessThan(40_000);
  clients[Symbol.dispose](); // it has come again meanwhile
  while (underWay() > 0) await sleep(50);
});

/** Asks without a token, and resets the connection after so long. */
const hangUp = (url: string, afterMs: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write(
        'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
      );
      setTimeout(() => socket.resetAndDestroy(), afterMs);
    });
    socket.on('error', () => undefined).on('close', () => resolve());
  });

test('who is refused and resets the connection before the answer is there harms nobody', async () => {
  await using closed = await startTestGateway({
    config: { auth: { kind: 'tokens' }, callerDatabase: { path: ':memory:' } },
  });
  for (let count = 0; count < 300; count += 1) await hangUp(closed.url, count % 3);
  expect((await fetch(`${closed.url}/livez`)).status).toBe(200); // what a listener throws would have ended the process
  expect(closed.gateway.tally.snapshot()['http-under-way POST']).toBe(0);
});
