// A thousand operations at once, each for one tag of the same location: what they cost upstream together.
import { createAsk, outcomeOf, type Reply } from './clients.ts';
import { atMost, type Promised, type Scenario } from './scenario.ts';
import { dataCalls, startStage } from './stage.ts';
import { printTable, quantile } from './table.ts';

const operations = 1_000;
const rounds = ['cold', 'warm, other tags'];
const most = 12;

const query = `query One($location: ID!, $tag: ID!) {
  location(id: $location) { tag(id: $tag) { id name details { updatedAt } } } }`;

const run = async (): Promise<readonly Promised[]> => {
  await using stage = await startStage({});
  const { sandbox, urls } = stage;
  const location = sandbox.locations.large;
  const tags = sandbox.tagsOf(location);
  const { ask, close } = createAsk(operations);
  const rows = [];
  for (const [index, start] of rounds.entries()) {
    sandbox.clearCalls();
    const wanted = tags.slice(index * operations, (index + 1) * operations);
    const replies = await Promise.all(
      wanted.map(({ id }) => ask(urls[0] ?? '', { query, variables: { location, tag: id } })),
    );
    const { failed } = outcomeOf(replies);
    const isRight = (reply: Reply, place: number) => reply.text.includes(`"id":"${wanted[place]?.id ?? ''}"`);
    rows.push({
      start,
      operations: replies.length,
      failed,
      'wrong tag': replies.filter((reply, place) => reply.codes.length === 0 && !isRight(reply, place)).length,
      'upstream calls': dataCalls(sandbox).length,
      'p50 ms': quantile(replies.map(({ ms }) => ms)),
      'p99 ms': quantile(
        replies.map(({ ms }) => ms),
        0.99,
      ),
    });
  }
  close();
  printTable(`${operations} operations at once, each for one tag of the same location`, rows);
  return [
    atMost(
      'upstream calls',
      most,
      rows.map((row) => row['upstream calls']),
    ),
    atMost(
      'operations that failed or got another tag',
      0,
      rows.map((row) => row.failed + row['wrong tag']),
    ),
  ];
};

/** For bench/load.ts. */
export const batching: Scenario = {
  name: 'batching',
  about: '1,000 operations at once, each for one tag of the same location: at most 12 upstream calls',
  seconds: null,
  run,
};
