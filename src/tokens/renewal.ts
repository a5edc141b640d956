import { setTimeout as pause } from 'node:timers/promises';
import { GatewayError } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import { StoreUnavailable } from '../stores/sql.ts';
import type { AccessToken } from './access-token.ts';
import type { GrantStore } from './grant-store.ts';
import { lost, storeIsAway, type Redeem } from './redeem.ts';
import { SealError } from './seal.ts';
import type { GrantKey, StoredGrant } from './stored-grant.ts';
import { createUnsaved } from './unsaved.ts';

/** Why somebody asks for an access token. */
export type Need =
  /** `held` is the token that they have and that is due, `refused` one that upstream did not take. */
  | { readonly kind: 'token'; readonly held: AccessToken | null; readonly refused: AccessToken | null }
  /** Nobody asks: a renewal whose end nobody knows is to be settled, a refresh token older than this to be replaced. */
  | { readonly kind: 'upkeep'; readonly idleMs: number };

/** Stored grants, kept alive over processes, crashes and restarts. */
export interface Renewal {
  /** A token that serves the need: the stored one, or the one that this or another process renews it to. Throws GatewayError. */
  readonly obtain: (key: GrantKey, need: Need) => Promise<AccessToken>;
  /** Writes what could not be written while the store was away. */
  readonly writeUnsaved: () => Promise<void>;
  /** Waits for renewals under way, at most `patienceMs`, and writes what is unsaved. */
  readonly settle: (patienceMs: number) => Promise<void>;
}

/** What a renewal works with. */
export interface RenewalDeps {
  readonly store: GrantStore;
  readonly redeem: Redeem;
  readonly log: Log;
  readonly tally: Tally;
}

/** Longer than anybody's lease. */
const patienceMs = 15_000;
/** Less life than this is not worth handing out. */
const leastLifeMs = 10_000;

/** Read, take the lease, redeem, store; whoever finds the lease taken waits and reads again. */
export const createRenewal = ({ store, redeem, log, tally }: RenewalDeps): Renewal => {
  const unsaved = createUnsaved({ store, log });
  const underWay = new Set<Promise<unknown>>();
  const attempt = createAttempt({ store, redeem, tally, unsaved });
  const obtain = async (key: GrantKey, need: Need): Promise<AccessToken> => {
    const giveUpAt = Date.now() + patienceMs;
    let isWaiting = false;
    for (;;) {
      const token = await attempt(key, need);
      if (token !== null) return token;
      if (!isWaiting) tally.add('token-refresh lock_wait');
      isWaiting = true;
      if (Date.now() >= giveUpAt)
        throw new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`another process renews ${key} for too long`) });
      await pause(50 + Math.random() * 100);
    }
  };

  return {
    obtain: async (key, need) => {
      const work = obtain(key, need);
      underWay.add(work);
      try {
        return await work;
      } catch (error) {
        throw told(key, error);
      } finally {
        underWay.delete(work);
      }
    },
    writeUnsaved: unsaved.writeAll,
    settle: async (longestMs) => {
      await Promise.race([Promise.allSettled([...underWay]), pause(longestMs, undefined, { ref: false })]);
      await unsaved.writeAll();
      unsaved.lament();
    },
  };
};

interface AttemptDeps extends Pick<RenewalDeps, 'store' | 'redeem' | 'tally'> {
  readonly unsaved: ReturnType<typeof createUnsaved>;
}

// Null where somebody else has the lease.
const createAttempt =
  ({ store, redeem, tally, unsaved }: AttemptDeps) =>
  async (key: GrantKey, need: Need): Promise<AccessToken | null> => {
    const kept = await unsaved.write(key);
    if (kept !== null) {
      if (isGood(kept.access, need)) return kept.access;
      throw kept.problem; // what the store holds is spent: it must not be redeemed, even if the store is back in this moment
    }
    const found = await store.find(key);
    if (found === null) throw new GatewayError('LOCATION_NOT_CONNECTED', { cause: new Error(`no grant of ${key}`) });
    if (serves(found, need)) {
      if (need.kind === 'token') tally.add('token-refresh reused');
      return found.access;
    }
    if (found.isDead) throw lost(key, 'upstream has refused it');
    const lease = found.isLeased ? null : await store.leases.take(found);
    if (lease === null) return null;
    const pair = await redeem(lease, found);
    return unsaved.save({ lease, pair, spent: found.refreshToken() });
  };

// One that is due serves those who have none, so that nobody waits for a renewal that may as well happen meanwhile.
const isGood = (access: AccessToken, need: Need): boolean => {
  if (need.kind === 'upkeep') return false;
  const now = Date.now();
  if (access.expiresAt <= now || access.reveal() === need.refused?.reveal()) return false;
  return access.renewAt > now || (need.held === null && access.expiresAt - now > leastLifeMs);
};

const serves = (found: StoredGrant, need: Need): found is StoredGrant & { readonly access: AccessToken } => {
  if (found.access === null || found.isDead) return false;
  if (need.kind === 'upkeep') return !found.isUncertain && Date.now() - found.refreshedAt < need.idleMs;
  return isGood(found.access, need);
};

const told = (key: GrantKey, error: unknown): unknown => {
  if (error instanceof StoreUnavailable) return storeIsAway(error);
  if (!(error instanceof SealError)) return error;
  return error.reason === 'damaged' ? lost(key, error) : new GatewayError('GRANT_STORE_UNAVAILABLE', { cause: error });
};
