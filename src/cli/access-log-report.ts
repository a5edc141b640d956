import { printable } from './access-log-line.ts';
import type { Part, Review } from './access-log-review.ts';
import { durationText, shortName } from './access-log-words.ts';
import { tableLines } from './table.ts';
import { counted, momentText } from './words.ts';

/** The review for people. `width`: columns of the terminal. Commands alone are longer, so that they can be copied. */
export const reviewText = (review: Review, width: number): string =>
  [headText(review, width), unusualText(review, width), ...tables(review, width)].join('\n\n');

const headText = ({ files, period, lines, notes }: Review, width: number): string => {
  const days = period === null ? 0 : (Date.parse(period.to) - Date.parse(period.from)) / 86_400_000;
  const from = `Access log of ${files.map((file) => (file === '-' ? 'standard input' : printable(file))).join(', ')}`;
  const when =
    period === null
      ? 'no period'
      : `${momentText(period.from)} to ${momentText(period.to)} UTC, ${days.toFixed(1)} days`;
  const { operation, refusal, grant, other, outside, unreadable } = lines;
  const read = [
    counted(operation, 'operation'),
    counted(refusal, 'refused request'),
    `${counted(grant, 'use')} of grants`,
    counted(other, 'other line'),
    ...(outside > 0 ? [`${counted(outside, 'line')} outside the period`] : []),
    `${counted(unreadable, 'line')} that could not be read`,
  ];
  const told = [from, when, `${counted(lines.read, 'line')}: ${read.join(', ')}.`, ...notes];
  return told.map((text) => wrapped(text, width)).join('\n');
};

const unusualText = ({ unusual, quiet }: Review, width: number): string => {
  const told = unusual.map(({ rule, looksFor, findings, more }) =>
    [
      wrapped(`${rule}: ${looksFor}`, width),
      ...findings.flatMap(({ text, command }) => [wrapped(`- ${text}`, width, '  '), `    ${command}`]),
      ...(more > 0 ? [`  - and ${more} more: --top shows more`] : []),
    ].join('\n'),
  );
  const head = title(unusual.length === 0 ? 'Nothing is unusual' : 'What is unusual');
  const rest = quiet.length === 0 ? [] : [wrapped(`Looked for and not found: ${quiet.join(', ')}.`, width)];
  return [head, [...told, ...rest].join('\n\n')].join('\n\n');
};

const title = (text: string): string => `${text}\n${'='.repeat(text.length)}`;

interface Column<T> {
  readonly head: string;
  readonly cell: (row: T) => string | number;
}

const tables = (review: Review, width: number): string[] => {
  const { callers, locations, operations, refusals, grants } = review;
  return [
    table('By caller', callers, width, [
      { head: 'caller', cell: ({ caller }) => caller },
      { head: 'requests', cell: ({ requests }) => requests },
      { head: 'refused', cell: ({ refused }) => refused },
      { head: 'denied', cell: ({ denied }) => denied },
      { head: 'locations', cell: (row) => row.locations },
      { head: 'calls', cell: ({ upstreamCalls }) => upstreamCalls },
      { head: 'p95', cell: ({ p95Ms }) => durationText(p95Ms ?? Infinity) },
      { head: 'last', cell: ({ lastAt }) => momentText(lastAt).slice(5) },
    ]),
    table('By location', locations, width, [
      { head: 'location', cell: ({ location }) => location },
      { head: 'operations', cell: (row) => row.operations },
      { head: 'failed', cell: ({ failed }) => failed },
      { head: 'callers', cell: (row) => row.callers },
      { head: 'last', cell: ({ lastAt }) => momentText(lastAt).slice(5) },
    ]),
    table('By operation', operations, width, [
      { head: 'operation', cell: shortName },
      { head: 'asked', cell: (row) => row.operations },
      { head: 'refused', cell: ({ refused }) => refused },
      { head: 'failed', cell: ({ failed }) => failed },
      { head: 'calls each', cell: ({ upstreamCallsMean }) => upstreamCallsMean.toFixed(1) },
      { head: 'p50', cell: ({ p50Ms }) => durationText(p50Ms ?? Infinity) },
      { head: 'p95', cell: ({ p95Ms }) => durationText(p95Ms ?? Infinity) },
    ]),
    table('By refusal', refusals, width, [
      { head: 'code', cell: ({ code }) => code },
      { head: 'from', cell: ({ caller, network }) => caller ?? network ?? 'not known' },
      { head: 'requests', cell: ({ requests }) => requests },
      { head: 'last', cell: ({ lastAt }) => momentText(lastAt).slice(5) },
    ]),
    table('Grants used', grants, width, [
      { head: 'grant', cell: ({ grant }) => grant },
      { head: 'action', cell: ({ action, by }) => (by === 'gateway' ? action : `${action} by ${by}`) },
      { head: 'done', cell: ({ done }) => done },
      { head: 'failed', cell: ({ failed }) => failed },
      { head: 'last', cell: ({ lastAt }) => momentText(lastAt).slice(5) },
    ]),
  ];
};

const table = <T>(
  name: string,
  { rows, more, others }: Part<T>,
  width: number,
  columns: readonly Column<T>[],
): string => {
  if (rows.length === 0) return `${title(name)}\nnone`;
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const lines = [columns.map(({ head }) => head), ...cells.map((row) => row.map(asText))];
  const areNumbers = columns.map((_column, index) => cells.every((row) => typeof row[index] === 'number'));
  return [
    title(name),
    ...tableLines(lines, { width, areNumbers }),
    ...(more > 0 ? [`and ${more} more: --top shows more`] : []),
    ...(others > 0 ? [`others, for which there was no room: ${counted(others, 'line')}`] : []),
  ].join('\n');
};

const asText = (value: string | number): string => (typeof value === 'number' ? value.toLocaleString('en-GB') : value);

/** Broken between words; further lines are indented. */
const wrapped = (text: string, width: number, indent = ''): string => {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const longer = line.trim() === '' ? `${line}${word}` : `${line} ${word}`;
    if (longer.length > width && line.trim() !== '') {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
};
