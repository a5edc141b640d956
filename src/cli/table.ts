interface TableOptions {
  /** Columns of the terminal. */
  readonly width?: number;
  /** Of each column of numbers: they stand to the right, and are never cut. */
  readonly areNumbers?: readonly boolean[];
}

const gap = 2;

/** Lines of cells, the head among them, one under the other. */
export const tableLines = (
  lines: readonly (readonly string[])[],
  { width = Infinity, areNumbers = [] }: TableOptions = {},
): readonly string[] => {
  const columns = (lines[0] ?? []).map((_cell, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const widths = fitted(columns, width - gap * (columns.length - 1));
  return lines.map((cells) =>
    cells
      .map((cell, column) => {
        const size = widths[column] ?? 0;
        return areNumbers[column] ? cell.padStart(size) : cut(cell, size).padEnd(size);
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  );
};

// The widest gives way, again and again: names do, numbers and moments are shorter than what is left.
const fitted = (widths: readonly number[], width: number): readonly number[] => {
  const widest = Math.max(...widths);
  const over = widths.reduce((sum, one) => sum + one, 0) - width;
  if (over <= 0 || widest <= 12) return widths;
  return fitted(widths.with(widths.indexOf(widest), widest - 1), width);
};

const cut = (text: string, size: number): string => (text.length <= size ? text : `${text.slice(0, size - 1)}…`);
