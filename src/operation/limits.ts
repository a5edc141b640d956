import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { getVariableValues, GraphQLError } from 'graphql';
import type { Allowances } from '../limiter/allowances.ts';
import { mayRead, type Caller } from '../model/caller.ts';
import { toLocationId } from '../model/ids.ts';
import { badInput, GatewayError } from '../model/errors.ts';
import { mostRolledUp } from '../reads/account-statistics.ts';
import type { Tally } from '../observe/tally.ts';
import { noSuchKind } from './client-rules.ts';
import { tooManyForLocation, type OperationContext } from './context.ts';
import { costProblem, type CostLimits } from './cost-limits.ts';
import { variablesProblem, type DocumentLimits } from './document-limits.ts';
import { estimate } from './estimate.ts';
import { fragmentsOf } from './fragments.ts';

/** Refuses an operation whose estimate is over the limits, before any call. */
export const costLimit = (limits: CostLimits): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, document, operation, request, contextValue: { trace, caller } }) => {
        const startedAt = performance.now();
        const fragments = Object.fromEntries(fragmentsOf(document));
        const { coerced: variables } = getVariableValues(
          schema,
          operation?.variableDefinitions ?? [],
          request.variables ?? {},
          { maxErrors: 1 },
        );
        if (!operation || !variables) return Promise.resolve(); // execution words that error
        const rollUpLocations = rolledUp(caller, limits);
        trace.estimate = estimate({ schema, operation, fragments, variables, ...limits, rollUpLocations });
        trace.workMs += performance.now() - startedAt;
        const problem = costProblem(trace.estimate, limits);
        if (problem === null) return Promise.resolve();
        throw refused(new GatewayError('OPERATION_TOO_EXPENSIVE', { message: `The operation ${problem}` }), 400);
      },
    }),
});

// Who may read some locations only has theirs added up, whatever the company's own figure costs.
const rolledUp = ({ locations, isOfCompany }: Caller, { rollUpLocations }: CostLimits): number =>
  isOfCompany || locations === 'all' ? rollUpLocations : Math.min(locations.size, mostRolledUp);

const refused = (refusal: GatewayError, status: number, headers: readonly (readonly [string, string])[] = []) =>
  new GraphQLError(refusal.message, {
    originalError: refusal,
    extensions: { http: { status, headers: new HeaderMap(headers) } },
  });

/** Refuses variables that are larger than any question of this graph needs. */
export const variablesLimit = (limits: DocumentLimits): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ request }) => {
        const problem = variablesProblem(request.variables, limits);
        if (problem === null) return Promise.resolve();
        throw refused(badInput(problem), 400);
      },
    }),
});

/** Refuses an operation on locations of which more is asked than one location may take. */
export const locationLimit = (
  allowances: Pick<Allowances, 'admitLocations'>,
  tally: Tally,
): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      // After the estimate: plugins are asked in their order.
      didResolveOperation: async ({ contextValue: { caller, trace } }) => {
        const own = (trace.estimate?.locationIds ?? []).filter((text) => isOwn(caller, text)); // nobody spends what is another's
        const { retryAfterMs } = await allowances.admitLocations(own);
        if (retryAfterMs === null) return;
        tally.add('limited location');
        throw refused(tooManyForLocation(retryAfterMs), 429, [
          ['retry-after', String(Math.ceil(retryAfterMs / 1_000))],
        ]);
      },
    }),
});

const isOwn = (caller: Caller, text: string): boolean => {
  const id = toLocationId(text);
  return id !== null && mayRead(caller, id);
};

/** Refuses an operation of a kind that the schema does not have; GraphQL itself finds that only while executing, as an error without a code. */
export const knownKinds: ApolloServerPlugin<OperationContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, operation }) => {
        if (!operation || schema.getRootType(operation.operation)) return Promise.resolve();
        throw new GraphQLError(noSuchKind(operation.operation), {
          extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } },
        });
      },
    }),
};
