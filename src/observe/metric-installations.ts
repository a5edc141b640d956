import { createHash } from 'node:crypto';

/** One value of a gauge. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One value that belongs to a holder of tokens and budgets, named as nobody outside may read it. */
export interface HolderReading extends Reading {
  readonly holder: string;
}

/** As many as are told one by one. */
const mostInstallations = 200;
const percentiles = [0, 10, 50, 90, 100];

/** Each holder by a short hash of its name; of many, the percentiles alone: nobody looks at thousands of lines, and every one of them costs
 * whoever stores them. Percentile 0 is the smallest. */
export const byInstallation = (readings: readonly HolderReading[]): readonly Reading[] => {
  const holders = new Set(readings.map(({ holder }) => holder));
  if (holders.size <= mostInstallations)
    return readings.map(({ holder, labels, value }) => ({
      labels: { installation: hashOf(holder), ...labels },
      value,
    }));
  const groups = Map.groupBy(readings, ({ labels }) => JSON.stringify(labels));
  return [...groups.values()].flatMap(percentilesOf);
};

const percentilesOf = (group: readonly HolderReading[]): readonly Reading[] => {
  const values = group.map(({ value }) => value).toSorted((a, b) => a - b);
  const labels = group[0]?.labels ?? {};
  return percentiles.map((percentile) => ({
    labels: { percentile: String(percentile), ...labels },
    value: values[Math.round((percentile / 100) * (values.length - 1))] ?? 0,
  }));
};

const hashOf = (holder: string): string => createHash('sha256').update(holder).digest('hex').slice(0, 10);
