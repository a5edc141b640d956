import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { byInstallation } from '../../src/observe/metric-installations.ts';
import { read } from '../../src/observe/metric-table.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { byAgency, startTestGateway } from '../support/gateway.ts';

const check = (scrape: string) => {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
    input: scrape,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr, error };
};
const clean = { status: 0, said: '', error: undefined };

test('promtool has nothing to say of a scrape after traffic, with refusals and repeats', async () => {
  await using gateway = await startTestGateway({
    access: (sandbox) => byAgency(sandbox, sandbox.issueRefreshToken({ companyId: sandbox.companyId })),
  });
  const { full, large, otherTenant } = gateway.sandbox.locations;
  const question = readFileSync('examples/operations/live-reporting.graphql', 'utf8');
  gateway.sandbox.setFault({ route: 'listTags', kind: 'status', status: 503, times: 1 });
  for (const location of [full, full, large, otherTenant]) await gateway.ask(question, { location });
  await gateway.ask('{ nonsense }');
  await fetch(`${gateway.url}/no/such/path`);
  for (let count = 0; count < 2; count += 1) {
    const scrape = await (await fetch(`${gateway.gateway.adminUrl}/metrics`)).text();
    expect(scrape).toContain('upstream_retries_total{url_template="listTags",reason="503"} 1');
    expect(check(scrape)).toEqual(clean);
  }
});

test('nor of many installations told by percentiles', async () => {
  const metrics = createMetrics({ version: '1', schemaHash: 'a', serverAddress: 'b' });
  const holders = Array.from({ length: 1_000 }, (_, value) => ({ holder: `location:L${value}`, value }));
  const readings = byInstallation(holders.map((one) => ({ ...one, labels: { window: 'day' } })));
  metrics.watch([{ row: read.remaining, read: () => readings }]);
  const scrape = await metrics.text();
  expect(scrape).toContain('percentile="50"');
  expect(check(scrape)).toEqual(clean);
});

test('it would say so of a bad one', () => {
  expect(check('# TYPE requests gauge\nrequests_total{quantile="1"} 1\n').status).not.toBe(0);
});
