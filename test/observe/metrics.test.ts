import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { byInstallation } from '../../src/observe/metric-installations.ts';
import { buildInfo, counted, read, type MetricRow } from '../../src/observe/metric-table.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import type { Count } from '../../src/observe/tally.ts';
import { readExposition } from '../support/exposition.ts';

const create = () => createMetrics({ version: '1.2.3', schemaHash: 'abc', serverAddress: 'upstream.example:443' });

const scrape = async ({ text }: Pick<ReturnType<typeof create>, 'text'>) => {
  const { samples, problems } = readExposition(await text());
  expect(problems).toEqual([]);
  return { samples, valueOf: (series: string) => samples.find((sample) => sample.series === series)?.value };
};

describe('a count', () => {
  test('stands under the metric of its first word, its other words are the labels', async () => {
    const metrics = create();
    metrics.tally.add('cache hit tag-page');
    metrics.tally.add('cache hit tag-page');
    metrics.tally.add('saved cache', 5);
    metrics.tally.add('redis problem');
    const { valueOf } = await scrape(metrics);
    expect(valueOf('cache_requests_total{result="hit",cache="tag-page"}')).toBe(2);
    expect(valueOf('upstream_calls_saved_total{by="cache"}')).toBe(5);
    expect(valueOf('redis_errors_total')).toBe(1);
    expect(metrics.tally.snapshot()).toMatchObject({ 'cache hit tag-page': 2, 'saved cache': 5 });
  });

  test('is the same at the next scrape, and grows', async () => {
    const metrics = create();
    metrics.tally.add('error NOT_FOUND');
    await scrape(metrics);
    metrics.tally.add('error NOT_FOUND');
    const { valueOf } = await scrape(metrics);
    expect(valueOf('graphql_server_errors_total{code="NOT_FOUND"}')).toBe(2);
  });

  test('of what is under way goes up and down', async () => {
    const metrics = create();
    metrics.tally.add('queued live');
    metrics.tally.add('queued live');
    metrics.tally.add('queued live', -1);
    expect((await scrape(metrics)).valueOf('upstream_requests_queued{priority="live"}')).toBe(1);
  });
});

describe('an observation', () => {
  test('is in the histogram, also from before the first scrape, and is counted', async () => {
    const metrics = create();
    metrics.tally.observe('operation-calls other', 3);
    await metrics.text();
    metrics.tally.observe('operation-calls other', 4);
    const { valueOf } = await scrape(metrics);
    const name = 'graphql_server_operation_upstream_calls';
    expect(valueOf(`${name}_sum{graphql_operation_name="other"}`)).toBe(7);
    expect(valueOf(`${name}_bucket{le="3",graphql_operation_name="other"}`)).toBe(1);
    expect(metrics.tally.snapshot()).toEqual({ 'operation-calls other': 2 });
  });

  test('of a request on the wire names upstream’s host, and has a status or an error', async () => {
    const metrics = create();
    metrics.tally.observe('wire GET listTags 200 -', 0.2);
    metrics.tally.observe('wire GET listTags - UPSTREAM_TIMEOUT', 3);
    const { samples } = await scrape(metrics);
    const labels = samples.filter(({ name }) => name.startsWith('http_client') && name.endsWith('_count'));
    const common = { http_request_method: 'GET', url_template: 'listTags', server_address: 'upstream.example:443' };
    expect(labels.map((sample) => sample.labels)).toEqual([
      { ...common, http_response_status_code: '200' },
      { ...common, error_type: 'UPSTREAM_TIMEOUT' },
    ]);
  });

  test('is kept for a scrape that comes late, however many there are', async () => {
    const metrics = create();
    for (let index = 0; index < 2_500; index += 1) metrics.tally.observe('queue-wait live', 0.01);
    const { valueOf } = await scrape(metrics);
    expect(valueOf('upstream_queue_wait_seconds_count{priority="live"}')).toBe(2_500);
  });
});

describe('a label', () => {
  test.each(['Anna Muster', 'x'.repeat(101), 'a"b', 'a\nb', 'résumé', 'a\\b', ''])('never holds %j', async (value) => {
    const metrics = create();
    metrics.watch([{ row: read.circuits, read: () => [{ labels: { url_template: value }, value: 1 }] }]);
    expect((await scrape(metrics)).valueOf('upstream_circuit_state{url_template="other"}')).toBe(1);
  });

  test('that is one too many is told as other, in sum', async () => {
    const metrics = create();
    for (let index = 0; index < 1_000; index += 1) metrics.tally.add(`error CODE_${index}`);
    const { samples, valueOf } = await scrape(metrics);
    expect(samples.filter(({ name }) => name === 'graphql_server_errors_total')).toHaveLength(61);
    expect(valueOf('graphql_server_errors_total{code="other"}')).toBe(940);
  });
});

describe('a gauge', () => {
  test('is read at each scrape, and what is gone is gone', async () => {
    const metrics = create();
    let state = ['listTags', 'listAccounts'];
    const circuits = () => state.map((endpoint) => ({ labels: { url_template: endpoint }, value: 2 }));
    metrics.watch([{ row: read.circuits, read: circuits }]);
    expect((await scrape(metrics)).valueOf('upstream_circuit_state{url_template="listAccounts"}')).toBe(2);
    state = ['listTags'];
    const { valueOf } = await scrape(metrics);
    expect(valueOf('upstream_circuit_state{url_template="listTags"}')).toBe(2);
    expect(valueOf('upstream_circuit_state{url_template="listAccounts"}')).toBeUndefined();
  });

  test('that cannot be read leaves the others as they are', async () => {
    const metrics = create();
    metrics.watch([
      { row: read.installations, read: () => Promise.reject(new Error('the store is away')) },
      { row: read.circuits, read: () => [{ labels: { url_template: 'listTags' }, value: 0 }] },
    ]);
    const { samples, valueOf } = await scrape(metrics);
    expect(valueOf('upstream_circuit_state{url_template="listTags"}')).toBe(0);
    expect(samples.some(({ name }) => name === 'oauth_installations')).toBe(false);
  });

  test('of a holder shows a short hash of it', () => {
    const [reading] = byInstallation([{ holder: 'location:L1', labels: { window: 'day' }, value: 7 }]);
    // printf 'location:L1' | sha256sum | cut -c1-10
    expect(reading).toEqual({ labels: { installation: '70c7fedf1e', window: 'day' }, value: 7 });
  });
});

const holders = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    holder: `location:L${index}`,
    labels: { window: 'day' },
    value: index,
  }));

describe('many installations', () => {
  test('are told one by one up to two hundred', () => {
    expect(byInstallation(holders(200))).toHaveLength(200);
  });

  test('are told by the least and a few percentiles beyond', () => {
    expect(byInstallation(holders(1_001))).toEqual(
      [0, 10, 50, 90, 100].map((percentile) => ({
        labels: { percentile: String(percentile), window: 'day' },
        value: percentile * 10,
      })),
    );
  });
});

const rows: readonly (readonly [string, MetricRow])[] = Object.entries(counted);

describe('a scrape', () => {
  test.each([200, 1_000])('of %i locations, with all labels there can be, has at most 5,000 series', async (count) => {
    const metrics = create();
    const quotas = () =>
      byInstallation(
        ['burst', 'day'].flatMap((window) => holders(count).map((one) => ({ ...one, labels: { window } }))),
      );
    const tokens = () =>
      byInstallation(
        ['access', 'refresh'].flatMap((kind) => holders(count).map((one) => ({ ...one, labels: { kind } }))),
      );
    metrics.watch([read.limits, read.remaining].map((row) => ({ row, read: quotas })));
    metrics.watch([read.expiries, read.renewals].map((row) => ({ row, read: tokens })));
    for (let index = 0; index < 200; index += 1) {
      for (const [word, { kind, labels }] of rows) {
        const name = [word, ...labels.map((label) => `${label}${index}`)].join(' ') as Count; // the table's own words
        if (kind === 'histogram') metrics.tally.observe(name, 1);
        else metrics.tally.add(name);
      }
    }
    const { samples } = await scrape(metrics);
    expect(samples.length).toBeLessThanOrEqual(5_000);
  });

  test('tells what runs, and of the process', async () => {
    const { samples, valueOf } = await scrape(create());
    const build = `{version="1.2.3",node="${process.version}",schema_hash="abc"}`;
    expect(valueOf(`users_gateway_build_info${build}`)).toBe(1);
    expect(samples.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds']),
    );
  });

  test('is made once for all who ask at the same time', async () => {
    const metrics = create();
    let reads = 0;
    metrics.watch([{ row: read.circuits, read: () => ((reads += 1), []) }]);
    const [one, two] = await Promise.all([metrics.text(), metrics.text()]);
    expect(one).toBe(two);
    expect(reads).toBe(1);
  });
});

describe('the table', () => {
  const table: readonly MetricRow[] = [...Object.values(counted), ...Object.values(read), buildInfo];

  test('has each metric once', () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  });

  test('is what docs/metrics.md tells, with the labels of each', () => {
    const told = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm)];
    const shown = told.map(([, name, type, labels = '']) =>
      `${name} ${type} ${labels.replaceAll('`', '').trim()}`.trim(),
    );
    const types = { counter: 'counter', level: 'gauge', gauge: 'gauge', histogram: 'histogram' };
    expect(shown.toSorted()).toEqual(
      table.map(({ name, kind, labels }) => `${name} ${types[kind]} ${labels.join(', ')}`.trim()).toSorted(),
    );
  });

  // That the first word is one of the table, the compiler sees.
  test('has a label for each word that is counted', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const names = sources.flatMap((path) =>
      [...readFileSync(`src/${path}`, 'utf8').matchAll(/tally\.(?:add|observe)\(\s*(['`])(.*?)\1/gs)].map(
        ([, , name = '']) => name,
      ),
    );
    const counts: Readonly<Record<string, MetricRow>> = counted;
    const wrong = names.filter((name) => {
      const [word = '', ...values] = name.replaceAll(/\$\{[^}]*\}/g, 'x').split(' ');
      return !(name in counts) && values.length > (counts[word]?.labels.length ?? 0);
    });
    expect(names.length).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });
});
