// People against background work at the same locations: what they wait with it and without it.
import { createAsk, outcomeOf, runCrowd, type Reply } from './clients.ts';
import { withProgress, type Promised, type Scenario } from './scenario.ts';
import { dataCalls, mostWithin, startStage, type Stage } from './stage.ts';
import { printTable, quantile, times } from './table.ts';

const locations = 8;
/** What a network adds to an upstream call; without it the processor of this machine would be measured. */
const latencyMs = 100;
/** A person of each location asks something that nobody has asked before about once a second: ten in 10 s of the 20 that are kept for people. */
const restMs = 900;
/** Connections of the background reader: enough to use up what it may take in less than half of each window. */
const readersPerLocation = 2;
const warmUpMs = 3_000;
const mostRatio = 2;

const query = `query Search($id: ID!, $text: String!) { location(id: $id) { tags(first: 5, search: $text) { nodes { name } } } }`;

const crowdsOn = ({ sandbox, urls }: Stage) => {
  const { ask, close } = createAsk(locations * (readersPerLocation + 1));
  let asked = 0;
  const search = (who: string, client: number, headers: Readonly<Record<string, string>>) => {
    asked += 1; // nobody asks the same twice: every question needs an upstream call of its own
    const id = sandbox.extraLocationIds[client % locations];
    return ask(urls[0] ?? '', { query, variables: { id, text: `${who} ${asked}` }, headers });
  };
  const people = (ms: number) =>
    runCrowd({ clients: locations, ms, restMs, ask: (client) => search('person', client, {}) });
  const background = (ms: number) =>
    runCrowd({
      clients: locations * readersPerLocation,
      ms,
      restMs: 1,
      ask: (client) => search('reader', client, { priority: 'u=7' }),
    });
  const variables = { id: sandbox.extraLocationIds[0], text: '' };
  const warmUp = (ms: number) =>
    runCrowd({ clients: locations, ms, restMs: 5, ask: () => ask(urls[0] ?? '', { query, variables }) });
  return { people, background, warmUp, close };
};

const rowOf = (who: string, replies: readonly Reply[]) => {
  const { good, failed, codes } = outcomeOf(replies);
  const took = replies.filter((reply) => reply.codes.length === 0).map(({ ms }) => ms);
  return {
    who,
    answered: good,
    failed,
    'p50 ms': quantile(took),
    'p99 ms': quantile(took, 0.99),
    'most ms': Math.max(0, ...took),
    codes,
  };
};

const run = async (seconds: number): Promise<readonly Promised[]> => {
  await using stage = await startStage({ sandbox: { extraLocations: locations } });
  const { sandbox } = stage;
  sandbox.setFault({ route: '*', kind: 'latency', ms: latencyMs });
  const { people, background, warmUp, close } = crowdsOn(stage);
  await Promise.all([people(warmUpMs), warmUp(warmUpMs)]); // tokens are fetched, code is compiled
  const ms = seconds * 1_000;
  const alone = rowOf('people alone', await withProgress('people alone', seconds, people(ms)));
  sandbox.clearCalls();
  const both = Promise.all([people(ms), background(ms)]);
  const [some, readers] = await withProgress('people beside a background reader', seconds, both);
  close();
  const beside = rowOf('people beside it', some);
  const reader = rowOf('background reader', readers);
  const calls = dataCalls(sandbox);
  printTable(`People ask ${locations} locations, upstream answers after ${latencyMs} ms, ${seconds} s each`, [
    alone,
    beside,
    reader,
  ]);
  const ratio = beside['p99 ms'] / alone['p99 ms'];
  const most = mostWithin(calls, 10_000);
  const refused = calls.filter(({ status }) => status === 429).length;
  return [
    {
      isKept: ratio < mostRatio,
      what: `p99 of people beside a background reader: ${times(beside['p99 ms'], alone['p99 ms'])} that of people alone (under ${mostRatio})`,
    },
    {
      isKept: alone.failed + beside.failed === 0,
      what: `people who got an error: ${alone.failed + beside.failed} (at most 0)`,
    },
    {
      isKept: most >= 80 && most <= 100,
      what: `the reader used what it may: ${most} calls of a location within 10 s (80 to 100)`,
    },
    { isKept: refused === 0, what: `calls that upstream refused with 429: ${refused} (at most 0)` },
  ];
};

/** For bench/load.ts. */
export const priority: Scenario = {
  name: 'priority',
  about: 'people beside a background reader that takes all it may: their p99 stays under twice its value alone',
  seconds: 30,
  run,
};
