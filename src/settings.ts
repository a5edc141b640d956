// The table of settings, one row per option. The README's table and .env.example are made from it; config.ts reads it.
import { choice, host, integer, origin, redisUrl, secret, text, timeZone } from './setting.ts';
import type { SettingRow } from './setting.ts';

const leastScopes =
  'locations.readonly socialplanner/tag.readonly socialplanner/statistics.readonly socialplanner/account.readonly';
const oneWord = { default: null, values: 'text without spaces', form: /^[\x21-\x7e]+$/ };
const port = { min: 0, max: 65_535 };
const seconds = { min: 0, max: 30 * 86_400 };
const milliseconds = { min: 1, max: 600_000 };
const count = { min: 1, max: 1_000_000_000 };

/**
 * In the order in which people read them. An integer's unit is the end of its name.
 * Burst and day: 100 in 10 s and 200,000 a day for each location (upstream's OAuth 2.0 page, read 2026-11).
 */
export const rows = {
  nodeEnv: text('NODE_ENV', {
    default: null,
    // "prod" would quietly mean "not production": the sandbox, and its open doors, where nobody wants them.
    values: '`production` in full, or any other word',
    form: /^production$|^(?!\s*[Pp][Rr][Oo][Dd])/,
    doc: '`production` refuses to start without an upstream and closes what is only for development.',
  }),
  host: host('HOST', {
    default: '127.0.0.1',
    doc: 'Address to listen on. A live upstream is served on a loopback address only.',
  }),
  port: integer('PORT', { ...port, default: 4000, doc: 'Port of the gateway; 0 takes a free one.' }),
  sandboxPort: integer('SANDBOX_PORT', {
    ...port,
    default: 4010,
    doc: 'Port of the sandbox Users API; 0 takes a free one.',
  }),
  upstream: choice('UPSTREAM', ['sandbox', 'live'], {
    default: null,
    doc: '`sandbox` serves invented data, also in production and in spite of credentials; `live` refuses to start without credentials. Absent: live in production and wherever a URL, a grant or a credential is set, else the sandbox.',
  }),
  url: origin('UPSTREAM_URL', {
    default: 'https://services.leadconnectorhq.com',
    doc: 'Where the Users API is. Setting it means a live upstream. http is allowed for this machine only.',
  }),
  grant: choice('UPSTREAM_GRANT', ['client-credentials', 'refresh-token', 'private-token'], {
    default: null,
    doc: 'How access tokens are obtained. Absent: refresh-token when a refresh token is set, private-token when that token alone is, else client-credentials.',
  }),
  clientId: text('UPSTREAM_CLIENT_ID', {
    ...oneWord,
    doc: 'OAuth client id, for client-credentials and refresh-token.',
  }),
  clientSecret: secret('UPSTREAM_CLIENT_SECRET', 'OAuth client secret, for client-credentials and refresh-token.'),
  companyId: text('UPSTREAM_COMPANY_ID', {
    ...oneWord,
    doc: 'The agency whose locations are read, for client-credentials; may be absent.',
  }),
  refreshToken: secret('UPSTREAM_REFRESH_TOKEN', 'The first refresh token, for refresh-token.'),
  privateToken: secret('UPSTREAM_PRIVATE_TOKEN', 'A private integration token, for private-token.'),
  scopes: text('UPSTREAM_SCOPES', {
    default: leastScopes,
    values: 'scopes separated by single spaces',
    // RFC 6749 section 3.3
    form: /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
    doc: 'What a token request asks for.',
  }),
  upstreamTimeoutMs: integer('UPSTREAM_TIMEOUT_MS', {
    ...milliseconds,
    default: 3_000,
    doc: 'The longest one attempt at an upstream call may take.',
  }),
  burst: integer('UPSTREAM_BURST', {
    ...count,
    default: 100,
    doc: 'Upstream calls for one location in one window, as upstream allows.',
  }),
  burstWindowMs: integer('UPSTREAM_BURST_WINDOW_MS', {
    ...milliseconds,
    default: 10_000,
    doc: 'The window of `UPSTREAM_BURST`.',
  }),
  dailyLimit: integer('UPSTREAM_DAILY', {
    ...count,
    default: 200_000,
    doc: 'Upstream calls for one location in one day, as upstream allows.',
  }),
  cache: choice('CACHE', ['on', 'off'], {
    default: 'on',
    doc: '`off` keeps nothing between requests.',
  }),
  redisUrl: redisUrl('REDIS_URL', 'A cache shared by several gateways. Absent: memory of this process.'),
  cacheMemoryMb: integer('CACHE_MEMORY_MB', {
    min: 1,
    max: 65_536,
    default: 64,
    doc: 'Memory for cached answers in this process.',
  }),
  cacheTimeoutMs: integer('CACHE_TIMEOUT_MS', {
    ...milliseconds,
    default: 50,
    doc: 'The most a slow or dead cache may cost a request.',
  }),
  tagPageSeconds: integer('CACHE_TAGS_TTL_SECONDS', {
    ...seconds,
    default: 60,
    doc: 'Pages of tags are served this long without asking upstream; 0 asks every time, here and for the next four.',
  }),
  tagDetailsSeconds: integer('CACHE_TAG_DETAILS_TTL_SECONDS', {
    ...seconds,
    default: 300,
    doc: 'The same for details of tags.',
  }),
  accountsSeconds: integer('CACHE_ACCOUNTS_TTL_SECONDS', {
    ...seconds,
    default: 300,
    doc: 'The same for social accounts.',
  }),
  statisticsSeconds: integer('CACHE_STATISTICS_TTL_SECONDS', {
    ...seconds,
    default: 300,
    doc: 'The same for statistics.',
  }),
  locationSeconds: integer('CACHE_LOCATION_TTL_SECONDS', {
    ...seconds,
    default: 3_600,
    doc: 'The same for records of locations.',
  }),
  accountStatistics: choice('ACCOUNT_STATISTICS', ['roll-up', 'endpoint'], {
    default: null,
    doc: 'Account-level statistics: added up from the readable locations, or read at an endpoint of their own, which only the sandbox has. Absent: `endpoint` with the sandbox, else `roll-up`.',
  }),
  defaultTimeZone: timeZone('DEFAULT_TIME_ZONE', {
    default: 'UTC',
    doc: 'Dates statistics of locations whose own time zone is unknown.',
  }),
  requestDeadlineMs: integer('REQUEST_DEADLINE_MS', {
    ...milliseconds,
    default: 10_000,
    doc: 'The longest a request may take, with all its upstream calls and waits.',
  }),
  maxUpstreamCallsPerLocation: integer('MAX_UPSTREAM_CALLS_PER_LOCATION', {
    ...count,
    default: 20,
    doc: 'Upstream calls that one operation may need for one location before it is refused as too expensive.',
  }),
  maxUpstreamCalls: integer('MAX_UPSTREAM_CALLS', {
    ...count,
    default: 200,
    doc: 'Upstream calls that one operation may need in all before it is refused as too expensive.',
  }),
  drainDelayMs: integer('DRAIN_DELAY_MS', {
    ...milliseconds,
    min: 0,
    default: 1_000,
    doc: 'From "not ready" to closing on SIGTERM, so that balancers stop sending first.',
  }),
  logLevel: choice('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    doc: 'The least that is logged.',
  }),
};

/** The rows in order, as people see them. */
export const settings: readonly SettingRow[] = Object.values(rows);

/** The text of .env.example: every setting commented out, with its default, in a form that Node and shells both read. */
export const envExample = (): string => {
  const head = [
    '# Every setting with its default. None is needed to start with the sandbox.',
    '# To use such a file: cp .env.example .env; npm start reads it, and what the environment says stands.',
  ];
  const entry = ({ name, values, default: given, isSecret, doc }: SettingRow): string => {
    const value = given.includes(' ') ? `"${given}"` : given;
    const file = isSecret ? [`# ${name}_FILE=`] : [];
    return [`# ${plain(doc)} (${plain(values)})`, `# ${name}=${value}`, ...file].join('\n');
  };
  return [head.join('\n'), ...settings.map(entry)].join('\n\n') + '\n';
};

const plain = (markdown: string): string => markdown.replaceAll('`', '');

/** The README's table, in GitHub's Markdown, without a line break at its end. */
export const settingsTable = (): string => {
  const line = ({ name, values, default: given, isSecret, doc }: SettingRow): string => {
    const names = isSecret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
    return `| ${names} | ${given === '' ? '' : `\`${given}\``} | ${values} | ${doc} |`;
  };
  return ['| setting | default | values | what it does |', '| --- | --- | --- | --- |', ...settings.map(line)].join(
    '\n',
  );
};
