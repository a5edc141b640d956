// Who may call, and what they may ask: the settings that only make sense together.
import { resolve } from 'node:path';
import type { Issuer, TokenVerifierOptions } from './auth/token-verifier.ts';
import { isLoopbackName } from './http/loopback.ts';
import type { AllowanceLimits } from './limiter/allowances.ts';
import type { DocumentLimits } from './operation/document-limits.ts';
import type { SettingReader } from './setting.ts';
import { rows } from './settings.ts';
import type { Findings, UpstreamChoice } from './upstream-settings.ts';

/** Who is let in. `open`: everybody, because all data is invented. The company is the upstream grant's, known later. */
export type AuthChoice =
  { readonly kind: 'open' | 'none' | 'tokens' } | ({ readonly kind: 'jwt' } & Omit<TokenVerifierOptions, 'companyId'>);

/** Whether callers must show a token: only then can they be told apart. */
export const areCallersAsked = ({ kind }: AuthChoice): boolean => kind === 'jwt' || kind === 'tokens';

/** What of the settings is about callers. */
export interface CallerConfig {
  readonly auth: AuthChoice;
  /** Origins whose pages may call, without those that are allowed for development. */
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly bodyLimitBytes: number;
  readonly maxConnections: number;
  readonly maxConcurrentRequests: number;
  /** Until a request's turn comes; 0 for no limit. */
  readonly maxWaitMs: number;
  /** For each minute; 0 for no limit. */
  readonly allowances: AllowanceLimits;
  readonly documentLimits: DocumentLimits;
  /** Operations of one HTTP request; 1 takes no lists. */
  readonly maxBatch: number;
  /** Null for: unless in production. */
  readonly introspection: 'on' | 'off' | null;
  readonly persisted: 'off' | 'log' | 'only';
  /** An absolute path; null for none. */
  readonly persistedDocuments: string | null;
  readonly adminHost: string;
  /** 0 takes any free port. */
  readonly adminPort: number;
}

/** `base`: what relative paths begin at. Problems are told, and something is given back all the same: readConfig throws then. */
export const readCallers = (
  { read, isSet }: SettingReader,
  { upstream, base }: { readonly upstream: UpstreamChoice; readonly base: string },
  findings: Findings,
): CallerConfig => {
  const auth = authOf({ read, isSet }, upstream, findings);
  const folder = read(rows.persistedDocuments);
  const persisted = read(rows.persisted);
  if (persisted !== 'off' && folder === null)
    findings.problems.push(`PERSISTED=${persisted} needs PERSISTED_DOCUMENTS: the folder of the clients' manifests.`);
  checkAddress(auth, read(rows.host), findings);
  return {
    auth,
    corsOrigins: read(rows.corsOrigins),
    trustedProxies: read(rows.trustedProxies),
    bodyLimitBytes: read(rows.bodyLimitKb) * 1_024,
    maxConnections: read(rows.maxConnections),
    maxConcurrentRequests: read(rows.maxConcurrentRequests),
    maxWaitMs: read(rows.maxWaitMs),
    allowances: {
      caller: { requests: read(rows.callerRequests), cost: read(rows.callerCost) },
      location: { requests: read(rows.locationRequests), cost: read(rows.locationCost) },
    },
    documentLimits: {
      tokens: read(rows.maxTokens),
      depth: read(rows.maxDepth),
      aliases: read(rows.maxAliases),
      rootFields: read(rows.maxRootFields),
      directives: read(rows.maxDirectives),
      listItems: read(rows.maxListItems),
      variablesBytes: read(rows.maxVariablesKb) * 1_024,
      variablesDepth: read(rows.maxVariablesDepth),
    },
    maxBatch: read(rows.maxBatch),
    introspection: read(rows.introspection),
    persisted,
    persistedDocuments: folder === null ? null : resolve(base, folder),
    adminHost: read(rows.adminHost),
    adminPort: read(rows.adminPort),
  };
};

const issuerRows = [rows.authIssuer, rows.authAudience, rows.authJwksUrl, rows.authPublicKey];

const authOf = ({ read, isSet }: SettingReader, upstream: UpstreamChoice, { problems }: Findings): AuthChoice => {
  const told = issuerRows.find(isSet);
  const kind = read(rows.auth) ?? (told ? 'jwt' : null);
  if (kind === 'jwt') return jwtOf({ read, isSet }, upstream, problems);
  if (told) problems.push(`${told.name} is set and AUTH=${kind ?? ''} does not use it: remove one of them.`);
  if (kind !== null) return { kind };
  if (upstream.kind === 'live') problems.push(nobodyChosen);
  return { kind: 'open' };
};

const nobodyChosen =
  'A live upstream needs to know who may call: set AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_URL for access tokens of ' +
  'your identity provider, or AUTH=tokens for service tokens ("npm run tokens"), or AUTH=none to let in everybody on this machine.';

const jwtOf = ({ read, isSet }: SettingReader, upstream: UpstreamChoice, problems: string[]): AuthChoice => {
  for (const row of [rows.authIssuer, rows.authAudience])
    if (!isSet(row)) problems.push(`AUTH=jwt needs ${row.name}: ${row.doc}`);
  const companyClaim = read(rows.authCompanyClaim);
  const hasCompany =
    upstream.kind === 'sandbox' || ('companyId' in upstream.grant && upstream.grant.companyId !== null);
  if (companyClaim !== null && !hasCompany)
    problems.push('AUTH_COMPANY_CLAIM needs UPSTREAM_COMPANY_ID: a company is only worth something if it is this one.');
  return {
    kind: 'jwt',
    issuers: issuersOf({ read, isSet }, problems),
    audiences: read(rows.authAudience),
    algorithms: read(rows.authAlgorithms),
    tokenType: read(rows.authTokenType),
    claims: { scope: read(rows.authScopeClaim), location: read(rows.authLocationClaim), company: companyClaim },
    clockToleranceSeconds: read(rows.authClockToleranceSeconds),
    maxLifetimeSeconds: read(rows.authMaxLifetimeSeconds),
  };
};

const issuersOf = ({ read, isSet }: SettingReader, problems: string[]): readonly Issuer[] => {
  const names = read(rows.authIssuer);
  const urls = read(rows.authJwksUrl);
  const key = read(rows.authPublicKey);
  if (isSet(rows.authJwksUrl) === isSet(rows.authPublicKey))
    problems.push('AUTH=jwt needs AUTH_JWKS_URL or AUTH_PUBLIC_KEY, one of them.');
  else if (key === null && urls.length > 0 && urls.length !== names.length)
    problems.push('AUTH_JWKS_URL must have one address for each of AUTH_ISSUER, in the same order.');
  else if (key !== null && names.length > 1)
    problems.push('AUTH_PUBLIC_KEY is the key of one issuer: use AUTH_JWKS_URL for several.');
  return names.map((issuer, index) => ({
    issuer,
    keys: key === null ? { kind: 'jwks', url: urls[index] ?? '' } : { kind: 'static', text: key },
  }));
};

// Nobody is asked who they are there, so nobody else may get there.
const checkAddress = ({ kind }: AuthChoice, host: string, { problems }: Findings): void => {
  if (kind !== 'none' || isLoopbackName(host)) return;
  problems.push(
    'AUTH=none lets in everybody, so HOST must be 127.0.0.1, ::1 or localhost: set AUTH_ISSUER or AUTH=tokens ' +
      'to listen elsewhere. (UPSTREAM=sandbox without AUTH may listen anywhere: its data is invented.)',
  );
};
