// How long the secrets of the settings have been in use: told at the start, every day, and to whoever asks.
import { appOf, openGrantDatabase } from './compose-database.ts';
import type { UpstreamAccess } from './compose.ts';
import type { Config } from './config.ts';
import type { Log } from './observe/log.ts';
import { describeError } from './observe/redact.ts';
import type { Database } from './stores/sql.ts';
import { readCredentialAges, type CredentialAge } from './tokens/credential-age.ts';
import type { GrantTables } from './tokens/migrations.ts';

/** Ages of the credentials. */
export interface CredentialWatch {
  /** Null where they are not known: in sandbox mode, and while the store is away. */
  readonly ages: () => Promise<readonly CredentialAge[] | null>;
  /** Once the store was used for the first time, or could not be. */
  readonly begun: Promise<void>;
  readonly close: () => Promise<void>;
}

const dayMs = 86_400_000;

/** What the watch works with. */
export interface CredentialSurroundings {
  readonly log: Log;
  /** The store that is open already; null opens it for this alone, and goes without where that fails. */
  readonly database: Database<GrantTables> | null;
}

/** Begins at once, and keeps nobody waiting. For a live upstream: the sandbox's credentials are nobody's. */
export const watchCredentials = (
  config: Config,
  { url, grant }: UpstreamAccess,
  { log, database }: CredentialSurroundings,
): CredentialWatch => {
  const credentials =
    grant.kind === 'private-token'
      ? { UPSTREAM_PRIVATE_TOKEN: grant.privateToken }
      : { UPSTREAM_CLIENT_SECRET: grant.clientSecret };
  const app = appOf(url, grant.kind === 'private-token' ? grant.kind : grant.clientId);
  let opened: Promise<Database<GrantTables>> | null = database && Promise.resolve(database);

  const ages = async () => {
    try {
      opened ??= openGrantDatabase(config.database);
      return await readCredentialAges(await opened, app, credentials);
    } catch (error) {
      if (!database) opened = null;
      log.warn('How old the credentials are is not known: the store cannot be used.', {
        error: describeError(error, String), // the log redacts
      });
      return null;
    }
  };
  const tell = async () => {
    for (const { name, ageDays } of (await ages()) ?? []) {
      if (ageDays > config.credentialMaxAgeDays) log.warn(tooOld(name, ageDays), { setting: name, ageDays });
      else log.info('credential age', { setting: name, ageDays });
    }
  };
  const told = tell();
  const timer = setInterval(() => void tell(), dayMs).unref();
  return {
    ages,
    begun: told,
    close: async () => {
      clearInterval(timer);
      await told;
      if (!database) await (await opened)?.close();
    },
  };
};

const tooOld = (name: string, ageDays: number): string =>
  `${name} has been in use for ${ageDays} days: make a new one in the vendor's marketplace` +
  (name === 'UPSTREAM_CLIENT_SECRET'
    ? ', and keep this one as UPSTREAM_CLIENT_SECRET_PREVIOUS until it is accepted.'
    : '.');
