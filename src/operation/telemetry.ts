import type { ApolloServerPlugin } from '@apollo/server';
import { CallerGone } from '../model/errors.ts';
import type { Calls } from '../observe/cost.ts';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import type { OperationContext } from './context.ts';
import { ownLocationOf } from './cost.ts';

// Found before anything ran: the document or the variables are wrong.
const clientMistakes: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  'OPERATION_TOO_EXPENSIVE',
]);

/** What telemetry works with. */
export interface TelemetryOptions {
  readonly log: Log;
  readonly tally: Tally;
  /** Operation names that may be counted by; callers choose all others, and as many as they like. */
  readonly isKnownName: (name: string) => boolean;
  /** Whether a document stands in a manifest; null where there are none. */
  readonly isTrusted: (text: string) => boolean | null;
}

/** One line for each operation, the access log: who asked what of which locations, what it cost and how it ended. No variables, no
 * tokens, nothing personal. */
export const telemetry = (options: TelemetryOptions): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () => {
    const startedAt = performance.now();
    let hash: string | null = null; // of the document; a request without one gets as far as its answer, too
    return Promise.resolve({
      parsingDidStart: timed,
      validationDidStart: timed,
      didResolveOperation: ({ operationName, operation, queryHash, source, contextValue: { trace } }) => {
        hash = queryHash.slice(0, 16);
        trace.names.push(operationName ?? 'anonymous');
        trace.kind = operation?.operation ?? null;
        trace.isTrusted = options.isTrusted(source);
        return Promise.resolve();
      },
      willSendResponse: ({ response, contextValue }) => {
        const { trace, signal } = contextValue;
        const result = response.body.kind === 'single' ? response.body.singleResult : {};
        const codes = (result.errors ?? []).map(({ extensions }) => String(extensions?.['code']));
        const isGone = signal.reason instanceof CallerGone;
        trace.outcome = isGone ? 'cancelled' : (codes[0] ?? 'ok');
        trace.isClientMistake = codes.length > 0 && codes.every((code) => clientMistakes.has(code));
        const durationMs = performance.now() - startedAt;
        options.log.info('operation', accessLine(contextValue, { hash, codes, durationMs }));
        count(options, trace, {
          codes,
          durationMs,
          hasData: result.data != null,
          calls: contextValue.meter.cost(),
        });
        return Promise.resolve();
      },
    });
  },
});

// Both are done in one go, so that the time is the work.
const timed = ({ contextValue: { trace } }: { readonly contextValue: OperationContext }) => {
  const startedAt = performance.now();
  return Promise.resolve(() => {
    trace.workMs += performance.now() - startedAt;
    return Promise.resolve();
  });
};

interface Ended {
  readonly hash: string | null;
  /** Of all errors. */
  readonly codes: readonly string[];
  readonly durationMs: number;
}

/** As many locations and codes as one line names. */
const mostNamed = 20;

const accessLine = ({ trace, caller, meter }: OperationContext, { hash, codes, durationMs }: Ended) => {
  const { made, shared, fromCache, byHolder } = meter.cost();
  const read = [...byHolder.keys()].flatMap((holder) => ownLocationOf(caller, holder) ?? []);
  const locations = [...new Set<string>([...trace.locations, ...read])];
  return {
    caller: caller.key,
    kind: caller.kind,
    name: trace.names[0] ?? null,
    type: trace.kind,
    hash,
    trusted: trace.isTrusted,
    locations: locations.slice(0, mostNamed),
    locationCount: locations.length,
    denied: trace.denied,
    upstreamCalls: made,
    shared,
    fromCache,
    estimated: trace.estimate?.total ?? null,
    outcome: trace.outcome,
    codes: [...new Set(codes)].slice(0, mostNamed),
    errors: codes.length,
    durationMs: Math.round(durationMs),
  };
};

interface Counted {
  readonly codes: readonly string[];
  readonly durationMs: number;
  readonly hasData: boolean;
  readonly calls: Calls;
}

const count = (
  { tally, isKnownName }: TelemetryOptions,
  { names, kind }: OperationContext['trace'],
  { codes, durationMs, hasData, calls: { made, shared, fromCache } }: Counted,
): void => {
  const [name = ''] = names;
  const shown = isKnownName(name) ? name : 'other';
  const outcome = codes.length === 0 ? 'ok' : hasData ? 'partial' : 'error';
  tally.observe(`operation ${kind ?? 'none'} ${shown} ${outcome}`, durationMs / 1_000);
  tally.observe(`operation-calls ${shown}`, made);
  tally.add('saved dedupe', shared);
  tally.add('saved cache', fromCache);
  for (const code of new Set(codes)) tally.add(`error ${code}`);
};
