// Several replicas in one process, over a shared store that is plain data, in virtual time.
import { jest } from '@jest/globals';
import { applyStep, type Asking, type SharedBudget, type Step } from '../../src/limiter/budget-step.ts';
import type { Ledger, Permit } from '../../src/limiter/ledger.ts';
import { createSharedLedger, type SharedLedgerOptions } from '../../src/limiter/shared-ledger.ts';
import type { Shared } from '../../src/stores/shared.ts';

/** Lets virtual time pass. */
export const waitFor = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** A shared store that runs the pure function on plain data; its clock is an hour ahead. */
const createStore = () => {
  let budgets = new Map<string, SharedBudget['state']>();
  let members: SharedBudget['members'] = {};
  let epoch: string | null = null;
  const run = (keys: readonly string[], args: readonly string[]): string => {
    const asking = JSON.parse(args[0] ?? '') as Asking;
    const step = JSON.parse(args[1] ?? '') as Step;
    const key = keys[0] ?? '';
    const { shared, told } = applyStep(
      { state: budgets.get(key) ?? null, members, epoch },
      asking,
      step,
      Date.now() + 3_600_000,
    );
    ({ members, epoch } = shared);
    if (!['greet', 'enter', 'beat', 'look'].includes(step.kind)) budgets.set(key, shared.state);
    return JSON.stringify(told);
  };
  return {
    run,
    empty: () => {
      budgets = new Map();
      members = {};
      epoch = null;
    },
  };
};

/** One replica's way to the store. It can be cut for all steps or for those of some kinds, and then before the store or behind it; and it can
 * take long. */
const createWay = (store: ReturnType<typeof createStore>) => {
  let isCut: (step: Step['kind']) => boolean = () => false;
  let isCutBehind = false;
  let ms = 1;
  let onWay = 0;
  let mostOnWay = 0;
  const away = () => Promise.reject(new Error('away'));
  const shared: Shared = {
    getMany: away,
    setMany: away,
    delete: away,
    claim: away,
    publish: away,
    subscribe: () => undefined,
    run: async (_script, keys, args) => {
      onWay += 1;
      mostOnWay = Math.max(mostOnWay, onWay);
      await new Promise((resolve) => setTimeout(resolve, ms));
      onWay -= 1;
      const { kind } = JSON.parse(args[1] ?? '') as Step;
      const answer = isCut(kind) && !isCutBehind ? '' : store.run(keys, args);
      if (isCut(kind)) throw new Error('away');
      return answer;
    },
  };
  return {
    shared,
    mostOnWay: () => mostOnWay,
    cut: (cut: boolean) => {
      isCut = () => cut;
      isCutBehind = false;
    },
    /** Steps of these kinds are carried out, and nobody hears of it. */
    loseAnswersTo: (...kinds: readonly Step['kind'][]) => {
      isCut = (kind) => kinds.includes(kind);
      isCutBehind = true;
    },
    cutFor: (...kinds: readonly Step['kind'][]) => {
      isCut = (kind) => kinds.includes(kind);
      isCutBehind = false;
    },
    slow: (roundTripMs: number) => {
      ms = roundTripMs;
    },
  };
};

/** The budget of all tests, and how long a request of it may be on the wire. */
export const burst = { limit: 100, windowMs: 10_000 };
const attemptMs = 3_000;
/** For how long the store holds a permit of which it hears no more. */
export const leaseMs = attemptMs + 1_000;
/** For how long a replica is silent that lost the store. */
export const silentMs = 3_000 + leaseMs + burst.windowMs;

/** As many as there are, or are said to be, and who said what of being alone. */
export const createReplicas = (count: number, { replicas = count, ...options }: Partial<SharedLedgerOptions> = {}) => {
  const store = createStore();
  const heard: string[] = [];
  const start = (name: number, way = createWay(store)) => {
    const ledger = createSharedLedger(way.shared, {
      burst,
      dailyLimit: 1_000_000,
      replicas,
      attemptMs,
      space: 'test',
      onAlone: (silentMs) => heard.push(`${name} alone, silent for ${silentMs}`),
      onShared: () => heard.push(`${name} shared`),
      ...options,
    });
    return { ...way, ledger };
  };
  return {
    store,
    heard,
    start,
    way: () => createWay(store),
    all: Array.from({ length: count }, (_, name) => start(name)),
  };
};

/** One permit, if there is one. */
export const takeOne = async (ledger: Ledger, key = 'a', ms = 1): Promise<Permit | null> => {
  const taking = ledger.take(key, 0);
  await waitFor(ms);
  return taking;
};

/** Takes as many as there are and settles each at once; gives how many. */
export const takeAll = async (ledger: Ledger, most = 1_000, key = 'a'): Promise<number> => {
  for (let count = 0; count < most; count += 1) {
    const permit = await takeOne(ledger, key);
    if (permit === null) return count;
    setTimeout(() => void ledger.settle(key, permit, { feedback: null, blockedMs: null }), 0);
  }
  return most;
};
