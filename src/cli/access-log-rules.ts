import type { CallerRow, OperationRow, Tables } from './access-log-rows.ts';
import { durationText, shortName } from './access-log-words.ts';
import { counted, momentText } from './words.ts';

/** One thing that a reviewer should look at. */
interface Finding {
  /** A sentence with the numbers. */
  readonly text: string;
  /** A condition of jq that only the lines behind it meet. */
  readonly condition: string;
}

/** A rule: its name, what it looks for with its thresholds, and how. The most telling finding comes first. */
interface Rule {
  readonly name: string;
  readonly looksFor: string;
  readonly find: (tables: Tables, recent: number) => readonly Finding[];
}

/** Where a rule starts to speak. */
const atLeast = {
  ...{ denied: 5, unauthenticated: 20, requests: 20, refusedPercent: 10, newLocations: 5, trustedPercent: 90 },
  ...{ rushRequests: 100, rushTimes: 5, rushHours: 5, slowMs: 2_000, dearCalls: 20, costlyOperations: 5 },
};

/** A period must be this long for its last tenth to mean anything. */
const shortestPeriodMs = 24 * 3_600_000;

/** From when on something counts as new: the last tenth of the period; Infinity where the period is too short. */
export const recentFrom = ({ firstAt, lastAt }: Tables['period']): number =>
  lastAt - firstAt >= shortestPeriodMs ? lastAt - (lastAt - firstAt) / 10 : Infinity;

const hourMs = 3_600_000;
const quoted = (value: string | null): string => JSON.stringify(value);

/** Rows that meet a condition, those with most first. */
const most = <T>(rows: Iterable<T>, meets: (row: T) => boolean, weight: (row: T) => number): T[] =>
  [...rows].filter(meets).sort((a, b) => weight(b) - weight(a));

const probing: Rule = {
  name: 'probing',
  looksFor: `a caller that asked for at least ${atLeast.denied} ids that it may not read or that do not exist`,
  find: ({ callers }) =>
    most(
      callers.rows.values(),
      ({ denied }) => denied >= atLeast.denied,
      ({ denied }) => denied,
    ).map(({ caller, denied, deniedIn, requests }) => ({
      text: `${caller} asked for ${counted(denied, 'such id')}, in ${deniedIn} of ${counted(requests, 'request')}.`,
      condition: `.caller == ${quoted(caller)} and .denied > 0`,
    })),
};

const unauthenticated: Rule = {
  name: 'unauthenticated',
  looksFor: `a network with at least ${atLeast.unauthenticated} requests without a good token`,
  find: ({ refusals }) =>
    most(
      refusals.rows.values(),
      ({ code, network, requests }) =>
        code === 'UNAUTHENTICATED' && network !== null && requests >= atLeast.unauthenticated,
      ({ requests }) => requests,
    ).map(({ network, requests, firstAt, lastAt }) => ({
      text: `${network ?? ''} sent ${counted(requests, 'such request')} from ${momentText(firstAt)} to ${momentText(lastAt)}.`,
      condition: `.code == "UNAUTHENTICATED" and .network == ${quoted(network)}`,
    })),
};

const refused: Rule = {
  name: 'refused',
  looksFor: `a caller with at least ${atLeast.requests} requests of which over ${atLeast.refusedPercent} % were refused`,
  find: ({ callers, refusals }) =>
    most(
      callers.rows.values(),
      (row) => row.requests >= atLeast.requests && row.refused * 100 > row.requests * atLeast.refusedPercent,
      (row) => row.refused,
    ).map(({ caller, refused: count, requests }) => {
      const own = most(
        refusals.rows.values(),
        (row) => row.caller === caller,
        (row) => row.requests,
      );
      const told = own.slice(0, 3).map(({ code, requests: times }) => `${code} ${times}`);
      const codes = own.slice(0, 10).map(({ code }) => quoted(code));
      const isOne = codes.length > 0 ? ` | IN(${codes.join(', ')})` : ' != "ok"'; // a full table knows no codes of theirs
      return {
        text: `${caller} was refused in ${count} of ${[counted(requests, 'request'), ...told].join(', ')}.`,
        condition: `.caller == ${quoted(caller)} and (.code // .outcome${isOne})`,
      };
    }),
};

const newCaller: Rule = {
  name: 'new-caller',
  looksFor: 'a caller that was met in the last tenth of the period for the first time',
  find: ({ callers }, recent) =>
    most(
      callers.rows.values(),
      ({ firstAt }) => firstAt >= recent,
      ({ requests }) => requests,
    ).map(({ caller, requests, touched, firstAt }) => ({
      text: `${caller} has been here since ${momentText(firstAt)}: ${counted(requests, 'request')}, ${counted(touched.size, 'location')}.`,
      condition: `.caller == ${quoted(caller)}`,
    })),
};

const newLocations: Rule = {
  name: 'new-locations',
  looksFor: `a caller known before that touched at least ${atLeast.newLocations} locations for the first time in the last tenth`,
  find: ({ callers }, recent) => {
    const fresh = ({ touched }: CallerRow) => [...touched.values()].filter((firstAt) => firstAt >= recent).length;
    return most(callers.rows.values(), (row) => row.firstAt < recent && fresh(row) >= atLeast.newLocations, fresh).map(
      (row) => ({
        text: `${row.caller} touched ${fresh(row)} locations for the first time since ${momentText(recent)}, ${row.touched.size} in all.`,
        condition: `.caller == ${quoted(row.caller)} and .time >= ${Math.floor(recent)} and .locationCount > 0`,
      }),
    );
  },
};

const documents: Rule = {
  name: 'documents',
  looksFor: `where ${atLeast.trustedPercent} % of operations are trusted, documents that are not; elsewhere those of the last tenth that are new`,
  find: ({ operations }, recent) => {
    const rows = [...operations.rows.values()].filter(({ hash }) => hash !== null);
    const total = rows.reduce((sum, row) => sum + row.operations, 0);
    const untrusted = rows.reduce((sum, row) => sum + row.untrusted, 0);
    const areMostTrusted = untrusted * 100 <= total * (100 - atLeast.trustedPercent);
    const isOdd = (row: OperationRow) => (areMostTrusted ? row.untrusted > 0 : row.firstAt >= recent);
    return most(rows, isOdd, (row) => row.operations).map((row) => ({
      text: areMostTrusted
        ? `${shortName(row)} was asked ${counted(row.untrusted, 'time')} and is in no manifest.`
        : `${shortName(row)} has been asked ${counted(row.operations, 'time')} since ${momentText(row.firstAt)}.`,
      condition: `.hash == ${quoted(row.hash)}${areMostTrusted ? ' and .trusted != true' : ''}`,
    }));
  },
};

const rush: Rule = {
  name: 'rush',
  looksFor: `a caller with at least ${atLeast.rushRequests} requests in an hour, ${atLeast.rushTimes} times its median of at least ${atLeast.rushHours} hours`,
  find: ({ callers }) =>
    [...callers.rows.values()]
      .flatMap(({ caller, hours }) => {
        if (hours.size < atLeast.rushHours) return [];
        const counts = [...hours.values()].sort((a, b) => a - b);
        const median = counts[Math.floor((counts.length - 1) / 2)] ?? 0;
        const [hour, requests] = [...hours].reduce((one, other) => (other[1] > one[1] ? other : one));
        const isRush = requests >= atLeast.rushRequests && requests >= atLeast.rushTimes * median;
        return isRush ? [{ caller, median, requests, from: hour * hourMs }] : [];
      })
      .sort((a, b) => b.requests - a.requests)
      .map(({ caller, median, requests, from }) => ({
        text: `${caller} sent ${counted(requests, 'request')} in the hour from ${momentText(from)}; its median is ${median}.`,
        condition: `.caller == ${quoted(caller)} and .time >= ${from} and .time < ${from + hourMs}`,
      })),
};

const grants: Rule = {
  name: 'grants',
  looksFor: 'a use of a grant that failed',
  find: ({ grants: { rows } }) =>
    most(
      rows.values(),
      ({ failed }) => failed > 0,
      ({ failed }) => failed,
    ).map((row) => ({
      text: `${row.action} of ${row.grant} by ${row.by} failed in ${row.failed} of ${counted(row.failed + row.done, 'time')}, at last with ${row.lastFailure ?? ''}.`,
      condition: `.audit == "grant" and .grant == ${quoted(row.grant)} and .action == ${quoted(row.action)} and .outcome != "done"`,
    })),
};

const bugs: Rule = {
  name: 'bugs',
  looksFor: 'an operation that ended in INTERNAL_SERVER_ERROR, which is never right',
  find: ({ operations }) =>
    most(
      operations.rows.values(),
      (row) => row.bugs > 0,
      (row) => row.bugs,
    ).map((row) => ({
      text: `${shortName(row)}: ${row.bugs} of ${counted(row.operations, 'time')}; the lines of level error with the same requestId say why.`,
      condition: `.hash == ${quoted(row.hash)} and ([.outcome, .codes[]?] | index("INTERNAL_SERVER_ERROR"))`,
    })),
};

const costly: Rule = {
  name: 'costly',
  looksFor: `an operation, asked at least ${atLeast.costlyOperations} times, with a p95 over ${atLeast.slowMs / 1_000} s or over ${atLeast.dearCalls} upstream calls on average`,
  find: ({ operations }) =>
    most(
      operations.rows.values(),
      (row) =>
        row.operations >= atLeast.costlyOperations &&
        (row.durations.quantile(0.95) > atLeast.slowMs || row.upstreamCalls > atLeast.dearCalls * row.operations),
      (row) => row.operations,
    ).map((row) => ({
      text: `${shortName(row)}, asked ${row.operations} times: p95 ${durationText(row.durations.quantile(0.95))}, ${(row.upstreamCalls / row.operations).toFixed(1)} upstream calls on average.`,
      condition: `.name == ${quoted(row.name)} and .hash == ${quoted(row.hash)} and (.durationMs > ${atLeast.slowMs} or .upstreamCalls > ${atLeast.dearCalls})`,
    })),
};

/** The most alarming first. */
export const rules: readonly Rule[] = [
  ...[probing, unauthenticated, refused, newCaller, newLocations, documents, rush, grants, bugs, costly],
];
