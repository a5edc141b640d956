import { expect, jest, test } from '@jest/globals';
import { startHeapGateway } from '../support/heap-gateway.ts';
import { measureHostile, type HostileCost } from '../support/hostile-measure.ts';
import { hostileRequests } from '../support/hostile-requests.ts';

jest.setTimeout(600_000);

const slowestMs = 250;
const mostKbEach = 1_024;

test('no hostile request takes 250 ms or makes the heap grow by a megabyte, and a good one is answered right after each', async () => {
  await using gateway = await startHeapGateway({ NODE_ENV: 'production' });
  const costs: HostileCost[] = [];
  const unlike: string[] = [];
  for (const row of hostileRequests(gateway.location)) {
    const cost = await measureHostile(gateway, row);
    costs.push(cost);
    if (cost.status !== row.status) unlike.push(`${row.name}: ${cost.status} in place of ${row.status}`);
  }
  console.table(costs);
  expect(unlike).toEqual([]);
  expect(costs.filter(({ worstMs }) => worstMs >= slowestMs)).toEqual([]);
  expect(costs.filter(({ kbEach }) => kbEach > mostKbEach)).toEqual([]);
  expect(costs.filter(({ goodMs }) => goodMs === null || goodMs >= slowestMs)).toEqual([]);
  expect(costs.length).toBeGreaterThan(200);
});
