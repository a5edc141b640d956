import { describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

const query = 'query ($id: ID!) { location(id: $id) { tags(first: 1) { nodes { name } } } }';

const askTags = async (gateway: TestGateway) => {
  const answer = await gateway.ask(query, { id: gateway.sandbox.locations.full });
  return gateway.codesOf(answer)[0] ?? (answer.data?.location?.tags ? 'data' : 'nothing');
};
const tokenRequests = ({ sandbox }: TestGateway) => sandbox.calls().filter(({ route }) => route === 'token').length;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds until the question is answered again; fails after ten seconds. */
const untilGood = async (gateway: TestGateway) => {
  const startedAt = performance.now();
  while (performance.now() - startedAt < 10_000) {
    if ((await askTags(gateway)) === 'data') return performance.now() - startedAt;
    await pause(50);
  }
  throw new Error('not good after ten seconds');
};

describe('the token endpoint in trouble: fifty questions get a clear code in time, for few requests, and it heals by itself', () => {
  test.each([
    ['answers 503', { kind: 'status', status: 503 }, 'UPSTREAM_UNAVAILABLE'],
    ['answers 429', { kind: 'rate-limit' }, 'UPSTREAM_RATE_LIMITED'],
    ['resets every connection', { kind: 'reset' }, 'UPSTREAM_UNAVAILABLE'],
    ['hangs', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
    ['answers HTML', { kind: 'body', body: '<html>Maintenance</html>' }, 'UPSTREAM_INVALID_RESPONSE'],
  ] as const)(
    'it %s',
    async (_, fault, code) => {
      await using gateway = await startTestGateway();
      gateway.sandbox.setFault({ route: 'token', ...fault });
      const startedAt = performance.now();
      const first = await Promise.all(Array.from({ length: 25 }, () => askTags(gateway)));
      const then = [];
      for (let question = 0; question < 25; question += 1) then.push(await askTags(gateway));
      expect(new Set([...first, ...then])).toEqual(new Set([code]));
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(tokenRequests(gateway)).toBeLessThanOrEqual(10);
      gateway.sandbox.clearFaults();
      expect(await untilGood(gateway)).toBeLessThan(10_000);
    },
    30_000,
  );
});
