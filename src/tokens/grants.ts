import type { LocationId } from '../model/ids.ts';
import type { GrantKind } from '../model/installation.ts';
import { GatewayError } from '../model/errors.ts';
import { holderKey, type Holder } from '../upstream/send.ts';
import type { AccessToken } from './access-token.ts';
import type { Audit } from './audit.ts';
import type { OAuthClient } from './oauth-client.ts';
import type { Renewal } from './renewal.ts';
import type { GrantKey } from './stored-grant.ts';

/** What the asker has already. */
export interface Asker {
  /** The token that is due; null for none. */
  readonly held: AccessToken | null;
  /** The one that upstream did not take; null for none. */
  readonly refused: AccessToken | null;
}

/** One way to come by access tokens. */
export interface Grant {
  readonly kind: GrantKind;
  /** Whether asking again gives another token. */
  readonly isRenewable: boolean;
  /** Which holders share a token: those with the same key. */
  readonly tokenKey: (holder: Holder) => string;
  /** A token to use from now on; asked for by one at a time for each key. Throws GatewayError. */
  readonly obtain: (holder: Holder, asker: Asker) => Promise<AccessToken>;
}

/** Client credentials: a token for each location, and one for the company. Upstream names the grant without describing it;
 * `user_type` and `locationId` go along as its other grants have them (README §6). */
export const clientCredentials = (
  { client, audit }: { client: OAuthClient; audit: Audit },
  { companyId, scopes }: { companyId: string | null; scopes: readonly string[] },
): Grant => ({
  kind: 'CLIENT_CREDENTIALS',
  isRenewable: true,
  tokenKey: holderKey,
  obtain: async (holder) => {
    const parameters = {
      scope: scopes.join(' '),
      ...(holder.kind === 'location'
        ? { user_type: 'Location', locationId: holder.locationId }
        : { user_type: 'Company', ...(companyId !== null && { companyId }) }),
    };
    const ask = () => repeatedOnce(() => client.clientCredentials(parameters));
    return (await audit.around({ action: 'issue', grant: holderKey(holder) }, ask)).access;
  },
});

/** Locations that were connected one by one, each with its own rotating refresh token in the store. There is none for the company. */
export const locationGrants = (renewal: Renewal): Grant => ({
  kind: 'LOCATION_GRANT',
  isRenewable: true,
  tokenKey: holderKey,
  obtain: (holder, asker) => renewal.obtain(locationKey(holder), { kind: 'token', ...asker }),
});

const seedKey: GrantKey = 'seed';

/** The one location whose first refresh token stood in the settings; its successors are in the store. */
export const seededGrant = (renewal: Renewal): Grant => ({
  kind: 'LOCATION_GRANT',
  isRenewable: true,
  tokenKey: () => seedKey,
  obtain: (_holder, asker) => renewal.obtain(seedKey, { kind: 'token', ...asker }),
});

/** The agency's rotating refresh token in the store, and `exchange`, which gives a location's token for the agency's. Those of locations
 * are exchanged again when they are due: that rotates nothing, so nothing of theirs is stored. */
export const agencyGrant = (
  { renewal, audit }: { renewal: Renewal; audit: Audit },
  exchange: (locationId: LocationId) => Promise<AccessToken>,
): Grant => ({
  kind: 'AGENCY_EXCHANGE',
  isRenewable: true,
  tokenKey: holderKey,
  obtain: (holder, asker) =>
    holder.kind === 'company'
      ? renewal.obtain('company', { kind: 'token', ...asker })
      : audit.around({ action: 'exchange', grant: holderKey(holder) }, () => exchange(holder.locationId)),
});

/** A static private integration token: never asked for, never renewed. */
export const privateToken = (value: string): Grant => {
  const forever = { expiresAt: Infinity, renewAt: Infinity, obtainedAt: Date.now() };
  const token = { reveal: () => value, scopes: null, locationId: null, ...forever };
  return {
    kind: 'PRIVATE_INTEGRATION',
    isRenewable: false,
    tokenKey: () => 'grant',
    obtain: () => Promise.resolve(token),
  };
};

const locationKey = (holder: Holder): GrantKey => {
  if (holder.kind === 'location') return `location:${holder.locationId}`;
  const cause = new Error('locations that were connected one by one have no token of their company');
  throw new GatewayError('LOCATION_NOT_CONNECTED', { cause });
};

const mostPatienceMs = 2_000;

// For grants that spend nothing: a failure that may pass by itself is tried once more, after a moment or when upstream wishes it.
const repeatedOnce = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'UPSTREAM_UNAVAILABLE') throw error;
    const waitMs = error.retryAfterMs ?? 50 + Math.random() * 100;
    if (waitMs > mostPatienceMs) throw error;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return ask();
  }
};
