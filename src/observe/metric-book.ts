import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Reading } from './metric-installations.ts';
import type { Named } from './metric-names.ts';
import type { MetricRow } from './metric-table.ts';

type Labels = Named['labels'];

/** The metrics as prom-client keeps them. */
export interface Book {
  /** Where the values of that name go: nowhere, where it is no histogram's. */
  readonly histogram: (named: Named | null) => (value: number) => void;
  /** Takes the place of all that stood under this row. */
  readonly write: (row: MetricRow, readings: readonly Reading[]) => void;
  readonly text: () => Promise<string>;
}

/** What comes into a label: short, and of the characters that our own names are made of. */
const isOurs = /^[\w.:/*@[\]{}+-]{1,100}$/;
const other = 'other';

const withoutMeaning = [
  // Named as if they were counters. The same without `_total` tell more: they are by type.
  ...['nodejs_active_resources_total', 'nodejs_active_handles_total', 'nodejs_active_requests_total'],
  // Not a number, and three hundred years, where two scrapes follow each other closely.
  ...['nodejs_eventloop_lag_mean_seconds', 'nodejs_eventloop_lag_stddev_seconds', 'nodejs_eventloop_lag_min_seconds'],
];

/** Starts to watch the process, for good: its memory, its processor time, its event loop. */
export const openBook = (rows: readonly MetricRow[]): Book => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of withoutMeaning) registry.removeSingleMetric(name);
  const histograms = new Map(rows.filter(isHistogram).map((row) => [row, openHistogram(row, registry)]));
  const numbers = new Map(rows.filter((row) => !isHistogram(row)).map((row) => [row, openNumber(row, registry)]));
  return {
    histogram: (named) => (named && histograms.get(named.row)?.(named.labels)) ?? (() => undefined),
    write: (row, readings) => {
      const number = numbers.get(row);
      const bound = createBound(row);
      number?.reset();
      for (const { labels, value } of readings) number?.inc(bound(labels), value);
    },
    text: () => registry.metrics(),
  };
};

const isHistogram = ({ kind }: MetricRow): boolean => kind === 'histogram';

const configOf = ({ name, help, labels }: MetricRow, registry: Registry) => ({
  name,
  help,
  labelNames: [...labels],
  registers: [registry],
});

const openHistogram = (row: MetricRow, registry: Registry) => {
  const histogram = new Histogram({ ...configOf(row, registry), buckets: [...row.buckets] });
  const bound = createBound(row);
  return (labels: Labels) => {
    const child = histogram.labels(bound(labels));
    return (value: number) => child.observe(value);
  };
};

const openNumber = (row: MetricRow, registry: Registry) =>
  row.kind === 'counter' ? new Counter(configOf(row, registry)) : new Gauge(configOf(row, registry));

// However many sets of values there are, and whatever is in them: one line for all that is beyond.
const createBound = ({ most }: MetricRow) => {
  const seen = new Set<string>();
  return (labels: Labels): Labels => {
    const entries = Object.entries(labels).map(([name, value]) => [name, isOurs.test(value) ? value : other] as const);
    const key = entries.join();
    if (seen.size < most) seen.add(key);
    return Object.fromEntries(seen.has(key) ? entries : entries.map(([name]) => [name, other]));
  };
};
