import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Shared } from '../stores/shared.ts';
import { draw, readingOf, type Draft, type Drawn, type Reading, type Step } from './allowance.ts';
import { allowanceScript } from './allowance-script.ts';

/** For each minute; 0 for no limit. */
interface Limits {
  readonly requests: number;
  readonly cost: number;
}

/** What one caller may ask of this gateway, and all callers for one location. */
export interface AllowanceLimits {
  readonly caller: Limits;
  readonly location: Limits;
}

/** Where one stands with one limit. */
interface Policy extends Omit<Reading, 'retryAfterMs'> {
  readonly name: keyof Limits;
  readonly limit: number;
  readonly windowSeconds: number;
}

/** Where one stands. */
export interface Standing {
  /** Null while it is within its limits. */
  readonly retryAfterMs: number | null;
  /** For the `RateLimit` headers: one for each limit, none where there is no limit. */
  readonly policies: readonly Policy[];
}

/** What callers may ask of us. */
export interface Allowances {
  /** Counts a request of the caller (its key), unless it is over a limit. */
  readonly admitCaller: (key: string) => Promise<Standing>;
  /** Counts a request for each of the locations, unless one of them is over a limit: then it counts for none. An id that is named twice counts
   * once. Gives the worst standing. */
  readonly admitLocations: (ids: readonly string[]) => Promise<Standing>;
  /** Adds what an operation has cost, once that is known. Nobody waits for it. A cost may exceed what is left: then the next request waits. */
  readonly charge: (callerKey: string | null, cost: number, locations: ReadonlyMap<string, number>) => void;
}

/** A draft of a balance that has a name and lies under a key. */
interface Ask extends Draft {
  readonly scope: keyof AllowanceLimits;
  readonly name: keyof Limits;
  readonly key: string;
}

/** Never rejects. */
type Ledger = (kind: Step['kind'], asks: readonly Ask[]) => Promise<Drawn>;

/** A request costs nothing yet, but is let in only where some cost is left. */
const oneRequest: Limits = { requests: 1, cost: 0 };
const names = ['requests', 'cost'] as const;

/** In this process, or over the shared store; while that is away each process counts for itself, from nothing on. `space` keeps what belongs
 * to other apps and upstreams apart in a shared store. */
export const createAllowances = (limits: AllowanceLimits, shared: Shared | null, space: string): Allowances => {
  const own = createOwnLedger();
  const ledger = shared === null ? own : sharedLedger(shared, own);
  const asksOf = (scope: keyof AllowanceLimits, id: string, amounts: Partial<Limits>): readonly Ask[] => {
    const holder = createHash('sha256').update(id).digest('base64url').slice(0, 22);
    return names.flatMap((name) => {
      const [perMinute, amount] = [limits[scope][name], amounts[name]];
      if (perMinute === 0 || amount === undefined) return [];
      return { scope, name, perMinute, amount, key: `users-gateway:allowance:${space}:${scope}:${name}:${holder}` };
    });
  };
  const admit = async (asks: readonly Ask[]): Promise<Standing> =>
    asks.length === 0 ? { retryAfterMs: null, policies: [] } : standingOf(asks, await ledger('admit', asks));
  return {
    admitCaller: (key) => admit(asksOf('caller', key, oneRequest)),
    admitLocations: (ids) => admit(ids.flatMap((id) => asksOf('location', id, oneRequest))),
    charge: (callerKey, cost, locations) => {
      const ofCaller = callerKey === null ? [] : asksOf('caller', callerKey, { cost });
      const ofLocations = [...locations].flatMap(([id, part]) => asksOf('location', id, { cost: part }));
      const asks = [...ofCaller, ...ofLocations].filter(({ amount }) => amount > 0);
      if (asks.length > 0) void ledger('charge', asks);
    },
  };
};

// Of several balances with one name the one with the least left speaks, and who is refused waits for the last of them.
const standingOf = (asks: readonly Ask[], { isAdmitted, balances, now }: Drawn): Standing => {
  const readings = asks.map(({ name, perMinute }, index) => ({
    name,
    limit: perMinute,
    ...readingOf(balances[index] ?? 0, perMinute, now),
  }));
  const policies = names.flatMap((name) => {
    const [worst] = readings.filter((one) => one.name === name).toSorted((a, b) => a.remaining - b.remaining);
    if (worst === undefined) return [];
    const { limit, remaining, resetSeconds } = worst;
    return { name, limit, remaining, resetSeconds, windowSeconds: 60 };
  });
  const retryAfterMs = isAdmitted ? null : Math.max(...readings.map((one) => one.retryAfterMs ?? 0));
  return { retryAfterMs, policies };
};

/** Balances that a process keeps at most: those that were not asked for the longest are forgotten, which gives them their whole quota. */
const mostKept = 10_000;

const createOwnLedger = (): Ledger => {
  // Apart, so that whoever names ten thousand locations does not wipe out what callers owe.
  const ofCallers = new LRUCache<string, number>({ max: mostKept });
  const ofLocations = new LRUCache<string, number>({ max: mostKept });
  const keptOf = ({ scope }: Ask) => (scope === 'caller' ? ofCallers : ofLocations);
  return (kind, asks) => {
    const drawn = draw(
      asks.map((ask) => keptOf(ask).get(ask.key)),
      { kind, drafts: asks },
      Date.now(),
    );
    asks.forEach((ask, index) => {
      if (drawn.isAdmitted && ask.amount > 0) keptOf(ask).set(ask.key, drawn.balances[index] ?? 0);
    });
    return Promise.resolve(drawn);
  };
};

// What is counted in the store is not counted here as well: that would be a guess of what the others do, and a store that goes away is rare.
const sharedLedger =
  (shared: Shared, own: Ledger): Ledger =>
  async (kind, asks) => {
    const args = asks.flatMap(({ perMinute, amount }) => [String(perMinute), String(amount)]);
    try {
      const keys = asks.map(({ key }) => key);
      return read(await shared.run(allowanceScript, keys, [kind, ...args]));
    } catch {
      return own(kind, asks); // the store has told its own log
    }
  };

// The store is ours and its texts are what the script wrote.
const read = (text: string): Drawn => {
  const [isAdmitted, now = 0, ...balances] = text.split(' ').map(Number);
  return { isAdmitted: isAdmitted === 1, now, balances };
};
