import { randomBytes } from 'node:crypto';
import type { LocationId } from '../model/ids.ts';
import { StoreUnavailable } from '../stores/sql.ts';
import type { TokenAnswer } from './access-token.ts';
import type { Audit, AuditEntry } from './audit.ts';
import type { Consents, ConsentTerms } from './consents.ts';
import type { GrantStore } from './grant-store.ts';
import type { Callback, OAuthClient } from './oauth-client.ts';
import { SealError } from './seal.ts';
import type { GrantKey, GrantSummary } from './stored-grant.ts';
import { refusalReason } from './token-endpoint.ts';

/** Why an install did not end in a grant. */
export type InstallProblem =
  | 'not-administrator'
  | 'state-unknown'
  | 'state-missing'
  | 'refused-by-person'
  | 'code-missing'
  | 'code-refused'
  | 'no-refresh-token'
  | 'other-location'
  | 'other-company'
  | 'company-answer'
  | 'location-answer'
  | 'nobody-named'
  | 'upstream-failed'
  | 'store-unavailable';

/** Nothing was stored. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly code: InstallProblem;

  constructor(problem: InstallProblem, cause?: unknown) {
    super(problem, { cause });
    this.code = problem;
  }
}

/** Who is connected now. */
export interface Installed {
  readonly holder:
    | { readonly kind: 'location'; readonly locationId: LocationId }
    | { readonly kind: 'company'; readonly companyId: string };
  /** Wanted and not granted; null where upstream did not say what it granted. */
  readonly missingScopes: readonly string[] | null;
}

/** The way from an administrator's wish to a stored grant. Both throw InstallError. */
export interface Installs {
  /** Where to send the browser, and what to leave with it. */
  readonly begin: (wish: {
    readonly locationId: LocationId | null;
    readonly by: string;
    /** What the browser has from an install before; null for nothing. */
    readonly browserSecret: string | null;
  }) => Promise<{ readonly url: URL; readonly browserSecret: string }>;
  /** `search`: the query of the callback, with its question mark. `browserSecret`: what `begin` left, null for nothing. */
  readonly finish: (callback: { readonly search: string; readonly browserSecret: string | null }) => Promise<Installed>;
  /** Writes into the access log that somebody who may not begin an install tried to. */
  readonly refuse: (by: string) => void;
}

/** What installs work with. */
export interface InstallDeps {
  readonly client: Pick<OAuthClient, 'consentUrl' | 'redeem'>;
  readonly consents: Consents;
  readonly store: Pick<GrantStore, 'put' | 'summaries'>;
  readonly audit: Audit;
  /** Hears of a grant that has just been stored, before the person does. */
  readonly onInstalled: (key: GrantKey) => void;
}

/** What installs are held to. */
export interface InstallRules {
  /** `seed`: one location, whose first refresh token may have stood in the settings. */
  readonly kind: 'locations' | 'company' | 'seed';
  readonly redirectUri: () => string;
  readonly scopes: readonly string[];
  /** Only this company's; null for any. */
  readonly companyId: string | null;
  readonly isPkceOn: boolean;
  /** Whether installs that were begun on the vendor's marketplace, which carry no state, are taken. */
  readonly areForeignInstallsTaken: boolean;
}

/** One flow for both kinds of token; whose it is, the answer says. */
export const createInstalls = (deps: InstallDeps, rules: InstallRules): Installs => {
  const { client, consents, store, audit, onInstalled } = deps;

  const begin = async ({ locationId, by, browserSecret: held }: Parameters<Installs['begin']>[0]) => {
    const codeVerifier = rules.isPkceOn ? randomBytes(32).toString('base64url') : null; // RFC 7636 §4.1
    const { state, browserSecret } = await consents.begin({ codeVerifier, locationId, by }, held);
    const consent = { redirectUri: rules.redirectUri(), scopes: rules.scopes, state, codeVerifier };
    return { url: await client.consentUrl(consent), browserSecret };
  };

  const connect = async (search: string, terms: ConsentTerms) => {
    const query = new URLSearchParams(search);
    if (query.has('error')) throw new InstallError('refused-by-person', new Error(errorCodeOf(query)));
    if ((query.get('code') ?? '') === '') throw new InstallError('code-missing');
    const earlier = await store.summaries(); // also shows, before the code is spent, that the store can be reached
    const userType = rules.kind === 'company' ? 'Company' : 'Location';
    const url = new URL(rules.redirectUri() + search);
    const { codeVerifier } = terms;
    const pair = await redeemed(client, { url, expectedState: query.get('state'), codeVerifier, userType });
    const refreshToken = pair.refreshToken?.();
    if (refreshToken === undefined) throw new InstallError('no-refresh-token');
    const grantee = granteeOf(pair, { terms, rules, earlier });
    await store.put(grantee.key, pair, refreshToken);
    onInstalled(grantee.key);
    return { ...grantee, scopes: pair.access.scopes };
  };

  return {
    refuse: (by) => audit.failed({ action: 'install-begin', grant: 'any', by }, notAdministrator()),
    begin: (wish) =>
      audit.around({ action: 'install-begin', grant: grantOf(wish.locationId), by: wish.by }, () =>
        begin(wish).catch(toInstallError),
      ),
    finish: async ({ search, browserSecret }) => {
      let entry: AuditEntry = { action: 'install', grant: 'any', by: 'stranger' };
      try {
        const terms = await termsOf(consents, rules, search, browserSecret).catch(toInstallError);
        entry = { ...entry, grant: grantOf(terms.locationId), by: terms.by };
        const { key, holder, scopes } = await connect(search, terms).catch(toInstallError);
        audit.done({ ...entry, grant: key });
        return { holder, missingScopes: scopes && rules.scopes.filter((scope) => !scopes.includes(scope)) };
      } catch (error) {
        audit.failed(entry, error);
        throw error;
      }
    },
  };
};

const grantOf = (locationId: LocationId | null): string => (locationId === null ? 'any' : `location:${locationId}`);

const notAdministrator = () => new InstallError('not-administrator');

const termsOf = async (
  consents: Consents,
  rules: InstallRules,
  search: string,
  browserSecret: string | null,
): Promise<ConsentTerms> => {
  const state = new URLSearchParams(search).get('state');
  const terms = state === null ? foreignTerms(rules) : await consents.finish(state, browserSecret);
  if (terms === null) throw new InstallError('state-unknown');
  return terms;
};

const foreignTerms = ({ areForeignInstallsTaken }: InstallRules): ConsentTerms => {
  if (!areForeignInstallsTaken) throw new InstallError('state-missing');
  return { codeVerifier: null, locationId: null, by: 'marketplace' };
};

const redeemed = async (client: InstallDeps['client'], callback: Callback): Promise<TokenAnswer> => {
  try {
    return await client.redeem(callback);
  } catch (error) {
    throw new InstallError(refusalReason(error) === 'invalid-grant' ? 'code-refused' : 'upstream-failed', error);
  }
};

// Only what can be a code of RFC 6749 §4.1.2.1 goes into the log: anybody may send anything here.
const errorCodeOf = (query: URLSearchParams): string =>
  /^[a-z_]{1,40}$/.exec(query.get('error') ?? '')?.[0] ?? 'no error code';

const toInstallError = (error: unknown): never => {
  if (error instanceof StoreUnavailable) throw new InstallError('store-unavailable', error);
  if (error instanceof SealError) throw new InstallError('state-unknown', error); // begun under a key that is gone
  throw error;
};

interface Circumstances {
  readonly terms: ConsentTerms;
  readonly rules: InstallRules;
  readonly earlier: readonly GrantSummary[];
}

// A code for somebody else would bind a stranger's data to this gateway: the answer is held against what was begun and what is set.
const granteeOf = (
  { access: { locationId }, companyId }: TokenAnswer,
  { terms, rules, earlier }: Circumstances,
): { readonly key: GrantKey; readonly holder: Installed['holder'] } => {
  if (rules.companyId !== null && companyId !== rules.companyId) throw new InstallError('other-company');
  if (rules.kind === 'company') {
    if (locationId !== null) throw new InstallError('location-answer');
    if (companyId === null) throw new InstallError('nobody-named');
    const known = earlier.find(({ key }) => key === 'company')?.companyId ?? companyId;
    if (rules.companyId === null && known !== companyId) throw new InstallError('other-company');
    return { key: 'company', holder: { kind: 'company', companyId } };
  }
  if (locationId === null) throw new InstallError(companyId === null ? 'nobody-named' : 'company-answer');
  const seeded = rules.kind === 'seed' ? earlier.find(({ key }) => key === 'seed')?.locationId : null;
  if (locationId !== (terms.locationId ?? seeded ?? locationId)) throw new InstallError('other-location');
  return {
    key: rules.kind === 'seed' ? 'seed' : `location:${locationId}`,
    holder: { kind: 'location', locationId },
  };
};
