// The table of settings, one row per option. The README's table and .env.example are made from it; config.ts reads it.
import { choice, host, integer, keyRing, origin, pageUrl, secret, serviceUrl, text, timeZone } from './setting.ts';
import { callerRows } from './settings-callers.ts';
import { count, economyRows, milliseconds } from './settings-economy.ts';

const leastScopes =
  'locations.readonly socialplanner/tag.readonly socialplanner/statistics.readonly socialplanner/account.readonly';
/** What an agency's token needs beyond: to list its locations and to exchange itself for their tokens. */
export const agencyScopes = 'oauth.readonly oauth.write';
const grantKinds = ['client-credentials', 'authorization-code', 'agency', 'refresh-token', 'private-token'] as const;
const oneWord = { default: null, values: 'text without spaces', form: /^[\x21-\x7e]+$/ };
const port = { min: 0, max: 65_535 };

/**
 * In the order in which people read them. An integer's unit is the end of its name.
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
    doc: 'Address to listen on. Under `AUTH=none` a loopback address only.',
  }),
  port: integer('PORT', { ...port, default: 4000, doc: 'Port of the gateway; 0 takes a free one.' }),
  sandboxPort: integer('SANDBOX_PORT', {
    ...port,
    default: 4010,
    doc: 'Port of the sandbox Users API; 0 takes a free one.',
  }),
  ...callerRows,
  upstream: choice('UPSTREAM', ['sandbox', 'live'], {
    default: null,
    doc: '`sandbox` serves invented data, also in production and in spite of credentials; `live` refuses to start without credentials. Absent: live in production and wherever a URL, a grant or a credential is set, else the sandbox.',
  }),
  url: origin('UPSTREAM_URL', {
    default: 'https://services.leadconnectorhq.com',
    doc: 'Where the Users API is. Setting it means a live upstream. http is allowed for this machine only.',
  }),
  authorizeUrl: pageUrl('UPSTREAM_AUTHORIZE_URL', {
    // README §6 of the upstream notes: docs Authorization, changed 2026-05-27; white-label: marketplace.leadconnectorhq.com.
    default: 'https://marketplace.gohighlevel.com/v2/oauth/chooselocation',
    doc: 'The consent page, where an install sends the browser.',
  }),
  grant: choice('UPSTREAM_GRANT', grantKinds, {
    default: null,
    doc: 'How access tokens are obtained: `client-credentials` by the app itself, `authorization-code` by locations that are connected one by one at `/oauth/install`, `agency` by one consent for all locations of a company, `refresh-token` for one location whose token you have, `private-token` by a static one. Absent: refresh-token when a refresh token is set, private-token when that token alone is, else client-credentials. In sandbox mode the first three are possible.',
  }),
  clientId: text('UPSTREAM_CLIENT_ID', {
    ...oneWord,
    doc: 'OAuth client id, for every grant but private-token.',
  }),
  clientSecret: secret('UPSTREAM_CLIENT_SECRET', 'OAuth client secret, for every grant but private-token.'),
  previousSecret: secret(
    'UPSTREAM_CLIENT_SECRET_PREVIOUS',
    'The client secret before: tried when upstream does not accept the other one, so that it can be changed without a gap.',
  ),
  companyId: text('UPSTREAM_COMPANY_ID', {
    ...oneWord,
    doc: 'The agency whose locations are read; installs for any other are refused. May be absent.',
  }),
  refreshToken: secret(
    'UPSTREAM_REFRESH_TOKEN',
    'The first refresh token, for refresh-token and agency. Seeds the store once: the stored grant wins ever after.',
  ),
  privateToken: secret('UPSTREAM_PRIVATE_TOKEN', 'A private integration token, for private-token.'),
  scopes: text('UPSTREAM_SCOPES', {
    default: leastScopes,
    values: 'scopes separated by single spaces',
    // RFC 6749 section 3.3, without the comma, which somebody would take for a separator
    form: /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+( [\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+)*$/,
    doc: 'What a token request and a consent ask for. Absent: the least that the graph can use, for agency `oauth.readonly oauth.write` too.',
  }),
  pkce: choice('UPSTREAM_PKCE', ['on', 'off'], {
    default: 'off',
    doc: 'Whether the authorization server supports PKCE (S256); the vendor documents nothing. Always on with the sandbox.',
  }),
  reconnect: choice('UPSTREAM_RECONNECT', ['on', 'off'], {
    default: 'on',
    doc: 'Whether upstream is asked for a new token pair (`POST /oauth/reconnect`) when a crash or a lost answer may have cost one.',
  }),
  marketplaceInstalls: choice('UPSTREAM_MARKETPLACE_INSTALLS', ['on', 'off'], {
    default: 'off',
    doc: "Whether installs that were begun on the vendor's marketplace, and not at `/oauth/install`, are taken. Needs `UPSTREAM_COMPANY_ID`.",
  }),
  publicUrl: origin('PUBLIC_URL', {
    default: null,
    doc: 'Where browsers reach this gateway; `/oauth/callback` there is the redirect address to register. Absent: the address it listens on.',
  }),
  databaseUrl: serviceUrl(
    'DATABASE_URL',
    'PostgreSQL for grants, shared by all replicas. Absent: SQLite in `DATA_DIR`.',
    ['postgres', 'postgresql'],
  ),
  dataDir: text('DATA_DIR', {
    default: 'data',
    values: 'path of a folder',
    form: /^[^\0]+$/,
    doc: 'Where SQLite keeps its file, readable by its owner only; from the folder of package.json, if it does not begin with /.',
  }),
  tokenKeys: keyRing(
    'TOKEN_KEYS',
    'Keys that seal stored tokens: the first one seals, all of them open. `npm run keys -- new` makes one.',
  ),
  credentialMaxAgeDays: integer('CREDENTIAL_MAX_AGE_DAYS', {
    min: 1,
    max: 3_650,
    default: 90,
    doc: 'A client secret or private token in use for longer is warned of at the start and every day.',
  }),
  ...economyRows,
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
