import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { getVariableValues, GraphQLError, Kind, type FragmentDefinitionNode } from 'graphql';
import type { Allowances } from '../limiter/allowances.ts';
import { mayRead, type Caller } from '../model/caller.ts';
import { toLocationId } from '../model/ids.ts';
import { badInput, GatewayError } from '../model/errors.ts';
import type { Tally } from '../observe/tally.ts';
import type { OperationContext } from './context.ts';
import { variablesProblem, type DocumentLimits } from './document-limits.ts';
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

/** Values that one answer may hold: 25,000 take about a sixth of a second to make and to write, and nobody else is served meanwhile. */
const mostValues = 25_000;

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
          { maxErrors: 1 },
        );
        if (!operation || !variables) return Promise.resolve(); // execution words that error
        trace.estimate = estimate({ schema, operation, fragments, variables, ...limits });
        const problem = problemOf(trace.estimate, limits);
        if (problem === null) return Promise.resolve();
        throw refused(new GatewayError('OPERATION_TOO_EXPENSIVE', { message: `The operation ${problem}.` }), 400);
      },
    }),
});

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
        const { retryAfterMs } = await allowances.admitLocations(own.slice(0, mostLocations));
        if (retryAfterMs === null) return;
        tally.add('limited location');
        const refusal = new GatewayError('RATE_LIMITED', { retryAfterMs, message: tooManyForLocation });
        throw refused(refusal, 429, [['retry-after', String(Math.ceil(retryAfterMs / 1_000))]]);
      },
    }),
});

const isOwn = (caller: Caller, text: string): boolean => {
  const id = toLocationId(text);
  return id !== null && mayRead(caller, id);
};

const tooManyForLocation = 'More is asked of this location than it may take just now.';
/** As many as one operation may name. */
const mostLocations = 20;

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
