import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { hostileRequests, sendHostile, type HostileRequest } from '../support/hostile-requests.ts';
import { until } from '../support/until.ts';

// Started before the tables are made: their rows ask within one of its locations.
const development = await startTestGateway();
const { sandbox } = development;
const production = await startTestGateway({ sandbox, config: { isProduction: true } });
// They share a process with the making of the tables, which takes long enough to count as too much to do.
beforeAll(async () => {
  for (const gateway of [development, production])
    await until(async () => ((await askWell(gateway)).errors.length === 0 ? gateway : null));
});
afterAll(async () => {
  await production.close();
  await development.close();
});

const { full } = sandbox.locations;
const rows = hostileRequests(full).map((row): [string, HostileRequest] => [row.name, row]);
const askWell = (gateway: TestGateway) =>
  gateway.ask(`{ location(id: "${full}") { tags(first: 1) { nodes { name } } } }`);
const largestAnswer = 64 * 1_024;
/** Stack traces, paths, hosts and codes of Node. */
const inside =
  /\bat \S+ \(|node_modules|\.[cm]?[jt]s:\d|file:\/\/|\/src\/|127\.0\.0\.1|localhost|E(CONN|NOENT|ACCES|PIPE)|stacktrace/i;

interface Errors {
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

const codeIn = (text: string): string | null =>
  text === '' ? null : ((JSON.parse(text) as Errors).errors?.[0]?.extensions.code ?? null);

describe.each([
  ['in development', development],
  ['in production', production],
])('%s a request that means no good is answered as it should be, and costs no upstream call', (_mode, gateway) => {
  test.each(rows)('%s', async (_name, { sent, status, code, reaches = [] }) => {
    sandbox.clearCalls();
    const answer = await sendHostile(gateway.url, sent);
    expect({ status: answer.status, code: codeIn(answer.text) }).toEqual({ status, code });
    if (answer.text !== '') expect(answer.type).toMatch(/^application\/(graphql-response\+)?json/);
    expect(Buffer.byteLength(answer.text)).toBeLessThanOrEqual(largestAnswer);
    expect(answer.text).not.toMatch(inside);
    expect(new Set(gateway.calls().map(({ route }) => route))).toEqual(new Set(reaches));

    const good = await askWell(gateway);
    expect(good.errors).toEqual([]);
    expect(good.data.location.tags.nodes).toHaveLength(1);
  });
});

test('there are more than sixty of them, each with a name of its own', () => {
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThan(200);
});
