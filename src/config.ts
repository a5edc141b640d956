// The only reader of the environment. Which settings there are stands in settings.ts.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { areCallersAsked, readCallers, type CallerConfig } from './callers-config.ts';
import { createSettingReader } from './setting.ts';
import type { Environment, SettingReader } from './setting.ts';
import { findUnknownNames } from './setting-names.ts';
import { agencyScopes, rows } from './settings.ts';
import { settings } from './settings-text.ts';
import type { DatabaseLocation } from './stores/sql.ts';
import type { SealKey } from './tokens/seal.ts';
import type { Lifetime } from './model/freshness.ts';
import { readUpstream, type Findings, type UpstreamChoice } from './upstream-settings.ts';

export { envExample, settings, settingsTable } from './settings-text.ts';
export type { UpstreamGrant } from './upstream-settings.ts';

/** Everything the process was told at its start. Only main.ts, cli/ and compose*.ts see it whole. */
export interface Config extends CallerConfig {
  readonly host: string;
  /** 0 takes any free port, here and in `sandboxPort`. */
  readonly port: number;
  readonly sandboxPort: number;
  readonly isProduction: boolean;
  readonly upstream: UpstreamChoice;
  /** What a token request asks for, in the order given; never empty. */
  readonly scopes: readonly string[];
  /** The consent page of a live upstream. */
  readonly authorizeUrl: string;
  readonly isPkceOn: boolean;
  /** Whether upstream may be asked for a new pair when one was lost. */
  readonly canReconnect: boolean;
  /** Installs begun on the vendor's marketplace. */
  readonly areForeignInstallsTaken: boolean;
  /** An origin; null for the address that the gateway listens on. */
  readonly publicUrl: string | null;
  /** Where grants are kept; may hold a password: not for logs. */
  readonly database: DatabaseLocation;
  /** Where service tokens are kept, which outlive a sandbox. */
  readonly callerDatabase: DatabaseLocation;
  /** Newest first; null where nothing needs sealing. */
  readonly tokenKeys: readonly [SealKey, ...SealKey[]] | null;
  readonly credentialMaxAgeDays: number;
  /** Off means that nothing is kept between requests; `redisUrl` then has no use. */
  readonly isCacheOn: boolean;
  /** May hold a password: not for logs. `null` keeps answers in this process's memory. */
  readonly redisUrl: string | null;
  readonly cacheMemoryBytes: number;
  /** The most that a slow or dead cache may cost a request. */
  readonly cacheTimeoutMs: number;
  /** How long each kind of answer counts. */
  readonly lifetimes: Readonly<
    Record<'tagPage' | 'tagDetails' | 'socialAccounts' | 'statistics' | 'location', Lifetime>
  >;
  /** What `no-cache` of a request means, seconds. */
  readonly noCacheFloorSeconds: number;
  readonly accountStatistics: 'roll-up' | 'endpoint';
  /** For locations whose own time zone is absent or unknown. */
  readonly defaultTimeZone: string;
  readonly requestDeadlineMs: number;
  /** One attempt, not the whole call with its repeats. */
  readonly upstreamTimeoutMs: number;
  readonly burst: { readonly limit: number; readonly windowMs: number };
  readonly dailyLimit: number;
  /** Percent of each budget that is kept for people. */
  readonly interactiveReserve: number;
  /** Gateways that share the budgets. */
  readonly replicas: number;
  readonly maxUpstreamCallsPerLocation: number;
  readonly maxUpstreamCalls: number;
  /** Between "not ready" and closing, so that balancers stop sending first. */
  readonly drainDelayMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Sentences for the operator that stop nothing: names that resemble ours, credentials that the grant does not use. */
  readonly warnings: readonly string[];
}

/** The message is all problems, one a line, each saying what to do, none quoting a setting's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Throws a ConfigError that names every problem at once. Reads the files that NAME_FILE settings name, nothing else. */
export const readConfig = (env: Environment): Config => {
  const findings: Findings = { problems: [], warnings: [] };
  // Some settings are read twice; a problem is told once.
  const settingReader = createSettingReader(env, (sentence) => {
    if (!findings.problems.includes(sentence)) findings.problems.push(sentence);
  });
  const config = assemble(settingReader, findings);
  checkTogether(config, findings);
  const { problems, warnings } = findUnknownNames(env, settings);
  findings.problems.push(...problems);
  findings.warnings.push(...warnings);
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return config;
};

/** Where service tokens are kept, for whoever needs to know nothing else of the settings. Throws ConfigError. */
export const readCallerDatabase = (env: Environment): DatabaseLocation => {
  const problems: string[] = [];
  const database = databaseOf(createSettingReader(env, (sentence) => problems.push(sentence)));
  if (problems.length > 0) throw new ConfigError(problems);
  return database;
};

const assemble = (settingReader: SettingReader, findings: Findings): Config => {
  const { read } = settingReader;
  const isProduction = read(rows.nodeEnv) === 'production';
  const upstream = readUpstream(settingReader, isProduction, findings);
  const callers = readCallers(settingReader, { upstream, base: packageFolder }, findings);
  return {
    ...callers,
    host: read(rows.host),
    port: read(rows.port),
    sandboxPort: read(rows.sandboxPort),
    isProduction,
    upstream,
    scopes: scopesOf(settingReader, upstream),
    authorizeUrl: read(rows.authorizeUrl),
    isPkceOn: read(rows.pkce) === 'on',
    canReconnect: read(rows.reconnect) === 'on',
    areForeignInstallsTaken: read(rows.marketplaceInstalls) === 'on',
    publicUrl: read(rows.publicUrl),
    // A sandbox forgets its tokens when it ends, and whatever other program DATABASE_URL was set for must not keep it from starting.
    database: upstream.kind === 'sandbox' ? nowhere : databaseOf(settingReader),
    callerDatabase: areCallersAsked(callers.auth) ? databaseOf(settingReader) : nowhere,
    tokenKeys: tokenKeysOf(settingReader),
    credentialMaxAgeDays: read(rows.credentialMaxAgeDays),
    isCacheOn: read(rows.cache) === 'on',
    redisUrl: read(rows.redisUrl),
    cacheMemoryBytes: read(rows.cacheMemoryMb) * 2 ** 20,
    cacheTimeoutMs: read(rows.cacheTimeoutMs),
    lifetimes: {
      tagPage: read(rows.tagPages),
      tagDetails: read(rows.tagDetails),
      socialAccounts: read(rows.accounts),
      statistics: read(rows.statistics),
      location: read(rows.location),
    },
    noCacheFloorSeconds: read(rows.noCacheFloorSeconds),
    accountStatistics: read(rows.accountStatistics) ?? (hasAccountEndpoint(upstream) ? 'endpoint' : 'roll-up'),
    defaultTimeZone: read(rows.defaultTimeZone),
    requestDeadlineMs: read(rows.requestDeadlineMs),
    upstreamTimeoutMs: read(rows.upstreamTimeoutMs),
    burst: { limit: read(rows.burst), windowMs: read(rows.burstWindowMs) },
    dailyLimit: read(rows.dailyLimit),
    interactiveReserve: read(rows.interactiveReserve),
    replicas: read(rows.replicas),
    maxUpstreamCallsPerLocation: read(rows.maxUpstreamCallsPerLocation),
    maxUpstreamCalls: read(rows.maxUpstreamCalls),
    drainDelayMs: read(rows.drainDelayMs),
    logLevel: read(rows.logLevel),
    warnings: findings.warnings,
  };
};

// Only the sandbox has it, and only the company's token may ask it.
const hasAccountEndpoint = (upstream: UpstreamChoice): boolean =>
  upstream.kind === 'sandbox' && upstream.grantKind !== 'authorization-code';

const scopesOf = ({ read, isSet }: SettingReader, upstream: UpstreamChoice): readonly string[] => {
  const kind = upstream.kind === 'live' ? upstream.grant.kind : upstream.grantKind;
  const isWhole = isSet(rows.scopes) || kind !== 'agency';
  return (isWhole ? read(rows.scopes) : `${read(rows.scopes)} ${agencyScopes}`).split(' ');
};

// Wherever it is started from: a store that is looked for elsewhere would seem to be empty.
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

const nowhere: DatabaseLocation = { path: ':memory:' };

const databaseOf = ({ read }: SettingReader): DatabaseLocation => {
  const url = read(rows.databaseUrl);
  return url === null ? { path: resolve(packageFolder, read(rows.dataDir), 'gateway.db') } : { url };
};

const tokenKeysOf = ({ read }: SettingReader): Config['tokenKeys'] => {
  const [newest, ...older] = read(rows.tokenKeys) ?? [];
  return newest === undefined ? null : [newest, ...older];
};

const checkTogether = (
  { port, sandboxPort, adminPort, upstream, scopes, areForeignInstallsTaken }: Config,
  { problems, warnings }: Findings,
): void => {
  if (
    areForeignInstallsTaken &&
    upstream.kind === 'live' &&
    'companyId' in upstream.grant &&
    !upstream.grant.companyId
  ) {
    problems.push(
      'UPSTREAM_MARKETPLACE_INSTALLS=on needs UPSTREAM_COMPANY_ID: such an install carries nothing that we gave it, ' +
        'so anybody could connect their own company here.',
    );
  }
  if (upstream.kind === 'live' && upstream.grant.kind === 'agency' && !scopes.includes('oauth.write')) {
    warnings.push('UPSTREAM_SCOPES lacks oauth.write, without which an agency gets no token of its locations: add it.');
  }
  if (upstream.kind === 'sandbox' && port === sandboxPort && port !== 0) {
    problems.push('PORT and SANDBOX_PORT are the same: give one of them another number.');
  }
  if (adminPort === port && port !== 0) {
    problems.push('PORT and ADMIN_PORT are the same: metrics and health are not for those who call.');
  }
};
