// The rows of who may call, from where, and what one request or one caller may ask of this process.
import { choice, host, integer, secret, text } from './setting.ts';
import { choices, fetched, networks, origins, words } from './setting-lists.ts';

/** Asymmetric ones alone: with a shared secret every service that checks tokens could make them (RFC 8725 §3.1, §3.5). */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const claim = { values: 'name of a claim', form: /^[\x21-\x7e]{1,200}$/ };
const perMinute = { min: 0, max: 100_000_000 };
const some = { min: 1, max: 1_000_000 };

/** In the order in which people read them. Costs beside the defaults of documents: `npm run bench:documents`, docs/security.md. */
export const callerRows = {
  auth: choice('AUTH', ['jwt', 'tokens', 'none'], {
    default: null,
    doc: 'Who is let in: `jwt` bearers of an access token of `AUTH_ISSUER` or of a service token, `tokens` of service tokens alone (`npm run tokens`), `none` everybody, on a loopback address only. Absent: jwt where an issuer is set, everybody in sandbox mode; else the gateway refuses to start.',
  }),
  authIssuer: words('AUTH_ISSUER', {
    doc: 'The `iss` of access tokens, letter by letter; several separated by commas.',
  }),
  authAudience: words('AUTH_AUDIENCE', {
    doc: 'This gateway as the issuers name it: the `aud` of a token must hold one of these.',
  }),
  authJwksUrl: fetched('AUTH_JWKS_URL', {
    doc: 'Where the issuers publish their keys: one for each of `AUTH_ISSUER`, in its order.',
  }),
  authPublicKey: secret(
    'AUTH_PUBLIC_KEY',
    'In place of `AUTH_JWKS_URL`, for one issuer: its public key as PEM, or a JWK or JWK Set as JSON. Nothing secret, but long: the file is the usual way.',
    { isManyLines: true },
  ),
  authAlgorithms: choices('AUTH_ALGORITHMS', algorithms, {
    default: 'RS256,PS256,ES256,EdDSA',
    doc: 'Signatures that are accepted. Nothing symmetric, and never `none`.',
  }),
  authTokenType: text('AUTH_TYP', {
    ...claim,
    default: 'at+jwt',
    values: 'media type without `application/`',
    doc: 'The `typ` that access tokens carry (RFC 9068). Issuers that say `JWT` need that here; ID tokens then count as well, unless the audience tells them apart.',
  }),
  authScopeClaim: text('AUTH_SCOPE_CLAIM', {
    ...claim,
    default: 'scope',
    doc: 'The claim with the scopes: text separated by spaces, or a list. Spelled as upstream spells them.',
  }),
  authLocationClaim: text('AUTH_LOCATION_CLAIM', {
    ...claim,
    default: 'locationId',
    doc: 'The claim with the locations that the caller may read: an id or a list of ids. A token without it reads none.',
  }),
  authCompanyClaim: text('AUTH_COMPANY_CLAIM', {
    ...claim,
    default: null,
    doc: 'The claim with a company: a token that has it and no location claim reads all locations, if it is `UPSTREAM_COMPANY_ID`. Absent: no token does.',
  }),
  authClockToleranceSeconds: integer('AUTH_CLOCK_TOLERANCE_SECONDS', {
    min: 0,
    max: 60,
    default: 30,
    doc: 'How far the clocks of issuers may be off.',
  }),
  authMaxLifetimeSeconds: integer('AUTH_MAX_LIFETIME_SECONDS', {
    min: 60,
    max: 31_536_000,
    default: 86_400,
    doc: 'Access tokens that are good for longer than this, from `iat` to `exp`, are refused.',
  }),
  corsOrigins: origins('CORS_ORIGINS', {
    doc: 'Origins whose pages may call. Apollo Studio may beside them, unless in production.',
  }),
  trustedProxies: networks('TRUSTED_PROXIES', {
    doc: 'Proxies whose `X-Forwarded-For` and `X-Request-Id` count. Absent: those headers mean nothing.',
  }),
  bodyLimitKb: integer('BODY_LIMIT_KB', { min: 1, max: 10_240, default: 256, doc: 'The largest body of a request.' }),
  maxConnections: integer('MAX_CONNECTIONS', { ...some, default: 10_000, doc: 'Sockets that may be open at a time.' }),
  maxConcurrentRequests: integer('MAX_CONCURRENT_REQUESTS', {
    ...some,
    default: 2_000,
    doc: 'Operations under way at a time: more are refused with 503. One caller may hold half of them.',
  }),
  maxWaitMs: integer('MAX_WAIT_MS', {
    min: 0,
    max: 60_000,
    default: 3_000,
    doc: 'Callers take turns when more comes than can be worked on; whose turn comes later than this is refused with 503, and so is everybody while the process itself is a third of it late. 0 refuses nobody for that.',
  }),
  callerRequests: integer('CALLER_REQUESTS_PER_MINUTE', {
    ...perMinute,
    default: 6_000,
    doc: 'Requests of one caller. 0 sets no limit, here and for the next three. Under `AUTH=none` and in an open sandbox callers cannot be told apart, and only locations are limited.',
  }),
  callerCost: integer('CALLER_COST_PER_MINUTE', {
    ...perMinute,
    default: 6_000,
    doc: 'Cost of one caller: each upstream call that was made counts 1, and so do 20 KB of answers and 2 ms of reading a document that is not kept.',
  }),
  locationRequests: integer('LOCATION_REQUESTS_PER_MINUTE', {
    ...perMinute,
    default: 12_000,
    doc: 'Requests of all callers for one location.',
  }),
  locationCost: integer('LOCATION_COST_PER_MINUTE', {
    ...perMinute,
    default: 12_000,
    doc: 'Cost of all callers for one location.',
  }),
  maxTokens: integer('MAX_DOCUMENT_TOKENS', { ...some, default: 2_000, doc: 'Words and signs of a document.' }),
  maxDepth: integer('MAX_DOCUMENT_DEPTH', {
    ...some,
    default: 12,
    doc: 'Fields within fields. Introspection has a limit of its own, 16: the usual question nests 15.',
  }),
  maxAliases: integer('MAX_DOCUMENT_ALIASES', {
    ...some,
    default: 30,
    doc: 'Aliases, each time that a fragment is used.',
  }),
  maxRootFields: integer('MAX_ROOT_FIELDS', { ...some, default: 20, doc: 'Fields at the top of an operation.' }),
  maxDirectives: integer('MAX_DOCUMENT_DIRECTIVES', { ...some, default: 50, doc: 'Directives of a document.' }),
  maxListItems: integer('MAX_LIST_ITEMS', {
    ...some,
    default: 1_000,
    doc: 'Items of one list, in the document and in variables.',
  }),
  maxVariablesKb: integer('MAX_VARIABLES_KB', { ...some, default: 64, doc: 'Size of the variables of an operation.' }),
  maxVariablesDepth: integer('MAX_VARIABLES_DEPTH', {
    ...some,
    default: 10,
    doc: 'Values within values of variables.',
  }),
  maxBatch: integer('MAX_BATCH', {
    min: 1,
    max: 100,
    default: 1,
    doc: 'Operations that one HTTP request may carry as a list; it counts as one request of its caller. 1 takes no lists.',
  }),
  introspection: choice('INTROSPECTION', ['on', 'off'], {
    default: null,
    doc: 'Whether clients may ask for the schema and are told similar names. Absent: not in production.',
  }),
  persisted: choice('PERSISTED', ['off', 'log', 'only'], {
    default: 'off',
    doc: 'Documents that are not in a manifest of `PERSISTED_DOCUMENTS`: `off` takes them, `log` takes and reports them, `only` refuses them.',
  }),
  persistedDocuments: text('PERSISTED_DOCUMENTS', {
    default: null,
    values: 'path of a folder',
    form: /^[^\0]+$/,
    doc: "Manifests of clients' documents, read again when they change: JSON as GraphQL Codegen and Relay write it, or Apollo's.",
  }),
  adminHost: host('ADMIN_HOST', {
    default: '127.0.0.1',
    doc: 'Address of metrics and health. Keep it from strangers.',
  }),
  adminPort: integer('ADMIN_PORT', {
    min: 0,
    max: 65_535,
    default: 9464,
    doc: 'Port of metrics and health; 0 takes a free one.',
  }),
};
