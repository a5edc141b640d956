import { createClient } from '@redis/client';
import { afterEach, beforeEach } from '@jest/globals';
import { createRedis, type Redis } from '../../src/stores/redis.ts';
import { untilConnected } from '../stores/connected.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';

let server: RedisServer;
const open: { readonly close: () => void }[] = [];

/** A Redis for each test of the file that calls this. */
export const withRedis = (): void => {
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) one.close();
    await server.stop();
  });
};

/** That of the test. */
export const redisServer = (): RedisServer => server;

/** Closed at the end of the test, before its Redis is. */
export const leave = (one: { readonly close: () => void }): void => void open.push(one);

/** As a process of the product connects; patient, so that nothing depends on how fast a test runs. */
export const connectAsProcess = async (): Promise<Redis> => {
  const redis = createRedis({
    url: server.url,
    readTimeoutMs: 60_000,
    writeTimeoutMs: 60_000,
    onProblem: () => undefined,
    onBad: () => undefined,
    onGood: () => undefined,
  });
  leave(redis);
  await untilConnected(redis);
  return redis;
};

/** For whatever a test wants to know of it. */
export const connectAsOperator = async () => {
  const client = await createClient({ url: server.url }).connect();
  leave({ close: () => client.destroy() });
  return client;
};
