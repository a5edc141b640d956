import type { ApolloServerPlugin } from '@apollo/server';
import { CallerGone } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import type { OperationContext } from './context.ts';

// Found before anything ran: the document or the variables are wrong.
const clientMistakes: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
  'OPERATION_TOO_EXPENSIVE',
]);

/** One line for each operation: its name, its outcome and how long it took; no variables, nothing personal. */
export const telemetry = (log: Log): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () => {
    const startedAt = performance.now();
    let hash: string | null = null; // of the document; a request without one gets as far as its answer, too
    return Promise.resolve({
      didResolveOperation: ({ operationName, operation, queryHash, contextValue: { trace } }) => {
        hash = queryHash.slice(0, 16);
        trace.names.push(operationName ?? 'anonymous');
        trace.kind = operation?.operation ?? null;
        return Promise.resolve();
      },
      willSendResponse: ({ response, contextValue: { trace, caller, signal, meter } }) => {
        const errors = response.body.kind === 'single' ? (response.body.singleResult.errors ?? []) : [];
        const isGone = signal.reason instanceof CallerGone;
        trace.outcome = isGone ? 'cancelled' : errors.length === 0 ? 'ok' : String(errors[0]?.extensions?.['code']);
        trace.isClientMistake =
          errors.length > 0 && errors.every(({ extensions }) => clientMistakes.has(extensions?.['code']));
        const { made, shared, fromCache } = meter.cost();
        log.info('operation', {
          name: trace.names[0] ?? null,
          type: trace.kind,
          hash,
          caller: caller.subject,
          outcome: trace.outcome,
          errors: errors.length,
          upstreamCalls: made,
          shared,
          fromCache,
          estimated: trace.estimate?.total ?? null,
          durationMs: Math.round(performance.now() - startedAt),
        });
        return Promise.resolve();
      },
    });
  },
});
