import { toCaller } from '../auth/claims.ts';
import type { Environment } from '../setting.ts';
import { createCounter } from './access-log-counter.ts';
import { eachLine } from './access-log-files.ts';
import { readLine } from './access-log-line.ts';
import { reviewText } from './access-log-report.ts';
import { reviewOf } from './access-log-review.ts';
import { pathFrom, readArguments, usageError, type Command } from './command.ts';

const name = 'access-log';

const help = `npm run access-log -- summary FILE… | caller ISSUER SUBJECT: the regular review of the log

  summary FILE…            what is unusual, and who did what: by caller, location, operation, refusal, and
                           the grants used. - is standard input; .gz files are read, too
  caller ISSUER SUBJECT    the keys under which the log holds whoever has access tokens with this iss and sub

  --since MOMENT           from then on: 2026-11-20, 2026-11-20T08:00Z, or 24h and 7d before now; UTC
  --until MOMENT           up to then
  --top N                  rows of each table (10)
  --json                   one JSON object on standard output and nothing else
  --strict                 for a timer: exit code 1 when something is unusual, or there is nothing to review

Exit code: 0; 1 with --strict; 2 arguments make no sense or a file cannot be read.`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  strict: { type: 'boolean' },
  since: { type: 'string' },
  until: { type: 'string' },
  top: { type: 'string' },
} as const;

/** `npm run access-log`: reads the log, changes nothing and asks nobody. */
export const accessLog: Command = async ({ args, env }) => {
  const { values, positionals } = readArguments(name, args, options);
  const [action, ...rest] = positionals;
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (action === 'summary') return summarize(rest, values, env);
  if (action === 'caller') return showCaller(rest);
  throw usageError(name, 'The first argument is summary or caller.');
};

interface Wishes {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly top?: string;
}

const summarize = async (files: readonly string[], wishes: Wishes, env: Environment): Promise<0 | 1> => {
  if (files.length === 0) throw usageError(name, 'summary needs a file, or - for standard input.');
  const top = topOf(wishes.top ?? '10');
  const since = momentOf('--since', wishes.since) ?? -Infinity;
  const until = momentOf('--until', wishes.until) ?? Infinity;
  if (since >= until) throw usageError(name, '--since must be before --until.');
  const counter = createCounter({ since, until });
  for (const file of files)
    await eachLine(file === '-' ? file : pathFrom(env, file), (line) =>
      counter.count(line === null ? { kind: 'unreadable' } : readLine(line)),
    );
  const review = reviewOf(counter, { files, since, until, top });
  console.log(wishes.json ? JSON.stringify(review, null, 2) : reviewText(review, process.stdout.columns || 100));
  const isFine = review.unusual.length === 0 && review.lines.operation > 0;
  return isFine || !wishes.strict ? 0 : 1;
};

const topOf = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw usageError(name, '--top is a number from 1 to 9999.');
  return Number(text);
};

const unitMs = { h: 3_600_000, d: 86_400_000 } as const;

const momentOf = (option: string, text: string | undefined): number | null => {
  if (text === undefined) return null;
  const [, amount, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? [];
  if (amount !== undefined) return Date.now() - Number(amount) * unitMs[unit === 'h' ? 'h' : 'd'];
  const isMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  const hasZone = /T.*(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isMoment ? Date.parse(text.includes('T') && !hasZone ? `${text}Z` : text) : NaN;
  if (Number.isNaN(time)) throw usageError(name, `${option} is a moment such as 2026-11-20 or 7d.`);
  return time;
};

const showCaller = (given: readonly string[]): 0 => {
  const [iss, sub, ...more] = given;
  if (iss === undefined || sub === undefined || more.length > 0)
    throw usageError(name, 'caller needs an issuer and a subject.');
  // As of two tokens, because only a token says which of the two it is of: the keys of the log are made in one place.
  const reading = { claims: { scope: 'scope', location: 'location', company: null }, companyId: null };
  const keys = [
    { iss, sub },
    { iss, sub, client_id: sub },
  ].map((payload) => toCaller(payload, reading)?.key);
  if (keys.includes(undefined)) throw usageError(name, 'No access token has a subject like that.');
  for (const key of keys) console.log(key);
  console.error('The first is that of a person, the second of a service: a token whose client_id or azp is its sub.');
  return 0;
};
