// What is executed, and what is refused before: the operation room, composed.
import type { UpstreamAccess } from './compose.ts';
import { isShowingSchema } from './compose-pages.ts';
import { ConfigError, type Config } from './config.ts';
import type { Allowances } from './limiter/allowances.ts';
import type { Log } from './observe/log.ts';
import type { Tally } from './observe/tally.ts';
import { readCatalogue } from './operation/catalogue.ts';
import { costLimitsOf } from './operation/cost-limits.ts';
import type { createSchema } from './operation/schema.ts';
import { startExecutor } from './operation/server.ts';
import { createTrustedDocuments, type TrustedDocuments } from './operation/trusted-documents.ts';

type Schema = ReturnType<typeof createSchema>;

/** What operations are executed in. */
interface OperationSurroundings {
  readonly schema: Schema;
  readonly log: Log;
  readonly tally: Tally;
  readonly allowances: Allowances;
}

/** Throws ConfigError for manifests that cannot be used. */
export const composeOperations = async (
  config: Config,
  access: UpstreamAccess,
  { schema, log, tally, allowances }: OperationSurroundings,
) => {
  const costLimits = costLimitsOf(config, { isLive: access.sandbox === null });
  const catalogue = readCatalogue(schema, costLimits);
  const ourNames = new Set(catalogue.map(({ name }) => name));
  const trusted = await openTrusted(config, schema, log);
  const executor = await startExecutor({
    ...{ schema, log, tally, costLimits, allowances },
    documentLimits: config.documentLimits,
    isIntrospectable: isShowingSchema(config),
    isRegisteringDocuments: config.persisted !== 'only',
    isKnownName: (name) => ourNames.has(name) || trusted.names().has(name),
    isTrusted: (text) => (config.persistedDocuments === null ? null : trusted.has(text)),
  });
  return {
    catalogue,
    trusted,
    executor,
    close: async () => {
      trusted.close();
      await executor.stop();
    },
  };
};

const openTrusted = async (config: Config, schema: Schema, log: Log): Promise<TrustedDocuments> => {
  const { persistedDocuments: folder, persisted: mode } = config;
  try {
    return await createTrustedDocuments({ folder, mode, schema, log });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message.split('\n') : ['PERSISTED_DOCUMENTS cannot be read.']);
  }
};
