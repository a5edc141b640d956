import { GatewayError } from '../model/errors.ts';
import { StoreUnavailable } from '../stores/sql.ts';
import type { TokenAnswer } from './access-token.ts';
import type { Audit } from './audit.ts';
import type { Lease, Leases } from './leases.ts';
import type { OAuthClient } from './oauth-client.ts';
import type { GrantKey, StoredGrant } from './stored-grant.ts';
import { refusalReason } from './token-endpoint.ts';

/**
 * Turns a grant's refresh token into the next pair, under its lease. A refresh token is good for one use, so how a failed request ended
 * decides what may follow: where upstream surely did not spend it, it is presented again another time; where nobody knows, upstream is
 * asked for a new pair (reconnect) before it is ever presented again; where upstream refuses both, the grant is lost and never tried
 * again. On failure the lease has been given back. Throws GatewayError.
 */
export type Redeem = (lease: Lease, found: StoredGrant) => Promise<TokenAnswer>;

/** Upstream refuses the grant for good, or it cannot be opened: a person has to connect again. */
export class GrantLost extends Error {
  override readonly name = 'GrantLost';
}

/** The error of a lost grant. */
export const lost = (key: GrantKey, cause: unknown): GatewayError =>
  new GatewayError('LOCATION_NOT_CONNECTED', {
    cause: new GrantLost(`the grant of ${key} is lost: connect it again at /oauth/install`, { cause }),
  });

/** What redeeming works with. `canReconnect` is false where upstream is not to be asked for new pairs. */
export interface RedeemDeps {
  readonly leases: Leases;
  readonly client: Pick<OAuthClient, 'refresh' | 'reconnect'>;
  readonly audit: Audit;
  readonly canReconnect: boolean;
}

/** A pair, or why there is none: upstream refuses, or it must not be asked yet. */
type Reconnected =
  | { readonly kind: 'pair'; readonly pair: TokenAnswer }
  | { readonly kind: 'refused' }
  | { readonly kind: 'later'; readonly error: GatewayError };

/** A request that is begun with less of the lease left may end after it. */
const longestRequestMs = 7_000;

/** Over the leases and the client of one app. */
export const createRedeem = (deps: RedeemDeps): Redeem => {
  const { leases, client, audit } = deps;
  const reconnect = createReconnect(deps);
  const giveBack = (lease: Lease, isUncertain: boolean) => quietly(leases.release(lease, { isUncertain }));

  const present = async (lease: Lease, found: StoredGrant): Promise<TokenAnswer> => {
    const userType = found.key === 'company' ? 'Company' : 'Location';
    const ask = () => client.refresh(found.refreshToken(), userType);
    try {
      return await audit.around({ action: 'renew', grant: found.key }, ask);
    } catch (error) {
      if (isUnspent(error)) {
        await giveBack(lease, found.isUncertain);
        throw error;
      }
      if (found.isUncertain) throw await fail(lease, error);
      return recover(lease, found, error);
    }
  };

  // Spent, or nobody knows: upstream is asked for a new pair at once, as somebody waits for it.
  const recover = async (lease: Lease, found: StoredGrant, error: unknown): Promise<TokenAnswer> => {
    const outcome = await reconnect(lease, found);
    if (outcome.kind === 'pair') return outcome.pair;
    if (outcome.kind === 'refused') throw await fail(lease, error);
    await giveBack(lease, true);
    throw refusalReason(error) === 'invalid-grant' ? outcome.error : error;
  };

  const fail = async (lease: Lease, error: unknown): Promise<unknown> => {
    if (refusalReason(error) !== 'invalid-grant') {
      await giveBack(lease, true);
      return error;
    }
    await quietly(leases.bury(lease));
    return lost(lease.key, error);
  };

  return async (lease, found) => {
    const outcome = found.isUncertain ? await reconnect(lease, found) : nothingElse;
    if (outcome.kind === 'pair') return outcome.pair;
    // Presenting it is the one way left to learn how the last time ended.
    if (outcome.kind === 'refused' && hasTime(lease)) return present(lease, found);
    await giveBack(lease, found.isUncertain);
    throw outcome.kind === 'later' ? outcome.error : inAMoment();
  };
};

const nothingElse: Reconnected = { kind: 'refused' };

// Asks upstream for a new pair without presenting anything.
const createReconnect =
  ({ leases, client, audit, canReconnect }: RedeemDeps) =>
  async (lease: Lease, found: StoredGrant): Promise<Reconnected> => {
    const who = reconnectable(found);
    if (!canReconnect || who === null) return nothingElse;
    try {
      if (!hasTime(lease) || !(await leases.mayReconnect(lease))) return { kind: 'later', error: inAMoment() };
      const ask = () => client.reconnect(who);
      return { kind: 'pair', pair: await audit.around({ action: 'reconnect', grant: found.key }, ask) };
    } catch (error) {
      if (error instanceof StoreUnavailable) return { kind: 'later', error: storeIsAway(error) };
      if (!(error instanceof GatewayError)) throw error;
      return isFinal(error) ? { kind: 'refused' } : { kind: 'later', error };
    }
  };

/** The error of a store that cannot be reached when it is needed. */
export const storeIsAway = (cause: StoreUnavailable): GatewayError =>
  new GatewayError('GRANT_STORE_UNAVAILABLE', { cause });

const inAMoment = (): GatewayError =>
  new GatewayError('UPSTREAM_UNAVAILABLE', {
    cause: new Error('how the last renewal ended is not known yet, or too little is left of the lease'),
    retryAfterMs: 5_000,
  });

const hasTime = ({ endsAt }: Lease): boolean => endsAt - Date.now() >= longestRequestMs;

const reconnectable = ({ key, companyId, locationId }: StoredGrant) => {
  if (key === 'company') return companyId === null ? null : { companyId };
  return locationId === null ? null : { locationId };
};

// A no that stays one; that the client or the location is not accepted now says nothing about the grant.
const isFinal = (error: GatewayError): boolean => {
  const reason = refusalReason(error);
  return reason === 'invalid-grant' || (reason === 'other' && error.code !== 'UPSTREAM_RATE_LIMITED');
};

/** Upstream was never reached. */
const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

const isUnspent = (error: unknown): boolean => {
  const reason = refusalReason(error);
  if (reason !== null) return reason !== 'invalid-grant';
  const cause = error instanceof GatewayError ? error.cause : null;
  return typeof cause === 'object' && cause !== null && 'code' in cause && unsent.includes(String(cause.code));
};

// What cannot be given back ends by itself, and its journal then says what is not known.
const quietly = async (step: Promise<void>): Promise<void> => {
  await step.catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable)) throw error;
  });
};
