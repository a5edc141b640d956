import type { GatewayState } from './verify-state.ts';
import type { Outcome } from './verify-run.ts';
import { remedyOf, type GraphProblem } from './ask-gateway.ts';

/** Everything that a verification found. */
export interface Report extends GatewayState {
  readonly mode: 'sandbox' | 'live';
  readonly upstreamUrl: string;
  readonly grant: string;
  readonly location: { readonly id: string; readonly name: string | null } | null;
  readonly operations: readonly Outcome[];
  readonly upstreamCalls: number;
  readonly tokenRequests: number;
  readonly deviations: Readonly<Record<string, number>>;
  readonly credentialMaxAgeDays: number;
  /** One line each, saying what to do; none when all is well. */
  readonly problems: readonly string[];
}

/** A line of the table, to be printed as soon as the operation is through. */
export const operationLine = ({ operation, status, problems, reason, upstreamCalls, durationMs }: Outcome): string => {
  const what = status === 'failed' ? [...new Set(problems.map(({ code }) => code))].join(', ') : (reason ?? '');
  const spent = status === 'skipped' ? ['', ''] : [String(upstreamCalls), `${durationMs} ms`];
  return `${operation.padEnd(24)}${status.padEnd(9)}${(spent[0] ?? '').padStart(5)}${(spent[1] ?? '').padStart(10)}  ${what}`.trimEnd();
};

/** The line above the table. */
export const tableHead = `${'operation'.padEnd(24)}${'result'.padEnd(9)}${'calls'.padStart(5)}${'time'.padStart(10)}`;

/** What goes wrong and what helps, the same cause once however many operations it stopped. */
export const problemsOf = (
  { operations, scopes, store, location }: Pick<Report, 'operations' | 'scopes' | 'store' | 'location'>,
  looking: readonly GraphProblem[],
): string[] => {
  const failures = operations.flatMap(({ operation, problems }) =>
    problems.map((problem) => ({ operation, ...problem })),
  );
  const first = looking.map((problem) => ({ operation: 'The look for a location', ...problem }));
  const causes = Map.groupBy([...first, ...failures], ({ code, message }) =>
    `${code}: ${message} ${remedyOf(code)}`.trim(),
  );
  const isPlain = location === null && looking.length === 0;
  return [
    ...(isPlain
      ? ['No location can be read: connect one with "npm run connect", or name one with --location ID.']
      : []),
    ...[...causes].map(([cause, failed]) => {
      const where = new Set(failed.map(({ operation }) => operation));
      return `${[...where].join(', ')}: ${cause}`;
    }),
    ...(scopes?.missing ?? []).map(
      (scope) =>
        `The scope ${scope} is not granted: add it to the app in the vendor's form and connect again, or leave it out of UPSTREAM_SCOPES.`,
    ),
    ...store.dead.map((key) => `The grant "${key}" is dead: connect it again with "npm run connect -- --again".`),
  ];
};

/** What stands below the table. */
export const summaryText = (report: Report): string => {
  const { scopes, deviations, credentials, store, budget, upstreamCalls, tokenRequests } = report;
  const told = Object.entries(deviations).map(([what, count]) => `${what} (${count})`);
  const rows: (readonly [string, string])[] = [
    ['Upstream', `${report.upstreamUrl}, ${report.grant} grant`],
    ['Spent', `${upstreamCalls} upstream calls, ${tokenRequests} token requests`],
    ['Scopes', scopes === null ? 'not known' : `${scopes.granted.length} of ${scopes.wanted.length} granted`],
    ...(scopes?.missing ?? []).map((scope) => ['', `missing: ${scope}`] as const),
    ['Deviations', told.length === 0 ? 'none' : "from upstream's contract, read all the same (how often):"],
    ...told.map((line) => ['', line] as const),
    ['Credentials', credentials === null ? 'age not known' : credentials.map(ageText(report)).join(', ')],
    ...(tokenRequests === 0 && report.mode === 'live' ? [['', untried] as const] : []),
    ['Grant store', `${store.place}: ${store.state}`],
    ['Budget left', budget === null ? 'not known' : budgetText(budget)],
  ];
  return rows.map(([label, text]) => `${label.padEnd(14)}${text}`).join('\n');
};

// Renewing a good grant only to try the secret would be a risk for nothing.
const untried = 'not tried: the access token is still good, and a renewal is what needs them';

const ageText =
  ({ credentialMaxAgeDays }: Report) =>
  ({ name, ageDays }: { readonly name: string; readonly ageDays: number }): string =>
    `${name} ${ageDays} days${ageDays > credentialMaxAgeDays ? ` (change it: older than ${credentialMaxAgeDays})` : ''}`;

const budgetText = ({ mode, burst, daily }: NonNullable<GatewayState['budget']>): string =>
  `${burst.remaining} of ${burst.limit} calls in ${burst.windowSeconds} s, ${daily.remaining} of ${daily.limit} today (${mode})`;
