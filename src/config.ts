// The only reader of the environment. Which settings there are stands in settings.ts.
import { createSettingReader, isLoopback } from './setting.ts';
import type { Environment, SettingReader } from './setting.ts';
import { findUnknownNames } from './setting-names.ts';
import { rows, settings } from './settings.ts';

export { envExample, settings, settingsTable } from './settings.ts';

/** Everything the process was told at its start. Only main.ts and compose.ts see it whole. */
export interface Config {
  readonly host: string;
  /** 0 takes any free port, here and in `sandboxPort`. */
  readonly port: number;
  readonly sandboxPort: number;
  readonly isProduction: boolean;
  readonly upstream: UpstreamChoice;
  /** What a token request asks for, in the order given; never empty. */
  readonly scopes: readonly string[];
  /** Off means that nothing is kept between requests; `redisUrl` then has no use. */
  readonly isCacheOn: boolean;
  /** May hold a password: not for logs. `null` keeps answers in this process's memory. */
  readonly redisUrl: string | null;
  readonly cacheMemoryBytes: number;
  /** The most that a slow or dead cache may cost a request. */
  readonly cacheTimeoutMs: number;
  /** Seconds for which an answer is served without asking upstream; 0 asks every time. */
  readonly lifetimes: Readonly<Record<'tagPage' | 'tagDetails' | 'socialAccounts' | 'statistics' | 'location', number>>;
  readonly accountStatistics: 'roll-up' | 'endpoint';
  /** For locations whose own time zone is absent or unknown. */
  readonly defaultTimeZone: string;
  readonly requestDeadlineMs: number;
  /** One attempt, not the whole call with its repeats. */
  readonly upstreamTimeoutMs: number;
  readonly burst: { readonly limit: number; readonly windowMs: number };
  readonly dailyLimit: number;
  readonly maxUpstreamCallsPerLocation: number;
  readonly maxUpstreamCalls: number;
  /** Between "not ready" and closing, so that balancers stop sending first. */
  readonly drainDelayMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Sentences for the operator that stop nothing: names that resemble ours, credentials that the grant does not use. */
  readonly warnings: readonly string[];
}

/** `url` is an origin without a slash at its end; http only on loopback. */
type UpstreamChoice =
  { readonly kind: 'sandbox' } | { readonly kind: 'live'; readonly url: string; readonly grant: UpstreamGrant };

/** The credentials of one grant, complete. All but `clientId` and `companyId` are secrets. */
export type UpstreamGrant =
  | {
      readonly kind: 'client-credentials';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly companyId: string | null;
    }
  | {
      readonly kind: 'refresh-token';
      readonly clientId: string;
      readonly clientSecret: string;
      readonly refreshToken: string;
    }
  | { readonly kind: 'private-token'; readonly privateToken: string };

/** The message is all problems, one a line, each saying what to do, none quoting a setting's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Where sentences go while the settings are read. */
interface Findings {
  readonly problems: string[];
  readonly warnings: string[];
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

const assemble = (settingReader: SettingReader, findings: Findings): Config => {
  const { read } = settingReader;
  const isProduction = read(rows.nodeEnv) === 'production';
  const upstream = readUpstream(settingReader, isProduction, findings);
  return {
    host: read(rows.host),
    port: read(rows.port),
    sandboxPort: read(rows.sandboxPort),
    isProduction,
    upstream,
    scopes: read(rows.scopes).split(' '),
    isCacheOn: read(rows.cache) === 'on',
    redisUrl: read(rows.redisUrl),
    cacheMemoryBytes: read(rows.cacheMemoryMb) * 2 ** 20,
    cacheTimeoutMs: read(rows.cacheTimeoutMs),
    lifetimes: {
      tagPage: read(rows.tagPageSeconds),
      tagDetails: read(rows.tagDetailsSeconds),
      socialAccounts: read(rows.accountsSeconds),
      statistics: read(rows.statisticsSeconds),
      location: read(rows.locationSeconds),
    },
    accountStatistics: read(rows.accountStatistics) ?? (upstream.kind === 'sandbox' ? 'endpoint' : 'roll-up'),
    defaultTimeZone: read(rows.defaultTimeZone),
    requestDeadlineMs: read(rows.requestDeadlineMs),
    upstreamTimeoutMs: read(rows.upstreamTimeoutMs),
    burst: { limit: read(rows.burst), windowMs: read(rows.burstWindowMs) },
    dailyLimit: read(rows.dailyLimit),
    maxUpstreamCallsPerLocation: read(rows.maxUpstreamCallsPerLocation),
    maxUpstreamCalls: read(rows.maxUpstreamCalls),
    drainDelayMs: read(rows.drainDelayMs),
    logLevel: read(rows.logLevel),
    warnings: findings.warnings,
  };
};

const checkTogether = ({ host, port, sandboxPort, upstream }: Config, { problems }: Findings): void => {
  if (upstream.kind === 'sandbox' && port === sandboxPort && port !== 0) {
    problems.push('PORT and SANDBOX_PORT are the same: give one of them another number.');
  }
  if (upstream.kind === 'live' && !isLoopback(host)) {
    problems.push(
      'HOST must be 127.0.0.1, ::1 or localhost with a live upstream: until callers are authenticated, ' +
        'whoever reaches the gateway could read every location. UPSTREAM=sandbox may listen anywhere.',
    );
  }
};

const usedBy = {
  'client-credentials': { needs: [rows.clientId, rows.clientSecret], takes: [rows.companyId] },
  'refresh-token': { needs: [rows.clientId, rows.clientSecret, rows.refreshToken], takes: [] },
  'private-token': { needs: [rows.privateToken], takes: [] },
} as const;

const credentialRows = [rows.clientId, rows.clientSecret, rows.companyId, rows.refreshToken, rows.privateToken];

const readUpstream = (settingReader: SettingReader, isProduction: boolean, findings: Findings): UpstreamChoice => {
  const { read, isSet } = settingReader;
  // All are read in sandbox mode too, so that a bad value shows today and not on the day the mode changes.
  const asked = read(rows.upstream);
  const url = read(rows.url);
  const kind = read(rows.grant) ?? likelyGrant(isSet);
  const grant = grantOf(kind, read);
  // A half-told upstream must never end in invented data, so any of these means live, be it complete or not.
  const told = [rows.url, rows.grant, ...credentialRows].find(isSet);
  if (asked === 'sandbox' || (asked === null && !isProduction && told === undefined)) return { kind: 'sandbox' };
  const isUnclear = [rows.upstream, rows.grant].some((row) => isSet(row) && read(row) === null);
  const reason = asked === 'live' ? 'UPSTREAM=live' : (told?.name ?? 'NODE_ENV=production');
  if (!isUnclear) checkCredentials(kind, { reason, isSet }, findings);
  return { kind: 'live', url, grant };
};

const likelyGrant = (isSet: SettingReader['isSet']): UpstreamGrant['kind'] => {
  if (isSet(rows.refreshToken)) return 'refresh-token';
  const hasClient = isSet(rows.clientId) || isSet(rows.clientSecret);
  return isSet(rows.privateToken) && !hasClient ? 'private-token' : 'client-credentials';
};

interface Told {
  /** The setting that asks for a live upstream. */
  readonly reason: string;
  readonly isSet: SettingReader['isSet'];
}

const checkCredentials = (kind: UpstreamGrant['kind'], { reason, isSet }: Told, findings: Findings): void => {
  const { needs, takes } = usedBy[kind];
  for (const { name, isSecret } of needs.filter((row) => !isSet(row))) {
    findings.problems.push(
      `${name} is missing: ${reason} asks for a live upstream, and the ${kind} grant needs it. ` +
        `Set it${isSecret ? ` or ${name}_FILE` : ''}, or set UPSTREAM=sandbox to serve invented data.`,
    );
  }
  const used: readonly string[] = [...needs, ...takes].map(({ name }) => name);
  for (const { name } of credentialRows.filter((row) => isSet(row) && !used.includes(row.name))) {
    findings.warnings.push(`${name} is set, but the ${kind} grant does not use it: remove it or set UPSTREAM_GRANT.`);
  }
};

/** With empty text where a credential is missing or bad: readConfig throws then. */
const grantOf = (kind: UpstreamGrant['kind'], read: SettingReader['read']): UpstreamGrant => {
  const [clientId, clientSecret] = [read(rows.clientId) ?? '', read(rows.clientSecret) ?? ''];
  const [refreshToken, privateToken] = [read(rows.refreshToken) ?? '', read(rows.privateToken) ?? ''];
  const companyId = read(rows.companyId);
  switch (kind) {
    case 'client-credentials':
      return { kind, clientId, clientSecret, companyId };
    case 'refresh-token':
      return { kind, clientId, clientSecret, refreshToken };
    case 'private-token':
      return { kind, privateToken };
  }
};
