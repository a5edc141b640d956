// Upstream is away for a while and comes back: what people are given meanwhile, and what its return costs.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createAsk, outcomeOf, runCrowd, type Reply } from './clients.ts';
import { atMost, withProgress, type Promised, type Scenario } from './scenario.ts';
import { dataCalls, distinctCalls, startStage } from './stage.ts';
import { printTable, quantile } from './table.ts';

const clients = 16;
const locations = 8;
const restMs = 100;
const warmUpMs = 6_000;
const recoveryMs = 12_000;
/** Good again so soon after upstream is. */
const mostRecoveryMs = 10_000;
/** When what upstream answered last is no longer fresh. */
const staleAfterMs = 1_500;
/** Answers are fresh for a second and never given while they are read again: whatever is older must say why. */
const settings = Object.fromEntries(
  ['TAGS', 'TAG_DETAILS', 'ACCOUNTS', 'STATISTICS', 'LOCATION'].map((kind) => [`CACHE_${kind}_SECONDS`, '1,1,3600']),
);

const query = `query Dashboard($id: ID!) { location(id: $id) {
  tags(first: 20) { nodes { name } freshness { state staleReason } }
  socialAccounts { nodes { name } freshness { state staleReason } }
  statistics { likes { total } freshness { state staleReason } } } }`;

const Part = z.object({ freshness: z.object({ state: z.string(), staleReason: z.string().nullable() }) });
const Dashboard = z.object({
  data: z.object({ location: z.object({ tags: Part, socialAccounts: Part, statistics: Part }) }),
});

/** How fresh the parts of a dashboard are, such as `FRESH` or `STALE_IF_ERROR CIRCUIT_OPEN`; none of one that failed. */
const statesOf = ({ codes, text }: Reply): readonly string[] => {
  if (codes.length > 0) return [];
  const { tags, socialAccounts, statistics } = Dashboard.parse(JSON.parse(text)).data.location;
  return [tags, socialAccounts, statistics].map(({ freshness: { state, staleReason } }) =>
    [state, staleReason].join(' ').trim(),
  );
};

const isFresh = (reply: Reply): boolean => statesOf(reply).every((state) => state === 'FRESH');
const isStaleWithReason = (reply: Reply): boolean =>
  statesOf(reply).every((state) => /^STALE_IF_ERROR [A-Z_]+$/.test(state));

const rowOf = (phase: string, replies: readonly Reply[]) => {
  const took = replies.map(({ ms }) => ms);
  const states = replies.flatMap(statesOf);
  const shares = [...Map.groupBy(states, (state) => state.toLowerCase().replaceAll('_', ' '))];
  return {
    phase,
    dashboards: replies.length,
    failed: outcomeOf(replies).failed,
    'p50 ms': quantile(took),
    'p99 ms': quantile(took, 0.99),
    'their parts': shares
      .map(([state, of]) => `${Math.round((100 * of.length) / states.length)} % ${state}`)
      .join(', '),
  };
};

const play = async (seconds: number) => {
  await using stage = await startStage({ settings, sandbox: { extraLocations: locations } });
  const { sandbox, urls } = stage;
  const { ask, close } = createAsk(clients);
  const totalMs = warmUpMs + seconds * 1_000 + recoveryMs;
  const crowd = runCrowd({
    clients,
    ms: totalMs,
    restMs,
    ask: (client) => ask(urls[0] ?? '', { query, variables: { id: sandbox.extraLocationIds[client % locations] } }),
  });
  const outage = async () => {
    await sleep(warmUpMs);
    const keys = distinctCalls(dataCalls(sandbox));
    sandbox.setFault({ route: '*', kind: 'reset' });
    const awayAt = performance.now();
    await sleep(seconds * 1_000);
    sandbox.clearCalls();
    sandbox.clearFaults();
    return { keys, awayAt, backAt: performance.now(), backMoment: Date.now() };
  };
  const what = 'dashboards while upstream is there, away and back';
  const [replies, { backMoment, ...told }] = await withProgress(what, totalMs / 1_000, Promise.all([crowd, outage()]));
  close();
  return { replies, ...told, callsAt: dataCalls(sandbox).map(({ at }) => at - backMoment) };
};

const run = async (seconds: number): Promise<readonly Promised[]> => {
  const { replies, keys, awayAt, backAt, callsAt } = await play(seconds);
  const during = (from: number, to: number) =>
    replies.filter((one) => one.askedAt >= from && one.askedAt + one.ms < to);
  const away = during(awayAt + staleAfterMs, backAt);
  const after = during(backAt, Infinity);
  printTable(
    `${clients} clients, ${locations} locations, upstream away for ${seconds} s; answers fresh for 1 s, kept for an hour`,
    [rowOf('upstream is there', during(0, awayAt)), rowOf('away', away), rowOf('back', after)],
  );
  const marked = away.filter(isStaleWithReason).length;
  const lastStale = after.findLast((reply) => !isFresh(reply));
  const staleMs = Math.round(lastStale === undefined ? 0 : lastStale.askedAt + lastStale.ms - backAt);
  const secondFrom = (from: number) => callsAt.filter((at) => at >= from && at < from + 1_000).length;
  return [
    atMost('dashboards that failed', 0, [outcomeOf(replies).failed]),
    {
      isKept: marked > 0 && marked === away.length,
      what: `while upstream was away ${marked} of ${away.length} were marked stale with the reason in every part`,
    },
    atMost('milliseconds until all were fresh again', mostRecoveryMs, [staleMs]),
    atMost('upstream calls in the first second of its return, and in the first in which it was asked', keys, [
      secondFrom(0),
      secondFrom(Math.min(...callsAt)),
    ]),
  ];
};

/** For bench/load.ts. */
export const outage: Scenario = {
  name: 'outage',
  about:
    'upstream away after a warm-up: all answered, marked stale with the reason; then fresh again without a stampede',
  seconds: 60,
  run,
};
