import { expect, test } from '@jest/globals';
import { byRoute, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

const many = `query Many($ids: [ID!]) { locations(first: 20, filter: { ids: $ids }) { nodes { tags(first: 50) { nodes { name details { updatedAt } } } } } }`;

/** Asks until Redis has answered the gateway. */
const connected = async (gateway: TestGateway): Promise<void> => {
  while (!('cache miss' in gateway.gateway.tally.snapshot())) await gateway.ask('{ accountStatistics { timeZone } }');
};
const said = ({ logLines }: TestGateway, text: string) => logLines.filter((line) => line.includes(text));
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('20 locations × 50 tags with details go into Redis and come out of it at once: 0 calls warm, and nothing was broken', async () => {
  await using redis = await startRedis();
  await using gateway = await startTestGateway({
    sandbox: { incompleteListRows: true, extraLocations: 20 },
    config: { redisUrl: redis.url },
  });
  await connected(gateway);
  gateway.calls();
  const before = gateway.gateway.tally.snapshot()['cache broken'];
  const ids = gateway.sandbox.extraLocationIds;
  const cold = await gateway.ask(many, { ids });
  expect(cold.errors).toEqual([]);
  expect(byRoute(gateway.calls())).toEqual({ listTags: 20, readTagDetails: 20 });
  const warm = await gateway.ask(many, { ids });
  expect(warm.data).toEqual(cold.data);
  expect(gateway.calls()).toEqual([]);
  expect(gateway.gateway.tally.snapshot()['cache broken']).toBe(before);
  expect(said(gateway, 'Redis')).toEqual([]);
});

test('one line warns that Redis went away and what to check, one says that it is used again', async () => {
  await using redis = await startRedis();
  await using gateway = await startTestGateway({ config: { redisUrl: redis.url } });
  const problems = () => gateway.gateway.tally.snapshot()['redis problem'] ?? 0;
  await connected(gateway);
  redis.kill();
  while (problems() < 3) await turn();
  expect(said(gateway, 'Redis')).toEqual([expect.stringMatching(/"level":"warn".*"error":".+".*REDIS_URL/)]);
  await redis.restart();
  while (said(gateway, 'Redis').length < 2) await turn();
  expect(said(gateway, 'Redis')[1]).toMatch(/"level":"info".*used again/);
});

test('a password that Redis does not take is one warning, which does not repeat it', async () => {
  await using redis = await startRedis();
  const redisUrl = redis.url.replace('redis://', 'redis://somebody:very-secret-word@');
  await using gateway = await startTestGateway({ config: { redisUrl } });
  while ((gateway.gateway.tally.snapshot()['redis problem'] ?? 0) < 3) await turn();
  expect(said(gateway, 'Redis')).toEqual([expect.stringMatching(/"level":"warn".*WRONGPASS.*REDIS_URL/)]);
  expect(gateway.logLines.join('\n')).not.toContain('very-secret-word');
});
