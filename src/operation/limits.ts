import type { ApolloServerPlugin } from '@apollo/server';
import { getVariableValues, GraphQLError, Kind, type FragmentDefinitionNode } from 'graphql';
import { GatewayError } from '../model/errors.ts';
import type { OperationContext } from './context.ts';
import { estimate, type Estimate } from './estimate.ts';

/** What one operation may cost upstream at most, with nothing cached. */
export interface CostLimits {
  readonly maxUpstreamCalls: number;
  readonly maxUpstreamCallsPerLocation: number;
  /** Locations over which account statistics are added up; 0 where upstream's own endpoint is asked. */
  readonly rollUpLocations: number;
  /** Calls that it takes to list the locations that the caller may read. */
  readonly listingCalls: number;
}

/** Values that one answer may hold: 50,000 take about a third of a second to make and to write, and nobody else is served meanwhile. */
const mostValues = 50_000;

/** Refuses an operation whose estimate is over the limits, before any call. */
export const costLimit = (limits: CostLimits): ApolloServerPlugin<OperationContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, document, operation, request, contextValue: { trace } }) => {
        const fragments = Object.fromEntries(
          document.definitions
            .filter((definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION)
            .map((fragment) => [fragment.name.value, fragment]),
        );
        const { coerced: variables } = getVariableValues(
          schema,
          operation?.variableDefinitions ?? [],
          request.variables ?? {},
        );
        if (!operation || !variables) return Promise.resolve(); // execution words that error
        trace.estimate = estimate({ schema, operation, fragments, variables, ...limits });
        const problem = problemOf(trace.estimate, limits);
        if (problem === null) return Promise.resolve();
        const refusal = new GatewayError('OPERATION_TOO_EXPENSIVE', { message: `The operation ${problem}.` });
        throw new GraphQLError(refusal.message, { originalError: refusal, extensions: { http: { status: 400 } } });
      },
    }),
});

const problemOf = (
  { total, perLocation, values }: Estimate,
  { maxUpstreamCalls, maxUpstreamCallsPerLocation }: CostLimits,
): string | null => {
  if (total > maxUpstreamCalls || perLocation > maxUpstreamCallsPerLocation) {
    const allowed = `${maxUpstreamCalls} (${maxUpstreamCallsPerLocation}) are allowed`;
    return `could cost ${total} upstream calls (${perLocation} of one location); ${allowed}`;
  }
  return values > mostValues ? `could answer ${values} values; ${mostValues} are allowed` : null;
};

/** Refuses an operation of a kind that the schema does not have; GraphQL itself finds that only while executing, as an error without a code. */
export const knownKinds: ApolloServerPlugin<OperationContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation: ({ schema, operation }) => {
        if (!operation || schema.getRootType(operation.operation)) return Promise.resolve();
        throw new GraphQLError(`This graph has no ${operation.operation}s.`, {
          extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: { status: 400 } },
        });
      },
    }),
};
