// Dashboards of many people, cold start, with upstream's limit on: none may fail, and upstream may not refuse a single call.
import { createAsk, outcomeOf, runCrowd, type Question } from './clients.ts';
import { startRedis } from './redis-process.ts';
import { atMost, withProgress, type Promised, type Scenario } from './scenario.ts';
import { dataCalls, mostWithin, startStage, type StageOptions } from './stage.ts';
import { printTable, quantile } from './table.ts';

const clients = 64;
const locations = 5;
/** A person looks at a dashboard for about so long before the next one. Without it the clients would measure the processor. */
const restMs = 200;

const presets = ['LAST_7_DAYS', 'LAST_14_DAYS', 'LAST_30_DAYS', 'LAST_90_DAYS'];
const sizes = [20, 50, 100];
const query = `query Dashboard($id: ID!, $first: Int!, $preset: PeriodPreset!) { location(id: $id) {
  name
  tags(first: $first) { nodes { name details { updatedAt } } }
  socialAccounts { nodes { name platform } }
  statistics(input: { period: { preset: $preset } }) { likes { total series { date value } } } } }`;

const anyOf = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

const anyDashboard = (locationIds: readonly string[]): Question => ({
  query,
  variables: { id: anyOf(locationIds), first: anyOf(sizes), preset: anyOf(presets) },
});

/** Fresh for so short that the whole run asks upstream again and again. */
const shortLived = Object.fromEntries(
  ['TAGS', 'TAG_DETAILS', 'ACCOUNTS', 'STATISTICS', 'LOCATION'].map((kind) => [`CACHE_${kind}_SECONDS`, '2,600,3600']),
);

const run = async (way: string, seconds: number, options: StageOptions) => {
  await using stage = await startStage({
    ...options,
    sandbox: { extraLocations: locations, incompleteListRows: true },
  });
  const { sandbox, urls } = stage;
  const { ask, close } = createAsk(clients);
  const crowd = runCrowd({
    clients,
    ms: seconds * 1_000,
    restMs,
    ask: (client) => ask(urls[client % urls.length] ?? '', anyDashboard(sandbox.extraLocationIds)),
  });
  const replies = await withProgress(`dashboards, ${way}`, seconds, crowd);
  close();
  const calls = dataCalls(sandbox);
  const { failed, codes } = outcomeOf(replies);
  if (failed > 0) console.log(`  ${way}: ${codes}`);
  return {
    way,
    dashboards: replies.length,
    failed,
    'p50 ms': quantile(replies.map(({ ms }) => ms)),
    'p99 ms': quantile(
      replies.map(({ ms }) => ms),
      0.99,
    ),
    'upstream calls': calls.length,
    'most of a location in 10 s': mostWithin(calls, 10_000),
    'refused with 429': sandbox.calls().filter(({ status }) => status === 429).length,
  };
};

const runAll = async (seconds: number): Promise<readonly Promised[]> => {
  const rows = [await run('one gateway', seconds, {})];
  rows.push(await run('one, answers fresh for 2 s', seconds, { settings: shortLived }));
  await using redis = await startRedis();
  rows.push(await run('two on one Redis', seconds, { gateways: 2, redisUrl: redis.url }));
  await redis.restart(); // the next ones start cold, too
  const both = { gateways: 2, redisUrl: redis.url, settings: shortLived };
  rows.push(await run('two, answers fresh for 2 s', seconds, both));
  printTable(`${clients} clients open dashboards of ${locations} locations, cold, ${seconds} s each`, rows);
  return [
    atMost(
      'dashboards that failed',
      0,
      rows.map(({ failed }) => failed),
    ),
    atMost(
      'calls that upstream refused with 429',
      0,
      rows.map((row) => row['refused with 429']),
    ),
    atMost(
      'calls of one location in any 10 s',
      100,
      rows.map((row) => row['most of a location in 10 s']),
    ),
    { isKept: rows.every(({ dashboards }) => dashboards > 0), what: 'dashboards were answered in every run' },
  ];
};

/** For bench/load.ts. */
export const dashboards: Scenario = {
  name: 'dashboards',
  about:
    '64 clients, 5 locations, strict limit, cold start: every dashboard answered, no 429; one gateway, and two on one Redis',
  seconds: 30,
  run: runAll,
};
