import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { runCrowd, type Asking, type CrowdOutcome } from '../support/crowd.ts';
import { askAtPace, createKeepAliveClient, type Question } from '../support/keep-alive.ts';
import { boundless, boundlessSettings, startLoadedGateway, type LoadedGateway } from '../support/loaded-gateway.ts';
import { mostOpenFiles } from '../support/slow-sockets.ts';

jest.setTimeout(120_000);

const dashboard = `query Dashboard($id: ID!, $first: Int!) { location(id: $id) {
  name
  tags(first: $first) { nodes { name details { updatedAt } } }
  socialAccounts { nodes { name platform } }
  statistics(input: { period: { preset: LAST_30_DAYS } }) { likes { total series { date value } } } } }`;
const search = `query Search($id: ID!, $search: String!) { location(id: $id) {
  tags(first: 20, search: $search) { nodes { name details { updatedAt } } } } }`;
/** Some ten times the work of a dashboard. */
const heavy = `query Heavy($id: ID!) { ${Array.from(
  { length: 15 },
  (_, index) => `a${index}: location(id: $id) { tags(first: 50) { nodes { id name details { updatedAt } } } }`,
).join(' ')} }`;

const unlimited = { LOCATION_REQUESTS_PER_MINUTE: '0', LOCATION_COST_PER_MINUTE: '0' };
const locations = 5;
const start = () =>
  startLoadedGateway({ ...boundlessSettings, ...unlimited }, { ...boundless, extraLocations: locations });

/** Asks beside the crowd, over connections of its own, until that has ended. */
const probe = async <T>(ask: () => Promise<T>, everyMs: number, crowd: Promise<unknown>): Promise<readonly T[]> => {
  const found: T[] = [];
  const isOver = crowd.then(() => true);
  while (!(await Promise.race([isOver, sleep(0, false)])))
    found.push(...(await askAtPace(ask, { everyMs, ms: everyMs })));
  return found;
};

const health = async (url: string) => {
  const askedAt = performance.now();
  const response = await fetch(url);
  await response.body?.cancel();
  return { status: response.status, ms: performance.now() - askedAt };
};

const slowest = (told: readonly { readonly ms: number }[]): number => Math.max(...told.map(({ ms }) => ms));

/** What was seen from outside while the crowd asked, and the first question after it. */
const under = async (gateway: LoadedGateway, good: Question, asking: Omit<Asking, 'url' | 'everyMs' | 'token'>) => {
  using client = createKeepAliveClient(gateway.url, 8, null);
  await client.ask(good); // so that its answer is kept
  const crowd = runCrowd({ ...asking, url: gateway.url, everyMs: null, token: null });
  const [outcome, good1, live, ready] = await Promise.all([
    crowd,
    probe(() => client.ask(good), 200, crowd),
    probe(() => health(`${gateway.url}/livez`), 200, crowd),
    probe(() => health(`${gateway.adminUrl}/readyz`), 200, crowd),
  ]);
  return { outcome, probes: good1, live, ready, after: await client.ask(good) };
};

const show = (what: string, { outcome, probes, live, ready, after }: Awaited<ReturnType<typeof under>>) =>
  console.log(
    `${what}: ${JSON.stringify(outcome.statuses)}; ${probes.length} probes, slowest ${Math.round(slowest(probes))} ms; ` +
      `/livez ${Math.round(slowest(live))} ms, /readyz ${Math.round(slowest(ready))} ms; after it ${Math.round(after.ms)} ms`,
  );

/** Neither resets nor anything else that is not an answer. */
const statusesOf = ({ statuses }: CrowdOutcome): readonly string[] =>
  Object.keys(statuses).filter((status) => !['200', '429', '503'].includes(status));

test('300 clients without a rest get answers or are told to come again, and who asks beside them is answered within 2 s', async () => {
  await using gateway = await start();
  const [first = '', ...others] = gateway.sandbox.extraLocationIds;
  const warm = others.map((id) => ({ query: dashboard, variables: { id, first: 20 } }));
  const cold = { query: search, variables: { id: others[0] } };
  const good = { query: dashboard, variables: { id: first, first: 10 } };
  const seen = await under(gateway, good, { clients: 300, ms: 5_000, warm, cold, coldShare: 0.1 });
  show('300 clients', seen);
  expect(statusesOf(seen.outcome)).toEqual([]);
  expect(seen.outcome.withoutRetryAfter).toBe(0);
  expect(seen.outcome.statuses['200']).toBeGreaterThan(300);
  expect(seen.probes.length).toBeGreaterThan(5);
  expect(seen.probes.filter(({ status, hasErrors }) => status !== '200' || hasErrors)).toEqual([]);
  expect(slowest(seen.probes)).toBeLessThan(2_000);
  expect([seen.after.status, seen.after.hasErrors, seen.after.ms < 1_000]).toEqual(['200', false, true]);
});

test('1,500 clients with heavy questions are told with 503 when to come again, health answers all the time, and memory comes back', async () => {
  if (mostOpenFiles() < 4_096) throw new Error('this needs 4,096 open files: see "ulimit -n"');
  await using gateway = await start();
  const [first = '', second = ''] = gateway.sandbox.extraLocationIds;
  const good = { query: dashboard, variables: { id: first, first: 10 } };
  const warm = [{ query: heavy, variables: { id: second } }];
  await runCrowd({
    ...{ url: gateway.url, clients: 32, ms: 3_000, everyMs: null, token: null },
    ...{ warm, cold: null, coldShare: 0 },
  }); // what a busy process has in memory anyway
  const bytesBefore = gateway.residentBytes();
  const seen = await under(gateway, good, { clients: 1_500, ms: 8_000, warm, cold: null, coldShare: 0 });
  show('1,500 clients', seen);
  expect(statusesOf(seen.outcome)).toEqual([]);
  expect(seen.outcome.statuses['200']).toBeGreaterThan(0);
  expect(seen.outcome.statuses['503']).toBeGreaterThan(0);
  expect(seen.outcome.withoutRetryAfter).toBe(0);
  expect(seen.live.filter(({ status }) => status !== 200)).toEqual([]);
  expect(slowest([...seen.live, ...seen.ready])).toBeLessThan(2_000);
  using client = createKeepAliveClient(gateway.url, 1, null);
  const after = await client.ask(good);
  expect([after.status, after.ms < 1_000]).toEqual(['200', true]);
  await askAtPace(() => client.ask(good), { everyMs: 20, ms: 10_000 }); // a process that does nothing collects nothing
  const grownMb = (gateway.residentBytes() - bytesBefore) / 1e6;
  console.log(`memory after it: +${Math.round(grownMb)} MB`);
  expect(grownMb).toBeLessThan(150);
});
