import { expect, test } from '@jest/globals';
import { byRoute, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

const many = `query Many($ids: [ID!]) { locations(first: 20, filter: { ids: $ids }) { nodes { tags(first: 50) { nodes { name details { updatedAt } } } } } }`;

/** Asks for something else each time, until Redis was read without a problem. */
const connected = async (gateway: TestGateway): Promise<void> => {
  const problems = () => gateway.gateway.tally.snapshot()['cache broken'] ?? 0;
  for (let search = 0, before = -1; before !== problems(); search += 1) {
    before = problems();
    const variables = { id: gateway.sandbox.locations.full, search: `no ${search}` };
    await gateway.ask(
      'query ($id: ID!, $search: String) { location(id: $id) { tags(search: $search) { nodes { id } } } }',
      variables,
    );
  }
};
/** What the log says about the connection. */
const said = ({ logLines }: TestGateway) => logLines.filter((line) => /REDIS_URL|Redis is used again/.test(line));
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('20 locations × 50 tags with details go into Redis at once, and another replica gives them: 0 calls, and nothing was broken', async () => {
  await using redis = await startRedis();
  const config = { redisUrl: redis.url, cacheTimeoutMs: 10_000 }; // this test is not about time
  await using one = await startTestGateway({ sandbox: { incompleteListRows: true, extraLocations: 20 }, config });
  await using two = await startTestGateway({ sandbox: one.sandbox, config });
  await Promise.all([connected(one), connected(two)]);
  one.calls();
  const broken = () => two.gateway.tally.snapshot()['cache broken'];
  const before = broken();
  const ids = one.sandbox.extraLocationIds;
  const cold = await one.ask(many, { ids });
  expect(cold.errors).toEqual([]);
  expect(byRoute(one.calls())).toEqual({ listTags: 20, readTagDetails: 20 });
  await connected(one); // its writes have gone before that
  one.calls();
  const warm = await two.ask(many, { ids });
  expect(warm.data).toEqual(cold.data);
  expect(one.calls()).toEqual([]);
  expect(broken()).toEqual(before);
  expect(said(two)).toEqual([]);
});

test('one line warns that Redis went away and what to check, one says that it is used again', async () => {
  await using redis = await startRedis();
  await using gateway = await startTestGateway({ config: { redisUrl: redis.url } });
  const problems = () => gateway.gateway.tally.snapshot()['redis problem'] ?? 0;
  await connected(gateway);
  redis.kill();
  while (problems() < 3) await turn();
  expect(said(gateway)).toEqual([expect.stringMatching(/"level":"warn".*"error":".+".*REDIS_URL/)]);
  await redis.restart();
  while (said(gateway).length < 2) await turn();
  expect(said(gateway)[1]).toMatch(/"level":"info".*used again/);
});

test('a password that Redis does not take is one warning, which does not repeat it', async () => {
  await using redis = await startRedis();
  const redisUrl = redis.url.replace('redis://', 'redis://somebody:very-secret-word@');
  await using gateway = await startTestGateway({ config: { redisUrl } });
  while ((gateway.gateway.tally.snapshot()['redis problem'] ?? 0) < 3) await turn();
  expect(said(gateway)).toEqual([expect.stringMatching(/"level":"warn".*WRONGPASS.*REDIS_URL/)]);
  expect(gateway.logLines.join('\n')).not.toContain('very-secret-word');
});
