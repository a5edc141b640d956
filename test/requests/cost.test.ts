// What an operation costs upstream, as callers are told and as upstream saw it.
import { describe, expect, test } from '@jest/globals';
import { startSandbox } from '../../src/sandbox/server.ts';
import { stopClock } from '../support/clock.ts';
import { byClientCredentials, startTestGateway, type Answer, type TestGateway } from '../support/gateway.ts';

const include = { 'graphql-cost': 'include' };
const board = (id: string) =>
  `{ location(id: "${id}") { name tags(first: 3) { nodes { name } } statistics { likes { total } } } }`;

interface Calls {
  readonly made: number;
  readonly shared: number;
  readonly fromCache: number;
}
interface Cost extends Calls {
  readonly estimated: { readonly total: number; readonly perLocation: number };
  readonly locations: readonly (Calls & { readonly id: string })[];
  readonly company: Calls | null;
}
const extensionsOf = ({ text }: Answer) => (JSON.parse(text) as { extensions?: { cost: Cost } }).extensions;
const costOf = (answer: Answer): Cost => {
  const extensions = extensionsOf(answer);
  if (!extensions) throw new Error(`no cost in ${answer.text}`);
  return extensions.cost;
};
const calls = (made: number, shared: number, fromCache: number): Calls => ({ made, shared, fromCache });

/** The last line that the log wrote about an operation. */
const lastOperation = ({ logLines }: TestGateway): Record<string, unknown> =>
  JSON.parse(logLines.findLast((line) => line.includes('"msg":"operation"')) ?? '{}') as Record<string, unknown>;

describe('the cost of an operation', () => {
  test('names what upstream saw, by location; a second time it is all from the cache', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    const cold = costOf(await gateway.ask(board(full)));
    expect(gateway.calls()).toHaveLength(4);
    expect(cold).toEqual({
      estimated: { total: 4, perLocation: 4 },
      ...calls(4, 0, 0),
      locations: [{ id: full, ...calls(4, 0, 0) }],
      company: null,
    });
    const log = { upstreamCalls: 4, shared: 0, fromCache: 0, estimated: 4 };
    expect(lastOperation(gateway)).toMatchObject(log);

    const warm = costOf(await gateway.ask(board(full)));
    expect(gateway.calls()).toEqual([]);
    expect(warm).toMatchObject({ estimated: { total: 4 }, made: 0, shared: 0 });
    expect(warm.fromCache).toBeGreaterThanOrEqual(3);
    expect(warm.locations).toEqual([{ id: full, ...calls(0, 0, warm.fromCache) }]);
    expect(lastOperation(gateway)).toMatchObject({ upstreamCalls: 0, fromCache: warm.fromCache, estimated: 4 });
  });

  test('lists the locations that it touched, in the order of their ids, and the company by itself', async () => {
    await using gateway = await startTestGateway();
    const { full, large, empty } = gateway.sandbox.locations;
    const page = (id: string) => `location(id: "${id}") { tags(first: 1) { totalCount } }`;
    await gateway.ask(`{ ${page(large)} }`);
    gateway.calls();
    const cost = costOf(
      await gateway.ask(
        `{ a: ${page(full)} b: ${page(large)} c: location(id: "${empty}") { id quota { mode } } accountStatistics { timeZone } }`,
      ),
    );
    expect(cost).toEqual({
      estimated: { total: 3, perLocation: 1 },
      ...calls(2, 0, 1),
      locations: [
        { id: full, ...calls(1, 0, 0) },
        { id: large, ...calls(0, 0, 1) },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
      company: calls(1, 0, 0),
    });
    expect(gateway.calls().map(({ locationId }) => locationId)).toHaveLength(2);
  });

  test('counts repeats: each request on the wire is one', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 500, times: 1 });
    const answer = await gateway.ask(`{ location(id: "${full}") { tags { totalCount } } }`);
    expect(answer.errors).toEqual([]);
    expect(costOf(answer)).toMatchObject({ estimated: { total: 1 }, ...calls(2, 0, 0) });
    expect(gateway.calls()).toHaveLength(2);
  });

  test('counts what came with a call of somebody else’s as shared', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'latency', ms: 500 });
    const question = `{ location(id: "${full}") { tags { totalCount } } }`;
    const answers = await Promise.all([gateway.ask(question), gateway.ask(question), gateway.ask(question)]);
    expect(gateway.calls()).toHaveLength(1);
    const costs = answers.map(costOf).toSorted((a, b) => b.made - a.made);
    expect(costs).toEqual([
      expect.objectContaining(calls(1, 0, 0)),
      expect.objectContaining(calls(0, 1, 0)),
      expect.objectContaining(calls(0, 1, 0)),
    ]);
  });

  test('is told with errors, too', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    gateway.sandbox.setFault({ route: 'listTags', kind: 'body', body: {} });
    const answer = await gateway.ask(`{ location(id: "${full}") { tags { totalCount } } }`);
    expect(gateway.codesOf(answer)).toEqual(['UPSTREAM_INVALID_RESPONSE']);
    expect(costOf(answer)).toMatchObject({ ...calls(1, 0, 0), locations: [{ id: full, ...calls(1, 0, 0) }] });
  });

  test('of what cannot be executed there is none', async () => {
    await using gateway = await startTestGateway();
    for (const query of ['{', '{ nonsense }', 'query ($id: ID!) { location(id: $id) { name } }'])
      expect(extensionsOf(await gateway.ask(query))).toBeUndefined();
    expect(costOf(await gateway.ask('{ __typename }'))).toEqual({
      estimated: { total: 0, perLocation: 0 },
      ...calls(0, 0, 0),
      locations: [],
      company: null,
    });
  });

  test('with a live upstream it is told to those who ask', async () => {
    await using gateway = await startTestGateway({
      access: (sandbox) => ({ ...byClientCredentials(sandbox), sandbox: null }),
    });
    const question = board(gateway.sandbox.locations.full);
    expect(extensionsOf(await gateway.ask(question))).toBeUndefined();
    expect(extensionsOf(await gateway.ask(question, {}, { 'graphql-cost': 'exclude' }))).toBeUndefined();
    expect(costOf(await gateway.ask(question, {}, include))).toMatchObject({ made: 0 });
    expect(costOf(await gateway.ask(question, {}, { 'GraphQL-Cost': ' Include ' }))).toMatchObject({ made: 0 });
  });
});

describe('an operation whose estimate is over the limits is refused before any call, with the numbers', () => {
  const refusal = (total: number, perLocation: number, allowed: string) =>
    `The operation could cost ${total} upstream calls (${perLocation} of one location); ${allowed} are allowed.`;
  const pages = (count: number) =>
    Array.from({ length: count }, (_, index) => `p${index}: tags(first: ${index + 1}) { totalCount }`).join(' ');
  const details = (locations: number, tags: number) =>
    `{ locations(first: ${locations}) { nodes { tags(first: ${tags}) { nodes { details { updatedAt } } } } } }`;

  test.each<
    [string, (id: string) => string, { maxUpstreamCalls?: number; maxUpstreamCallsPerLocation?: number }, string]
  >([
    ['21 calls of one location', (id) => `{ location(id: "${id}") { ${pages(21)} } }`, {}, refusal(21, 21, '200 (20)')],
    [
      'one location through two lists and by name',
      (id) =>
        `{ location(id: "${id}") { ${pages(7)} name } locations(first: 2) { nodes { ${pages(8)} } } more: locations(first: 3) { nodes { x: tags(first: 50) { totalCount } socialAccounts { nodes { id } } } } }`,
      { maxUpstreamCallsPerLocation: 10 },
      refusal(31, 11, '200 (10)'),
    ],
    ['201 calls in all', () => details(100, 100), {}, refusal(201, 2, '200 (20)')],
    // Ids of one location travel together, those of different locations never do.
    [
      '20 locations × 50 tags: 20 calls for details',
      () => details(20, 50),
      { maxUpstreamCalls: 40 },
      refusal(41, 2, '40 (20)'),
    ],
  ])('%s', async (_name, query, config, message) => {
    await using gateway = await startTestGateway({ config });
    const answer = await gateway.ask(query(gateway.sandbox.locations.full));
    expect(gateway.codesOf(answer)).toEqual(['OPERATION_TOO_EXPENSIVE']);
    expect(answer.errors[0]?.message).toBe(message);
    expect(answer.data).toBeUndefined();
    expect(costOf(answer)).toMatchObject(calls(0, 0, 0));
    expect(lastOperation(gateway)).toMatchObject({ upstreamCalls: 0, estimated: costOf(answer).estimated.total });
    expect(gateway.sandbox.calls()).toEqual([]); // no token either
  });

  test('at the limits it runs: 20 locations × 50 tags cost 20 calls for details, not 10', async () => {
    await using sandbox = await startSandbox({ incompleteListRows: true, extraLocations: 20 });
    await using gateway = await startTestGateway({ sandbox, config: { maxUpstreamCalls: 41 } });
    const ids = sandbox.extraLocationIds.map((id) => `"${id}"`).join(' ');
    const query = details(20, 50).replace('(first: 20)', `(first: 20, filter: { ids: [${ids}] })`);
    const answer = await gateway.ask(query);
    expect(answer.errors).toEqual([]);
    const seen = gateway.calls();
    expect(seen.filter(({ route }) => route === 'readTagDetails')).toHaveLength(20);
    expect(costOf(answer)).toMatchObject({ estimated: { total: 41, perLocation: 2 }, made: seen.length });
    expect(costOf(answer).locations).toHaveLength(20);
  });
});

describe('the quota of a location', () => {
  const quotaOf = async (gateway: TestGateway, id: string) => {
    const window = '{ limit remaining reservedForInteractive windowSeconds expectedResetAt }';
    const { data } = await gateway.ask(
      `{ location(id: "${id}") { quota { burst ${window} daily ${window} mode observedAt } } }`,
    );
    return data.location.quota as Record<'burst' | 'daily', Record<string, unknown>> & {
      mode: string;
      observedAt: unknown;
    };
  };

  test('is the count by which calls are sent: all run; people only; only what is kept', async () => {
    stopClock('2026-06-15T12:00:00.000Z');
    const limits = { burst: { limit: 10, windowMs: 10_000 }, dailyLimit: 10 };
    await using gateway = await startTestGateway({ sandbox: limits, config: limits });
    const { full, large } = gateway.sandbox.locations;
    const pages = (from: number, count: number) => {
      const page = (_: unknown, index: number) => `p${index}: tags(first: ${from + index}) { totalCount }`;
      return gateway.ask(`{ location(id: "${full}") { ${Array.from({ length: count }, page).join(' ')} } }`);
    };
    expect(await quotaOf(gateway, full)).toMatchObject({
      burst: { limit: 10, remaining: 10, reservedForInteractive: 2, windowSeconds: 10, expectedResetAt: null },
      daily: { limit: 10, remaining: 10, reservedForInteractive: 2, windowSeconds: 86_400 },
      mode: 'NORMAL',
      observedAt: null,
    });
    expect((await pages(1, 8)).errors).toEqual([]);
    expect(await quotaOf(gateway, full)).toMatchObject({
      burst: { remaining: 2, expectedResetAt: '2026-06-15T12:00:10.000Z' },
      daily: { remaining: 2 },
      mode: 'CONSERVING',
      observedAt: '2026-06-15T12:00:00.000Z',
    });
    expect((await pages(9, 2)).errors).toEqual([]);
    expect(await quotaOf(gateway, full)).toMatchObject({ daily: { remaining: 0 }, mode: 'EXHAUSTED' });
    expect(gateway.calls()).toHaveLength(10);

    expect((await pages(1, 10)).errors).toEqual([]); // kept
    expect(gateway.codesOf(await pages(11, 1))).toEqual(['UPSTREAM_RATE_LIMITED']);
    expect(gateway.calls()).toEqual([]);
    expect(await quotaOf(gateway, large)).toMatchObject({ mode: 'NORMAL' });
  });
});

describe('what a request says of its urgency', () => {
  test('background work and live feeds leave the reserve to people', async () => {
    stopClock('2026-06-15T12:00:00.000Z'); // no permit comes back
    const burst = { limit: 5, windowMs: 60_000 };
    await using gateway = await startTestGateway({ sandbox: { burst }, config: { burst } });
    const { full } = gateway.sandbox.locations;
    let page = 0;
    const ask = async (headers: Record<string, string>) => {
      const answer = await gateway.ask(
        `{ location(id: "${full}") { tags(first: ${(page += 1)}) { totalCount } } }`,
        {},
        headers,
      );
      return gateway.codesOf(answer);
    };
    for (let call = 0; call < 4; call += 1) expect(await ask({ priority: 'u=7, i' })).toEqual([]);
    expect(await ask({ priority: 'u=7' })).toEqual(['UPSTREAM_RATE_LIMITED']);
    expect(await ask({ priority: 'u=5' })).toEqual(['UPSTREAM_RATE_LIMITED']);
    expect(gateway.calls()).toHaveLength(4);
    expect(await ask({ priority: 'u=4' })).toEqual([]); // Firefox, for every fetch
    expect(await ask({})).toEqual(['UPSTREAM_RATE_LIMITED']);
    expect(gateway.calls()).toHaveLength(1);
  });
});
