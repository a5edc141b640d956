import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { NoSchemaIntrospectionCustomRule, type GraphQLSchema } from 'graphql';
import type { Allowances } from '../limiter/allowances.ts';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import type { OperationContext } from './context.ts';
import { costExtension } from './cost.ts';
import type { CostLimits } from './cost-limits.ts';
import { createDocumentStore } from './documents.ts';
import { createFormatError } from './errors.ts';
import { documentLimits, type DocumentLimits } from './document-limits.ts';
import { locationLimit, costLimit, knownKinds, variablesLimit } from './limits.ts';
import { createPersistedQueryCache } from './persisted-queries.ts';
import { telemetry } from './telemetry.ts';

/** Executes operations. */
export type Executor = ApolloServer<OperationContext>;

/** Options of the executor. */
export interface ExecutorOptions {
  readonly schema: GraphQLSchema;
  readonly log: Log;
  readonly tally: Tally;
  readonly costLimits: CostLimits;
  readonly documentLimits: DocumentLimits;
  readonly allowances: Pick<Allowances, 'admitLocations'>;
  /** Whether clients may ask for the schema. */
  readonly isIntrospectable: boolean;
  /** Whether documents may be registered by their hash. */
  readonly isRegisteringDocuments: boolean;
  readonly isKnownName: (name: string) => boolean;
  /** Whether a document stands in a manifest; null where there are none. */
  readonly isTrusted: (text: string) => boolean | null;
}

/** Of a document or its variables, that are told: whoever sends more has other worries. */
const mostErrors = 5;
const documentBytes = 32 * 1_024 * 1_024;
const persistedQueryBytes = 16 * 1_024 * 1_024;

/** A started Apollo Server. It never sees a socket: the HTTP room calls `executeHTTPGraphQLRequest`. */
export const startExecutor = async (options: ExecutorOptions): Promise<Executor> => {
  const { schema, log, isIntrospectable } = options;
  const { tokens } = options.documentLimits;
  const apollo = new ApolloServer<OperationContext>({
    schema,
    introspection: true, // else Apollo refuses it in words about itself; the rule of GraphQL refuses it below
    validationRules: [
      documentLimits(options.documentLimits),
      ...(isIntrospectable ? [] : [NoSchemaIntrospectionCustomRule]),
    ],
    // A signed-in urql sends GETs without a preflight header; the token in `authorization` proves as much, no page can make a browser send it.
    csrfPrevention: { requestHeaders: ['x-apollo-operation-name', 'apollo-require-preflight', 'authorization'] },
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    // Comments are no tokens. Suggestions are left out by GraphQL itself: Apollo's own way looks for them in messages that quote what the
    // client has sent, which took 4 s for 234 KB; and its limit of selections comes after all rules, ours before them.
    parseOptions: { maxLexicalTokens: tokens, maxComments: tokens },
    validationOptions: { maxErrors: mostErrors, hideSuggestions: !isIntrospectable },
    executionOptions: { maxCoercionErrors: mostErrors },
    documentStore: createDocumentStore(documentBytes),
    persistedQueries: options.isRegisteringDocuments && {
      cache: createPersistedQueryCache(persistedQueryBytes),
      ttl: null,
    },
    allowBatchedHttpRequests: false, // the HTTP room takes lists apart, so that each has a context of its own
    formatError: createFormatError(log, { isIntrospectable }),
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(), // it would look at every field for policies that this schema does not have
      telemetry(options),
      knownKinds,
      variablesLimit(options.documentLimits),
      costLimit(options.costLimits),
      locationLimit(options.allowances, options.tally),
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
