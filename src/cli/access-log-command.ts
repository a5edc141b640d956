import { printable } from './access-log-line.ts';

/** Which lines are looked at: files as they were named, and moments in epoch ms. */
export interface Scope {
  readonly files: readonly string[];
  readonly since: number;
  readonly until: number;
}

/** A line for a shell that shows the lines that meet a condition of jq. It holds texts of the log, so whoever pastes it must be safe. */
export const commandFor = (condition: string, { files, since, until }: Scope): string => {
  const period = [
    ...(since === -Infinity ? [] : [`.time >= ${since}`]),
    ...(until === Infinity ? [] : [`.time < ${until}`]),
  ];
  // What is no JSON, and what is no object, is passed over.
  const filter = quoted(`fromjson? | objects | select(${[condition, ...period].join(' and ')})`);
  const named = files.filter((file) => file !== '-').map((file) => quoted(printable(file)));
  const isPacked = files.some((file) => file.endsWith('.gz'));
  return isPacked ? `gzip -dcf -- ${named.join(' ')} | jq -cR ${filter}` : `jq -cR ${[filter, ...named].join(' ')}`;
};

// As POSIX shells read it: nothing but the quote itself means anything within quotes.
const quoted = (text: string): string =>
  /^[\w./][\w./-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
