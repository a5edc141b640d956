import { counted, type MetricRow } from './metric-table.ts';

/** What a count stands for in a scrape. */
export interface Named {
  readonly row: MetricRow;
  readonly labels: Readonly<Record<string, string>>;
}

const rows: Readonly<Record<string, MetricRow>> = counted;

/** The row of a count, and its other words as the row's labels; null for a name that the table does not have. */
export const readName = (name: string): Named | null => {
  const whole = rows[name];
  if (whole) return { row: whole, labels: {} };
  const [word = '', ...values] = name.split(' ');
  const row = rows[word];
  return row ? { row, labels: labelsOf(row, values) } : null;
};

const labelsOf = ({ labels }: MetricRow, values: readonly string[]): Named['labels'] =>
  Object.fromEntries(
    labels.flatMap((label, index) => {
      const value = values[index] ?? '-';
      return value === '-' ? [] : [[label, value]];
    }),
  );
