// Redis is killed under load, or stops answering, and comes back: what people notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { createAsk, outcomeOf, runCrowd, type Reply } from './clients.ts';
import { dashboard } from './gateway.ts';
import { startRedis, type RedisProcess } from './redis-process.ts';
import { atMost, withProgress, type Promised, type Scenario } from './scenario.ts';
import { startStage } from './stage.ts';
import { printTable, quantile } from './table.ts';

const clients = 16;
const locations = 8;
const restMs = 50;
const warmUpMs = 4_000;
/** What it may take until the breaker of Redis is open: three commands in a row. */
const noticedMs = 1_000;
/** CACHE_TIMEOUT_MS, and the cache reads in sequence of a dashboard: tags, then their details; accounts, then statistics. */
const limitMs = 50;
const readsInSequence = 2;
const mostBackMs = 5_000;
/** One that was only silent first answers what has piled up, which nobody waits for any more. */
const backlogMs = 200;
const settings = Object.fromEntries(
  ['TAGS', 'TAG_DETAILS', 'ACCOUNTS', 'STATISTICS', 'LOCATION'].map((kind) => [`CACHE_${kind}_SECONDS`, '1,600,3600']),
);

interface Trouble {
  readonly way: string;
  readonly gateways: number;
  readonly away: (redis: RedisProcess) => void;
  readonly back: (redis: RedisProcess) => Promise<void> | void;
}

const troubles: readonly Trouble[] = [
  { way: 'killed', gateways: 1, away: ({ kill }) => kill(), back: ({ restart }) => restart() },
  { way: 'silent', gateways: 1, away: ({ pause }) => pause(), back: ({ resume }) => resume() },
  { way: 'killed, two gateways', gateways: 2, away: ({ kill }) => kill(), back: ({ restart }) => restart() },
];

const usedAgainAfter = async (redis: RedisProcess): Promise<number> => {
  const backAt = performance.now();
  await sleep(backlogMs);
  await redis.forgetUse();
  while (!(await redis.isUsed())) {
    if (performance.now() - backAt > 2 * mostBackMs) return Infinity;
    await sleep(20);
  }
  return Math.round(performance.now() - backAt);
};

const run = async ({ way, gateways, away, back }: Trouble, seconds: number) => {
  await using redis = await startRedis();
  await using stage = await startStage({
    gateways,
    redisUrl: redis.url,
    settings,
    sandbox: { extraLocations: locations, incompleteListRows: true },
  });
  const { sandbox, urls } = stage;
  const { ask, close } = createAsk(clients);
  const phaseMs = (seconds * 1_000) / 3;
  let asked = 0;
  const next = () => ({ query: dashboard, variables: { id: sandbox.extraLocationIds[(asked += 1) % locations] } });
  const crowdFor = (ms: number) =>
    runCrowd({ clients, ms, restMs, ask: (client) => ask(urls[client % gateways] ?? '', next()) });
  await crowdFor(warmUpMs);
  const trouble = async () => {
    await sleep(phaseMs);
    away(redis);
    const awayAt = performance.now();
    await sleep(phaseMs);
    await back(redis);
    return { awayAt, backAt: performance.now(), usedAgainMs: await usedAgainAfter(redis) };
  };
  const [replies, told] = await withProgress(
    `dashboards, Redis ${way}`,
    seconds,
    Promise.all([crowdFor(seconds * 1_000), trouble()]),
  );
  close();
  return { way, replies, ...told };
};

const rowOf = (phase: string, replies: readonly Reply[]) => {
  const took = replies.map(({ ms }) => ms);
  const { failed, codes } = outcomeOf(replies);
  return {
    phase,
    dashboards: replies.length,
    failed,
    'p50 ms': quantile(took),
    'p99 ms': quantile(took, 0.99),
    'most ms': Math.max(0, ...took),
    codes,
  };
};

const phasesOf = ({ way, replies, awayAt, backAt }: Awaited<ReturnType<typeof run>>) => {
  const during = (from: number, to: number) => replies.filter(({ askedAt }) => askedAt >= from && askedAt < to);
  return {
    there: rowOf(`${way}: before`, during(0, awayAt)),
    noticing: rowOf(`${way}: first second`, during(awayAt, awayAt + noticedMs)),
    away: rowOf(`${way}: then`, during(awayAt + noticedMs, backAt)),
    back: rowOf(`${way}: back`, during(backAt, Infinity)),
  };
};

const runAll = async (seconds: number): Promise<readonly Promised[]> => {
  const runs = [];
  for (const trouble of troubles) runs.push(await run(trouble, seconds));
  const phases = runs.map(phasesOf);
  printTable(
    `${clients} clients open dashboards of ${locations} locations, answers fresh for 1 s, Redis away for ${Math.round(seconds / 3)} s`,
    phases.flatMap((one) => Object.values(one)),
  );
  const added = (more: number, than: number) => Math.max(0, Math.round(more - than));
  return [
    atMost(
      'dashboards that failed',
      0,
      runs.map(({ replies }) => outcomeOf(replies).failed),
    ),
    atMost(
      'milliseconds added to the p99 until Redis is known to be away',
      readsInSequence * limitMs,
      phases.map(({ noticing, there }) => added(noticing['p99 ms'], there['p99 ms'])),
    ),
    atMost(
      'milliseconds added to the median after that',
      limitMs / 2, // one read that waits for Redis takes twice as long
      phases.map(({ away, there }) => added(away['p50 ms'], there['p50 ms'])),
    ),
    atMost(
      'milliseconds until Redis was used again',
      mostBackMs,
      runs.map(({ usedAgainMs }) => usedAgainMs),
    ),
  ];
};

/** For bench/load.ts. */
export const redis: Scenario = {
  name: 'redis',
  about: 'Redis killed mid-run, or silent, and back: nothing fails, little is added, and it is used again within 5 s',
  seconds: 30,
  run: runAll,
};
