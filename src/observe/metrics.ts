import { setTimeout as pause } from 'node:timers/promises';
import type { Book } from './metric-book.ts';
import type { Reading } from './metric-installations.ts';
import { readName, type Named } from './metric-names.ts';
import { buildInfo, counted, read, type MetricRow } from './metric-table.ts';
import { createTally, type Count, type Tally } from './tally.ts';

/** What is read for a scrape, for a row of the table. Where that fails, or takes a second, the scrape does without it. */
export interface GaugeReader {
  readonly row: MetricRow;
  readonly read: () => readonly Reading[] | Promise<readonly Reading[]>;
}

/** All that this process tells of itself in numbers. */
export interface Metrics {
  /** What the rooms count in. */
  readonly tally: Tally;
  /** From now on. */
  readonly watch: (gauges: readonly GaugeReader[]) => void;
  /** A scrape, in the format of `metricsType`. Those who ask at the same time are given the same. */
  readonly text: () => Promise<string>;
}

/** What does not change while the process runs. */
export interface MetricsOptions {
  readonly version: string;
  readonly schemaHash: string;
  /** The host of upstream. */
  readonly serverAddress: string;
}

/** The media type of a scrape. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

/** Counts from now on; the process itself is watched from the first scrape on. */
export const createMetrics = ({ version, schemaHash, serverAddress }: MetricsOptions): Metrics => {
  const { add, snapshot } = createTally();
  const histograms = createHistograms({ server_address: serverAddress });
  const gauges: GaugeReader[] = [];
  const about = { version, node: process.version, schema_hash: schemaHash };
  let underWay: Promise<string> | null = null;
  const scrape = async (): Promise<string> => {
    const book = await histograms.open();
    writeCounts(book, snapshot());
    await Promise.all(gauges.map(async (gauge) => book.write(gauge.row, await readInTime(gauge))));
    book.write(buildInfo, [{ labels: about, value: 1 }]);
    return book.text();
  };
  return {
    tally: {
      add,
      snapshot,
      observe: (name, value) => {
        add(name);
        histograms.observe(name, value);
      },
    },
    watch: (more) => void gauges.push(...more),
    text: () => (underWay ??= scrape().finally(() => (underWay = null))),
  };
};

/** Values that are kept until prom-client is there: loading it takes 40 ms, which a start does without. */
const mostEarly = 1_000;

// `constant`: for rows that have such a label.
const createHistograms = (constant: Named['labels']) => {
  const observers = new Map<Count, (value: number) => void>();
  let early: (readonly [Count, number])[] = [];
  let book: Book | null = null;
  let opening: Promise<Book> | null = null;
  const put = (into: Book, name: Count, value: number): void => {
    const observer = observers.get(name) ?? into.histogram(withConstant(readName(name), constant));
    observers.set(name, observer);
    observer(value);
  };
  const load = async (): Promise<Book> => {
    const { openBook } = await import('./metric-book.ts');
    book = openBook([...Object.values(counted), ...Object.values(read), buildInfo]);
    for (const [name, value] of early) put(book, name, value);
    early = [];
    return book;
  };
  const open = () => (opening ??= load());
  return {
    open,
    observe: (name: Count, value: number): void => {
      if (book !== null) put(book, name, value);
      else if (early.push([name, value]) === mostEarly) void open();
    },
  };
};

const withConstant = (named: Named | null, constant: Named['labels']): Named | null => {
  if (named === null) return null;
  const more = Object.entries(constant).filter(([label]) => named.row.labels.includes(label));
  return { ...named, labels: { ...named.labels, ...Object.fromEntries(more) } };
};

// Counts of histograms are the histograms' own.
const writeCounts = (book: Book, counts: Readonly<Record<string, number>>): void => {
  const named = Object.entries(counts).flatMap(([name, value]) => {
    const found = readName(name);
    return found && found.row.kind !== 'histogram' ? [{ ...found, value }] : [];
  });
  for (const [row, readings] of Map.groupBy(named, (one) => one.row)) book.write(row, readings);
};

const readMs = 1_000;

const readInTime = async ({ read: readAll }: GaugeReader): Promise<readonly Reading[]> => {
  try {
    return await Promise.race([readAll(), pause(readMs, [], { ref: false })]);
  } catch {
    return []; // what is away is told by its own counts and lines
  }
};
