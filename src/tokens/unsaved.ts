import { GatewayError } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import { StoreUnavailable } from '../stores/sql.ts';
import type { AccessToken, TokenAnswer } from './access-token.ts';
import type { GrantStore } from './grant-store.ts';
import type { Lease } from './leases.ts';
import type { GrantKey } from './stored-grant.ts';

/** A pair that upstream gave for a spent refresh token, and the lease under which it may be stored. */
interface NewPair {
  readonly lease: Lease;
  readonly pair: TokenAnswer;
  readonly spent: string;
}

/** A pair that exists nowhere but here, and why it is not stored. */
interface KeptPair {
  readonly access: AccessToken;
  readonly problem: unknown;
}

/** Stores new pairs, and keeps in memory those that the store could not take: they exist nowhere else. */
export interface Unsaved {
  /** The access token to use from now on, also while its pair is only kept; null when another pair stands in the store. */
  readonly save: (entry: NewPair) => Promise<AccessToken | null>;
  /** Tries again to store what is kept of a grant; gives what is kept still. */
  readonly write: (key: GrantKey) => Promise<KeptPair | null>;
  readonly writeAll: () => Promise<void>;
  /** Says in the log what will be lost with this process, also of what comes after this. */
  readonly lament: () => void;
}

/** In the store, in place of which another one is, or in neither case for now. */
type Outcome = { readonly kind: 'stored' | 'replaced' } | { readonly kind: 'unsaved'; readonly problem: unknown };

const keptWords = 'A new token pair is kept in memory until the store takes it.';
const lostWords = 'A new token pair is lost with this process, as it could not be stored.';

/** Nothing is kept at first. */
export const createUnsaved = ({ store, log }: { store: GrantStore; log: Log }): Unsaved => {
  const kept = new Map<GrantKey, NewPair>();
  let isEnding = false;

  // Whatever the store's trouble is: the pair must not be lost to it.
  const put = async (entry: NewPair): Promise<Outcome> => {
    try {
      const isStored = await store.leases.save(entry.lease, entry.pair, entry.spent);
      return isStored ? { kind: 'stored' } : await takeBack(store, entry);
    } catch (problem) {
      return { kind: 'unsaved', problem };
    }
  };
  const save = async (entry: NewPair) => {
    const outcome = await put(entry);
    if (outcome.kind === 'replaced') return null;
    if (outcome.kind === 'unsaved') {
      const { key } = entry.lease;
      log.failed(isEnding ? lostWords : keptWords, outcome.problem, { grant: key });
      kept.set(key, entry);
    }
    return entry.pair.access;
  };
  const write = async (key: GrantKey) => {
    const entry = kept.get(key);
    if (entry === undefined) return null;
    const outcome = await put(entry);
    if (outcome.kind === 'unsaved') return { access: entry.pair.access, problem: outcome.problem };
    if (kept.get(key) === entry) kept.delete(key); // a later one may have come meanwhile
    log.info(`The token pair that was kept in memory is ${outcome.kind}.`, { grant: key });
    return null;
  };
  return {
    save,
    write,
    writeAll: async () => {
      for (const key of kept.keys()) {
        const left = await write(key);
        if (left?.problem instanceof StoreUnavailable) return; // for the others too, and each would wait in vain
      }
    },
    lament: () => {
      isEnding = true;
      for (const key of kept.keys()) log.error(lostWords, { grant: key });
    },
  };
};

// Somebody took over while we were away. As long as the store still holds the refresh token that was spent for our pair, they got
// nothing for it, may even have buried the grant, and ours is the only good pair.
const takeBack = async (store: GrantStore, { lease: { key }, pair, spent }: NewPair): Promise<Outcome> => {
  const theirs = await store.find(key);
  // A write that was given up happened all the same.
  if (theirs !== null && theirs.refreshToken() === pair.refreshToken?.()) return { kind: 'stored' };
  if (theirs?.refreshToken() !== spent) return { kind: 'replaced' };
  if (!theirs.isDead && !theirs.isUncertain && !theirs.isLeased) return { kind: 'replaced' }; // by an answer that rotated nothing
  const lease = await store.leases.take(theirs);
  if (lease !== null && (await store.leases.save(lease, pair, spent))) return { kind: 'stored' };
  const cause = new Error('another process has taken over and is not done yet');
  return { kind: 'unsaved', problem: new GatewayError('UPSTREAM_UNAVAILABLE', { cause, retryAfterMs: 1_000 }) };
};
