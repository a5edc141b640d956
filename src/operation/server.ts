import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { NoSchemaIntrospectionCustomRule, type GraphQLSchema } from 'graphql';
import type { Log } from '../observe/log.ts';
import type { OperationContext } from './context.ts';
import { costExtension } from './cost.ts';
import { createDocumentStore } from './documents.ts';
import { createFormatError } from './errors.ts';
import { costLimit, knownKinds, type CostLimits } from './limits.ts';
import { telemetry } from './telemetry.ts';

/** Executes operations. */
export type Executor = ApolloServer<OperationContext>;

/** Options of the executor. */
export interface ExecutorOptions {
  readonly schema: GraphQLSchema;
  readonly log: Log;
  readonly costLimits: CostLimits;
  /** Whether clients may ask for the schema. */
  readonly isIntrospectable: boolean;
}

const documentBytes = 32 * 1_024 * 1_024;

/** A started Apollo Server. It never sees a socket: the HTTP room calls `executeHTTPGraphQLRequest`. */
export const startExecutor = async ({
  schema,
  log,
  costLimits,
  isIntrospectable,
}: ExecutorOptions): Promise<Executor> => {
  const apollo = new ApolloServer<OperationContext>({
    schema,
    introspection: true, // else Apollo refuses it in words about itself; the rule of GraphQL refuses it below
    validationRules: isIntrospectable ? [] : [NoSchemaIntrospectionCustomRule],
    // A signed-in urql sends GETs without a preflight header; the token in `authorization` proves as much, no page can make a browser send it.
    csrfPrevention: { requestHeaders: ['x-apollo-operation-name', 'apollo-require-preflight', 'authorization'] },
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: !isIntrospectable,
    parseOptions: { maxLexicalTokens: 2_000 },
    maxRecursiveSelections: 1_000,
    documentStore: createDocumentStore(documentBytes),
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    formatError: createFormatError(log),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it would look at every field for policies that this schema does not have
      telemetry(log),
      knownKinds,
      costLimit(costLimits),
      costExtension,
    ],
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (text) => log.warn(String(text)),
      error: (text) => log.error(String(text)),
    },
  });
  await apollo.start();
  return apollo;
};
