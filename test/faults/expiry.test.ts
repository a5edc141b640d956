import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { firstToken, pause, startAmpleSandbox, startLive, tokenCalls } from './live.ts';
import type { Live, StoreSettings } from './live.ts';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
}, 30_000);
afterAll(() => postgres.stop());

const askedAtOnce = 200;

/** Two hundred questions at once, every other one to the other process. */
const burst = async (gateways: readonly [Live, Live]) => {
  const startedAt = performance.now();
  const told = await Promise.all(
    Array.from({ length: askedAtOnce }, (_one, index) => (index % 2 === 0 ? gateways[0] : gateways[1]).ask()),
  );
  const failed = told.filter(({ outcome }) => outcome !== 'data').map(({ outcome }) => outcome);
  return { failed, tookMs: performance.now() - startedAt, slowestMs: Math.max(...told.map(({ tookMs }) => tookMs)) };
};

/** Long enough for both processes to find that they need one. */
const redemptionMs = 200;
const expiries = 5;
const shortLifeSeconds = 3;

interface Way {
  readonly what: string;
  readonly lifeSeconds?: number;
  readonly expire: (sandbox: Sandbox) => unknown;
  /** After that long the new token is due in its turn. */
  readonly dueAfterMs: number;
}

const ways: readonly Way[] = [
  {
    what: 'when upstream refuses the old one',
    expire: (sandbox) => sandbox.expireAccessTokens(),
    dueAfterMs: Infinity,
  },
  {
    what: 'at the moment the old one runs out',
    lifeSeconds: shortLifeSeconds,
    expire: () => pause(shortLifeSeconds * 1_000),
    dueAfterMs: shortLifeSeconds * 500,
  },
];

/** Expiries one after the other, all of them under two processes of one store. */
const expireAll = async ({ lifeSeconds, expire, dueAfterMs }: Way, store: StoreSettings) => {
  await using sandbox = await startAmpleSandbox(
    lifeSeconds === undefined ? {} : { accessTokenTtlSeconds: lifeSeconds },
  );
  const options = { sandbox, store, refreshToken: firstToken(sandbox) };
  await using one = await startLive(options);
  await using other = await startLive(options);
  expect((await burst([one, other])).failed).toEqual([]);
  sandbox.setFault({ route: 'token', kind: 'latency', ms: redemptionMs });
  const slowest: number[] = [];
  for (let expiry = 0; expiry < expiries; expiry += 1) {
    await expire(sandbox);
    sandbox.clearCalls();
    const { failed, tookMs, slowestMs } = await burst([one, other]);
    expect(failed).toEqual([]);
    const redemptions = tokenCalls(sandbox);
    expect(redemptions[0]).toBe('refresh_token');
    expect(redemptions.length).toBeLessThanOrEqual(1 + Math.floor(tookMs / dueAfterMs));
    slowest.push(Math.round(slowestMs));
  }
  expect(sandbox.spentRefreshTokensPresented()).toBe(0);
  return `slowest answer of ${askedAtOnce} at each of ${expiries} expiries: ${slowest.join(', ')} ms`;
};

test.each(ways)(
  '200 questions at once to two processes that share PostgreSQL or SQLite redeem once, $what',
  async (way) => {
    await using folder = await createStoreFolder();
    const [onPostgres, onSqlite] = await Promise.all([
      expireAll(way, { DATABASE_URL: await postgres.createDatabase() }),
      expireAll(way, { DATA_DIR: folder.folder }),
    ]);
    console.log(`${way.what}\nPostgreSQL: ${onPostgres}\nSQLite: ${onSqlite}`);
  },
  60_000,
);
