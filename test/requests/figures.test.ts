import { describe, expect, test } from '@jest/globals';
import { byRoute, startTestGateway } from '../support/gateway.ts';

const dashboard = `query Dashboard($id: ID!) { location(id: $id) {
  tags(first: 20) { nodes { name details { updatedAt } } } statistics { likes { total series { date value } } } } }`;

describe('what a question costs upstream', () => {
  test('tags with details and statistics of a location cost 4 calls cold, 0 warm and 0 more for a second alias', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    const answer = await gateway.ask(dashboard, { id: full });
    expect(answer.errors).toEqual([]);
    expect(answer.data.location.tags.nodes).toHaveLength(20);
    expect(byRoute(gateway.calls())).toEqual({ listTags: 1, listAccounts: 1, readLocation: 1, readStatistics: 1 });

    const warm = await gateway.ask(dashboard, { id: full });
    expect(warm.data).toEqual(answer.data);
    expect(gateway.calls()).toEqual([]);

    await gateway.ask(
      `query Twice($id: ID!) { a: location(id: $id) { tags { nodes { name } } } b: location(id: $id) { tags { nodes { id } } } }`,
      { id: full },
    );
    expect(gateway.calls()).toEqual([]);
  });

  test('tags, accounts and the location record are asked for together, statistics after them', async () => {
    await using gateway = await startTestGateway();
    gateway.sandbox.setFault({ route: '*', kind: 'latency', ms: 60 });
    await gateway.ask(dashboard, { id: gateway.sandbox.locations.full });
    const routes = gateway.calls().map(({ route }) => route);
    expect(routes.slice(0, 3).toSorted()).toEqual(['listAccounts', 'listTags', 'readLocation']);
    expect(routes[3]).toBe('readStatistics');
  });

  test('list rows that carry only id and name cost one details call more', async () => {
    await using gateway = await startTestGateway({ sandbox: { incompleteListRows: true } });
    const answer = await gateway.ask(dashboard, { id: gateway.sandbox.locations.full });
    expect(answer.errors).toEqual([]);
    expect(answer.data.location.tags.nodes[0].details.updatedAt).toMatch(/^\d{4}-/);
    expect(byRoute(gateway.calls())).toEqual({
      listTags: 1,
      readTagDetails: 1,
      listAccounts: 1,
      readLocation: 1,
      readStatistics: 1,
    });
  });

  test('once the location record is cached the question costs 3', async () => {
    await using gateway = await startTestGateway();
    const { full } = gateway.sandbox.locations;
    await gateway.ask(`query Name($id: ID!) { location(id: $id) { name } }`, { id: full });
    expect(byRoute(gateway.calls())).toEqual({ readLocation: 1 });
    await gateway.ask(dashboard, { id: full });
    expect(byRoute(gateway.calls())).toEqual({ listTags: 1, listAccounts: 1, readStatistics: 1 });
  });

  test('20 locations × 50 tags with details in one operation cost at most 20 list calls and 20 detail calls', async () => {
    await using gateway = await startTestGateway({ sandbox: { incompleteListRows: true, extraLocations: 20 } });
    const answer = await gateway.ask(
      `query Many($ids: [ID!]) { locations(first: 20, filter: { ids: $ids }) { nodes { tags(first: 50) { nodes { name details { updatedAt } } } } } }`,
      { ids: gateway.sandbox.extraLocationIds },
    );
    expect(answer.errors).toEqual([]);
    const tags = answer.data.locations.nodes.flatMap((location: { tags: { nodes: unknown[] } }) => location.tags.nodes);
    expect(tags).toHaveLength(1_000);
    expect(byRoute(gateway.calls())).toEqual({ listTags: 20, readTagDetails: 20 });
  });

  test('equal questions asked at the same time by many callers share their calls', async () => {
    await using gateway = await startTestGateway();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => gateway.ask(dashboard, { id: gateway.sandbox.locations.full })),
    );
    expect(answers.every(({ errors }) => errors.length === 0)).toBe(true);
    expect(byRoute(gateway.calls())).toEqual({ listTags: 1, listAccounts: 1, readLocation: 1, readStatistics: 1 });
  });

  test('upstream calls name the GraphQL operation that caused them', async () => {
    await using gateway = await startTestGateway();
    await gateway.ask(dashboard, { id: gateway.sandbox.locations.full });
    expect(gateway.calls().map(({ operations }) => operations)).toEqual([
      ['Dashboard'],
      ['Dashboard'],
      ['Dashboard'],
      ['Dashboard'],
    ]);
  });
});
