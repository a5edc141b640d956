// A modest caller beside a greedy one, against the modest one alone. Ends with 1 where a promise is broken.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runCrowd, servedOf, type CrowdOutcome } from '../test/support/crowd.ts';
import { startTenants } from '../test/support/tenants.ts';
import { atMost, withProgress, type Promised } from './scenario.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const ms = Number(values.seconds) * 1_000;
/** The greedy one is at full speed by then. */
const headStartMs = 2_000;
const [mostTimes, mostMoreMs] = [3, 150];

const rowOf = (who: string, outcome: CrowdOutcome) => {
  const { answers, p50, p99, most } = servedOf(outcome);
  return {
    ...{ who, answers, 'told with 429': outcome.statuses['429'] ?? 0, 'with 503': outcome.statuses['503'] ?? 0 },
    ...{ 'p50 ms': p50, 'p99 ms': p99, 'most ms': most },
  };
};

const run = async (what: string, settings: Readonly<Record<string, string>>): Promise<readonly Promised[]> => {
  await using tenants = await startTenants(settings);
  const { modest, greedy } = tenants;
  await runCrowd({ ...modest, ms: headStartMs }); // so that its answers are kept
  const alone = await withProgress(`${what}: alone`, ms / 1_000, runCrowd({ ...modest, ms }));
  const crowd = runCrowd({ ...greedy, ms: headStartMs + ms });
  await sleep(headStartMs);
  const beside = await withProgress(`${what}: beside`, ms / 1_000, runCrowd({ ...modest, ms }));
  const rows = [rowOf('modest, alone', alone), rowOf('modest, beside', beside), rowOf('greedy', await crowd)];
  printTable(`5 dashboards a second beside 64 connections without a rest, ${what}, ${ms / 1_000} s each`, rows);
  const [a, b] = [servedOf(alone), servedOf(beside)];
  const most = Math.max(mostTimes * a.p99, a.p99 + mostMoreMs);
  return [
    atMost(`${what}: answers of the modest one that failed`, 0, [a.bad, b.bad]),
    {
      isKept: b.p99 < most,
      what: `${what}: its p99 beside ${b.p99.toFixed(0)} ms (under ${most.toFixed(0)}), ${(b.p99 / a.p99).toFixed(1)} × alone`,
    },
  ];
};

const promises = [
  ...(await run('no allowance', {})),
  ...(await run('600 requests a minute', { CALLER_REQUESTS_PER_MINUTE: '600' })),
];
console.log();
for (const { isKept, what } of promises) console.log(`  ${isKept ? 'kept  ' : 'BROKEN'}  ${what}`);
if (!promises.every(({ isKept }) => isKept)) process.exitCode = 1;
