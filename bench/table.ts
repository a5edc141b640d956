/** Prints rows under their keys; the first column to the left, numbers to the right. All rows have the keys of the first one. */
export const printTable = (title: string, rows: readonly Readonly<Record<string, string | number>>[]): void => {
  const names = Object.keys(rows[0] ?? {});
  const lines = [names, ...rows.map((row) => names.map((name) => shown(row[name] ?? '')))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  console.log(`\n${title}\n`);
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(`  ${cells.join('   ')}`);
  }
};

/** The middle one, or the upper of the two in the middle; `share` 0.99 gives the 99th of a hundred. NaN of none. */
export const quantile = (values: readonly number[], share = 0.5): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

/** How many times `a` is `b`. */
export const times = (a: number, b: number): string => (b === 0 ? '–' : `${shown(a / b)} ×`);

const shown = (value: string | number): string =>
  typeof value === 'string'
    ? value
    : value.toFixed(value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value) ? 2 : 0);
