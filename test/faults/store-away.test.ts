import { beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { firstToken, pause, quantile, startAmpleSandbox, startLive, tokenCalls, until } from './live.ts';
import type { Live, LiveOptions, Told } from './live.ts';

const leave = (postgres: PostgresServer, way: string) => (way === 'gone' ? postgres.kill() : postgres.pause());
const comeBack = async (postgres: PostgresServer, way: string): Promise<void> => {
  if (way === 'gone') await postgres.restart();
  else postgres.resume();
};

/** A question every tenth of a second, whatever becomes of those before, until it is told to end. */
const load = (gateway: Live) => {
  const asked: Promise<Told & { readonly atMs: number }>[] = [];
  const startedAt = Date.now();
  const timer = setInterval(() => {
    const atMs = Date.now() - startedAt;
    asked.push(gateway.ask().then((told) => ({ ...told, atMs })));
  }, 100);
  return {
    startedAt,
    end: () => {
      clearInterval(timer);
      return Promise.all(asked);
    },
  };
};

const awayMs = 30_000;
/** Due after 12 s; while it lives longer than 10 s more, nobody waits for its successor. */
const shortLifeSeconds = 24;
/** By then every process has had two rounds of upkeep, which tell it of renewals, and the short token is not due. */
const leadMs = 6_500;

const figures = (told: readonly Told[]) => {
  const tookMs = told.map((one) => one.tookMs);
  return {
    count: told.length,
    failed: told.filter(({ outcome }) => outcome !== 'data').length,
    'p50, ms': Math.round(quantile(tookMs, 0.5)),
    'p99, ms': Math.round(quantile(tookMs, 0.99)),
    'slowest, ms': Math.round(Math.max(...tookMs)),
  };
};

/** PostgreSQL leaves for half a minute under three gateways: two with a token of a day, one of which nobody asks anything before that,
 * and one with a token that runs out meanwhile. */
const leaveUnderLoad = async (way: 'gone' | 'silent') => {
  await using postgres = await startPostgres();
  await using daily = await startAmpleSandbox();
  await using brief = await startAmpleSandbox({ accessTokenTtlSeconds: shortLifeSeconds });
  const on = async (sandbox: typeof daily): Promise<LiveOptions> => ({
    sandbox,
    refreshToken: firstToken(sandbox),
    store: { DATABASE_URL: await postgres.createDatabase() },
  });
  await using steady = await startLive(await on(daily));
  await using idle = await startLive(await on(daily));
  await using fading = await startLive(await on(brief));
  for (const gateway of [steady, idle]) await until(async () => (await gateway.ask()).outcome === 'data', 5_000);
  await until(() => tokenCalls(brief).length === 1, 5_000);
  const runsOutAt = (brief.calls().find(({ route }) => route === 'token')?.at ?? NaN) + shortLifeSeconds * 1_000;
  const [steadyLoad, fadingLoad] = [load(steady), load(fading)];
  await pause(leadMs);
  leave(postgres, way);
  const firstOfIdle = await idle.ask();
  await pause(awayMs);
  const goneMs = Date.now() - fadingLoad.startedAt;
  const redemptionsAway = tokenCalls(brief).length - 1;
  await comeBack(postgres, way);
  const resumedMs = await until(async () => (await fading.ask()).outcome === 'data', 15_000);
  const [ofSteady, ofFading] = await Promise.all([steadyLoad.end(), fadingLoad.end()]);
  const runsOutMs = runsOutAt - fadingLoad.startedAt;
  return {
    steady: ofSteady,
    firstOfIdle,
    inTime: ofFading.filter(({ atMs, tookMs }) => atMs + tookMs < runsOutMs - 100),
    tooLate: ofFading.filter(({ atMs, tookMs }) => atMs > runsOutMs + 100 && atMs + tookMs < goneMs - 100),
    redemptionsAway,
    resumedMs,
    spentPresented: daily.spentRefreshTokensPresented() + brief.spentRefreshTokensPresented(),
  };
};

/** PostgreSQL leaves when upstream has spent the refresh token and has not answered yet. */
const leaveBeforeSaving = async (way: 'gone' | 'silent') => {
  await using postgres = await startPostgres();
  await using sandbox = await startAmpleSandbox();
  const options: LiveOptions = {
    sandbox,
    refreshToken: firstToken(sandbox),
    store: { DATABASE_URL: await postgres.createDatabase() },
  };
  await using gateway = await startLive(options);
  await until(async () => (await gateway.ask()).outcome === 'data', 5_000);
  sandbox.clearCalls();
  sandbox.setFault({ route: 'token', kind: 'latency', ms: 1_000, times: 1 });
  sandbox.expireAccessTokens();
  const asked = gateway.ask();
  await until(() => tokenCalls(sandbox).length === 1, 5_000);
  leave(postgres, way);
  expect((await asked).outcome).toBe('data');
  expect((await gateway.ask()).outcome).toBe('data');
  await gateway.seen(/A new token pair is kept in memory/);
  await comeBack(postgres, way);
  // A server that was silent may find our first try, and do it; then the second one finds it done.
  await gateway.seen(/The token pair that was kept in memory is (stored|replaced)/);
  await using second = await startLive({ ...options, refreshToken: firstToken(sandbox) });
  expect((await second.ask()).outcome).toBe('data');
  expect(tokenCalls(sandbox)).toEqual(['refresh_token']);
  sandbox.expireAccessTokens();
  expect((await second.ask()).outcome).toBe('data'); // the refresh token that is stored is good
  expect((await gateway.ask()).outcome).toBe('data');
  expect(tokenCalls(sandbox)).toEqual(['refresh_token', 'refresh_token']);
  expect(sandbox.spentRefreshTokensPresented()).toBe(0);
};

describe('PostgreSQL gone or silent', () => {
  // All at once, as they mostly wait.
  const begin = () => ({
    underLoad: Promise.all([leaveUnderLoad('gone'), leaveUnderLoad('silent')]),
    beforeSaving: Promise.all([leaveBeforeSaving('gone'), leaveBeforeSaving('silent')]),
  });
  let under: ReturnType<typeof begin>;
  beforeAll(() => {
    under = begin();
    for (const work of Object.values(under)) work.catch(() => undefined); // it is told below
  });

  test('for 30 s under load: good tokens are used, nothing hangs, renewal resumes by itself', async () => {
    const [gone, silent] = await under.underLoad;
    for (const [way, one] of Object.entries({ gone, silent })) {
      const { steady, firstOfIdle, inTime, tooLate, resumedMs } = one;
      console.log(`PostgreSQL ${way} for ${awayMs / 1_000} s; renewal resumed after ${Math.round(resumedMs)} ms`);
      console.table({
        'token of a day': figures(steady),
        'until it ran out': figures(inTime),
        after: figures(tooLate),
      });
      expect(figures(steady)).toMatchObject({ failed: 0 });
      expect(firstOfIdle.outcome).toBe('data');
      expect(figures(steady)['p99, ms']).toBeLessThan(1_000);
      expect(figures(inTime)).toMatchObject({ failed: 0 });
      expect(inTime.length).toBeGreaterThan(150);
      expect(new Set(tooLate.map(({ outcome }) => outcome))).toEqual(new Set(['GRANT_STORE_UNAVAILABLE']));
      expect(Math.max(...[...inTime, ...tooLate].map(({ tookMs }) => tookMs))).toBeLessThan(4_000);
      expect(one).toMatchObject({ redemptionsAway: 0, spentPresented: 0 });
      expect(resumedMs).toBeLessThan(10_000);
    }
  }, 90_000);

  test('between a redemption and its saving: the new pair is used, stored later, and read by a second process', async () => {
    await under.beforeSaving;
  }, 60_000);
});
