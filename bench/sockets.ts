// Good clients beside sockets that are idle, slow or deaf, against the same clients alone. Ends with 1 where a promise is broken.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runCrowd, servedOf, type Served } from '../test/support/crowd.ts';
import { startLoadedGateway, type LoadedGateway } from '../test/support/loaded-gateway.ts';
import {
  deaf,
  keepOpen,
  keptAlive,
  mostOpenFiles,
  silent,
  slowBody,
  slowHeaders,
  type SlowCrowd,
} from '../test/support/slow-sockets.ts';
import { dashboard } from './gateway.ts';
import { atMost, withProgress, type Promised } from './scenario.ts';
import { printTable, quantile } from './table.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
const seconds = Number(values.seconds);
const idle = 2_000;
const [slowSockets, deafSockets] = [200, 100];
const everyMs = 50;
/** Gateway and clients each need a file for every socket. */
const neededFiles = 4_096;
/** The sockets come within so long, so that what is measured is their being there. */
const comingMs = 5_000;
const restMs = 3_000;

if (mostOpenFiles() < neededFiles) {
  console.error(
    `This needs ${neededFiles} open files and may have ${mostOpenFiles()}: allow more with "ulimit -n ${neededFiles}".`,
  );
  process.exit(2);
}

const bytesPerSocket = async (gateway: LoadedGateway): Promise<number> => {
  const before = gateway.residentBytes();
  using sockets = keepOpen(gateway.url, keptAlive, idle, restMs);
  await sleep(2 * restMs);
  if (sockets.open() !== idle) throw new Error(`${sockets.open()} of ${idle} sockets are open`);
  return (gateway.residentBytes() - before) / idle;
};

const sockets = (url: string, body: string): readonly (readonly [string, SlowCrowd])[] => [
  ['silent from the start', keepOpen(url, silent, idle / 2, comingMs)],
  ['silent after an answer', keepOpen(url, keptAlive, idle / 2, comingMs)],
  ['a byte of a header a second', keepOpen(url, slowHeaders, slowSockets / 2, comingMs)],
  ['a byte of a body a second', keepOpen(url, slowBody, slowSockets / 2, comingMs)],
  ['does not read its answer', keepOpen(url, deaf(body, 1), deafSockets, comingMs)],
];

const run = async () => {
  await using gateway = await startLoadedGateway();
  const question = { query: dashboard, variables: { id: gateway.sandbox.locations.full } };
  const asking = { url: gateway.url, clients: 32, everyMs, token: null, warm: [question], cold: null, coldShare: 0 };
  const measure = async (how: string): Promise<Served> =>
    servedOf(await withProgress(how, seconds, runCrowd({ ...asking, ms: seconds * 1_000 })));
  await runCrowd({ ...asking, everyMs: 5, ms: restMs });
  const alone = await measure('alone');
  const bytesEach = await bytesPerSocket(gateway);
  await sleep(restMs);
  const crowds = sockets(gateway.url, JSON.stringify(question));
  const beside = await measure('beside them');
  const rows = crowds.map(([who, crowd]) => ({ who, crowd, open: crowd.open(), livesMs: [...crowd.livesMs()] }));
  for (const { crowd } of rows) crowd[Symbol.dispose]();
  return { alone, beside, bytesEach, rows };
};

const { alone, beside, bytesEach, rows } = await run();
printTable(
  `${1_000 / everyMs} dashboards a second, ${seconds} s each: alone, and beside ${idle} idle, ${slowSockets} slow and ${deafSockets} deaf sockets`,
  Object.entries({ alone, beside }).map(([who, { answers, bad, p50, p99, most }]) => ({
    ...{ who, answers, failed: bad },
    ...{ 'p50 ms': p50, 'p99 ms': p99, 'most ms': most },
  })),
);
printTable(
  'what became of the sockets',
  rows.map(({ who, open, livesMs }) => ({
    who,
    'open at the end': open,
    'closed by the gateway': livesMs.length,
    'after s, median': livesMs.length === 0 ? '–' : quantile(livesMs) / 1_000,
    'after s, most': livesMs.length === 0 ? '–' : Math.max(...livesMs) / 1_000,
  })),
);
const promises: readonly Promised[] = [
  atMost('answers that failed', 0, [alone.bad, beside.bad]),
  {
    isKept: beside.p99 < 2 * alone.p99,
    what: `p99 beside them: ${(beside.p99 / alone.p99).toFixed(2)} × alone (under 2)`,
  },
  { isKept: bytesEach < 30_000, what: `memory of an idle socket: ${(bytesEach / 1_000).toFixed(1)} KB (under 30)` },
];
console.log();
for (const { isKept, what } of promises) console.log(`  ${isKept ? 'kept  ' : 'BROKEN'}  ${what}`);
if (!promises.every(({ isKept }) => isKept)) process.exitCode = 1;
