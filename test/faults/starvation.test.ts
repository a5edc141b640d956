import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { runCrowd, servedOf } from '../support/crowd.ts';
import { startTenants, type Tenants } from '../support/tenants.ts';

jest.setTimeout(120_000);

const measuredMs = 8_000;
/** The greedy one is at full speed by then. */
const headStartMs = 2_000;
/** At few milliseconds what else the machine does decides: 5 ms against 20 starves nobody. */
const floorMs = 150;

/** How the modest one is served alone, then beside the greedy one. */
const measure = async ({ greedy, modest }: Tenants) => {
  await runCrowd({ ...modest, ms: 2_000 }); // so that its answers are kept
  const alone = servedOf(await runCrowd({ ...modest, ms: measuredMs }));
  const crowd = runCrowd({ ...greedy, ms: headStartMs + measuredMs });
  await sleep(headStartMs);
  const beside = servedOf(await runCrowd({ ...modest, ms: measuredMs }));
  const theirs = await crowd;
  console.table({ alone, beside, greedy: servedOf(theirs) });
  return { alone, beside, theirs };
};

test('a caller with 64 connections takes neither the gateway nor its processor from one who asks five times a second', async () => {
  await using tenants = await startTenants();
  const { alone, beside, theirs } = await measure(tenants);
  expect([alone.bad, beside.bad]).toEqual([0, 0]);
  expect(beside.answers).toBeGreaterThan(30);
  expect(beside.p99).toBeLessThan(Math.max(3 * alone.p99, alone.p99 + floorMs));
  expect(Object.keys(theirs.statuses).filter((status) => !['200', '429', '503'].includes(status))).toEqual([]);
  expect(theirs.statuses['200']).toBeGreaterThan(beside.answers);
});

test('who asks more often than it may is told so, with when to come again, and nobody else is', async () => {
  await using tenants = await startTenants({ CALLER_REQUESTS_PER_MINUTE: '600' });
  const { beside, theirs } = await measure(tenants);
  expect(beside.bad).toBe(0);
  expect(theirs.statuses['429']).toBeGreaterThan(0);
  expect(theirs.withoutRetryAfter).toBe(0);
  expect(theirs.limitedHeaders).toMatchObject({
    'retry-after': expect.stringMatching(/^\d+$/),
    ratelimit: expect.stringContaining('r='),
    'ratelimit-policy': expect.stringContaining('q=600'),
  });
});

test("who burns its location's upstream budget waits for that alone", async () => {
  await using tenants = await startTenants({}, { isBudgetKept: true });
  const { modest, greedy, gateway } = tenants;
  const alone = servedOf(await runCrowd({ ...modest, ms: measuredMs }));
  const crowd = runCrowd({ ...greedy, coldShare: 1, ms: headStartMs + measuredMs });
  await sleep(headStartMs);
  const cold = { ...modest, warm: [], cold: coldOf(tenants), everyMs: 1_000 }; // each of them a call of its own location
  const beside = servedOf(await runCrowd({ ...cold, ms: measuredMs }));
  const theirs = servedOf(await crowd);
  console.table({ alone, beside, greedy: theirs });
  expect(theirs.bad).toBeGreaterThan(0); // its budget was gone
  expect(beside.bad).toBe(0);
  expect(beside.most).toBeLessThan(1_000);
  const refused = gateway.sandbox.calls().filter(({ status }) => status === 429);
  expect(refused).toEqual([]);
});

/** The greedy one's question about the modest one's location: never answered before, so that upstream is asked. */
const coldOf = ({ greedy, modest }: Tenants): Tenants['greedy']['cold'] =>
  greedy.cold && { ...greedy.cold, variables: { id: modest.warm[0]?.variables['id'] } };
