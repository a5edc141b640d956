// What questions cost upstream, against a client that asks the REST API itself: one call for each tag and for each kind of data.
import { z } from 'zod';
import type { Sandbox } from '../src/sandbox/server.ts';
import { dashboard, measured, startBoth, twoDashboards } from './gateway.ts';
import { printTable, times } from './table.ts';

/** Upstream is local and answers in 1 ms; this is what a network adds to each call. */
const latencyMs = 20;
/** Calls at a time of the client without a gateway, as many as a browser makes to one host. */
const connections = 6;

const Token = z.object({ access_token: z.string() });
const Tags = z.object({ results: z.object({ tags: z.array(z.object({ _id: z.string() })) }) });
const Accounts = z.object({ results: z.object({ accounts: z.array(z.object({ profileId: z.string() })) }) });

/** A client of the REST API with a token for one location. */
const createRestClient = async ({ url, client }: Sandbox, locationId: string) => {
  const form = new URLSearchParams({ client_id: client.id, client_secret: client.secret, locationId });
  form.set('grant_type', 'client_credentials');
  form.set('user_type', 'Location');
  const { access_token: token } = Token.parse(
    await (await fetch(`${url}/oauth/token`, { method: 'POST', body: form })).json(),
  );
  const call = async (path: string, json?: unknown, version = '2021-07-28'): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, version, 'content-type': 'application/json' };
    const response = await fetch(
      url + path,
      json === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(json) },
    );
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response.json();
  };
  const base = `/social-media-posting/${locationId}`;
  return {
    tags: async (limit: number) => Tags.parse(await call(`${base}/tags?limit=${limit}&skip=0`)).results.tags,
    details: (tagId: string) => call(`${base}/tags/details`, { tagIds: [tagId] }),
    accounts: async () => Accounts.parse(await call(`${base}/accounts`)).results.accounts,
    location: () => call(`/locations/${locationId}`),
    statistics: (profileIds: string[]) =>
      call(`/social-media-posting/statistics?locationId=${locationId}`, { profileIds }, 'v3'),
  };
};

type RestClient = Awaited<ReturnType<typeof createRestClient>>;

/** Does the jobs in order, `connections` of them at a time. */
const inParallel = async (jobs: readonly (() => Promise<unknown>)[]): Promise<void> => {
  const queue = jobs.values();
  const worker = async () => {
    for (const job of queue) await job();
  };
  await Promise.all(Array.from({ length: connections }, worker));
};

const tagsWithDetails = async (clients: readonly RestClient[], limit: number): Promise<void> => {
  const details: (() => Promise<unknown>)[] = [];
  await inParallel(
    clients.map((client) => async () => {
      for (const { _id } of await client.tags(limit)) details.push(() => client.details(_id));
    }),
  );
  await inParallel(details);
};

const dashboardByRest = async (client: RestClient): Promise<void> => {
  await Promise.all([
    tagsWithDetails([client], 20),
    client.location(), // for its time zone: statistics come with weekdays and no dates
    client.accounts().then((accounts) => client.statistics(accounts.map(({ profileId }) => profileId))),
  ]);
};

interface Measured {
  readonly calls: number;
  readonly ms: number;
}

const compare = (title: string, naive: Measured, rows: readonly (readonly [string, Measured])[]): void =>
  printTable(
    title,
    [['REST, a call per tag', naive] as const, ...rows].map(([way, { calls, ms }]) => ({
      way,
      'upstream calls': calls,
      ms,
      'fewer calls': times(naive.calls, calls),
      faster: times(naive.ms, ms),
    })),
  );

const oneDashboard = async (): Promise<void> => {
  await using both = await startBoth({ incompleteListRows: true, extraLocations: 1 }, {});
  const { sandbox } = both;
  const id = sandbox.locations.full;
  const client = await createRestClient(sandbox, id);
  sandbox.setFault({ route: '*', kind: 'latency', ms: latencyMs });
  const naive = await measured(sandbox, () => dashboardByRest(client));
  const cold = await measured(sandbox, () => both.ask(dashboard, { id }));
  const warm = await measured(sandbox, () => both.ask(dashboard, { id }));
  const [other = id] = sandbox.extraLocationIds;
  const alias = await measured(sandbox, () => both.ask(twoDashboards, { id: other }));
  compare('(a) a dashboard: 20 tags with details, statistics', naive, [
    ['gateway, cold', cold],
    ['gateway, warm', warm],
    ['gateway, cold, under two aliases', alias],
  ]);
};

const manyTags = async (): Promise<void> => {
  await using both = await startBoth({ incompleteListRows: true, extraLocations: 20 }, {});
  const { sandbox } = both;
  const ids = sandbox.extraLocationIds;
  const clients = await Promise.all(ids.map((id) => createRestClient(sandbox, id)));
  sandbox.setFault({ route: '*', kind: 'latency', ms: latencyMs });
  const question = `query Many($ids: [ID!]) { locations(first: 20, filter: { ids: $ids }) { nodes {
    tags(first: 50) { nodes { name details { updatedAt } } } } } }`;
  const naive = await measured(sandbox, () => tagsWithDetails(clients, 50));
  const cold = await measured(sandbox, () => both.ask(question, { ids }));
  const warm = await measured(sandbox, () => both.ask(question, { ids }));
  compare('(b) 20 locations × 50 tags with details', naive, [
    ['gateway, cold', cold],
    ['gateway, warm', warm],
  ]);
};

console.log(
  `Upstream answers after ${latencyMs} ms; list rows carry only id and name; ${connections} connections without a gateway.\n` +
    'The gateway fetches its access tokens meanwhile (time counted, calls not); the REST client holds its own already.',
);
await oneDashboard();
await manyTags();
