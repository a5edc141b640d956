import { randomBytes } from 'node:crypto';
import type { Shared } from '../stores/shared.ts';
import { foreignOf, oneFlying } from './adoption.ts';
import type { BudgetState } from './budget.ts';
import { budgetScript } from './budget-script.ts';
import type { Asking, Step, Told } from './budget-step.ts';
import { createStates, leaseSlackMs, type Ledger, type LedgerOptions, type Permit, type States } from './ledger.ts';
import { createPresence, soonestEnd, type Presence, type PresenceOptions } from './presence.ts';

/** Where the budgets lie, and who hears of it. */
export interface SharedLedgerOptions extends LedgerOptions, Pick<PresenceOptions, 'onAlone' | 'onShared'> {
  /** Keeps the budgets of different apps and upstreams apart. */
  readonly space: string;
}

/** A replica that was not heard of for so long is away, and its part is left to it. */
const presenceMs = 3_000;

/**
 * Budgets that replicas share; while the shared store is away each keeps its part of them. Nobody can tell a replica that has died from one
 * that only lost the store, so the parts of those who are not there are left alone: never more than the whole is taken. Who loses the store
 * is silent until the others have missed it; who comes back brings along what it has taken meanwhile before it takes more.
 */
export const createSharedLedger = (shared: Shared, options: SharedLedgerOptions): Ledger => {
  const { replicas } = options;
  const leaseMs = options.attemptMs + leaseSlackMs;
  const states = { own: createStates(options), unseen: createStates(options), heard: createStates(options) };
  const talk = createTalk(shared, { ...options, leaseMs }, states);
  const presence = createPresence({
    ...options,
    ...createComing(talk, states),
    // With others there: they may take all of it until they miss us, and what they took last counts for a window after its answer.
    silentMs: replicas === 1 ? 0 : presenceMs + leaseMs + options.burst.windowMs,
  });
  talk.onCounted(presence.counted);
  const look = (key: string) =>
    presence.isAlone()
      ? { state: silenced(states.own.get(key), presence.soonest()), replicas, present: 1 }
      : { state: silenced(states.heard.get(key), talk.quietUntil()), replicas, present: talk.present() };
  const tell = async (key: string, step: Step): Promise<void> => {
    // What the store does not hear of it holds for longer than need be, never for shorter.
    if (!presence.isAlone()) await talk.run(key, step).catch(presence.lost);
  };
  const takes = createTakes({ talk, states, presence, leaseMs, replicas });
  return {
    look,
    ask: async (key) => {
      await tell(key, { kind: 'look' });
      return look(key);
    },
    take: async (key, reservePercent) => {
      await presence.settled();
      return presence.isAlone() ? takes.alone(key, reservePercent) : takes.shared(key, reservePercent);
    },
    settle: async (key, permit, outcome) => {
      const mine = { ...permit, ...outcome, takenAt: permit.takenAt + talk.aheadMs() };
      states.own.settle(key, mine);
      if (permit.id in states.unseen.get(key).flying)
        states.unseen.settle(key, { ...mine, feedback: null, blockedMs: null }); // only what was taken
      await tell(key, { kind: 'settle', ...permit, ...outcome });
    },
    giveBack: async (key, permit) => {
      for (const mine of [states.own, states.unseen]) mine.giveBack(key, permit.id);
      await tell(key, { kind: 'giveBack', id: permit.id });
    },
    close: presence.close,
  };
};

/** `own`: what is known, with the permits of this process; `unseen`: those permits that the store does not know; `heard`: what the store
 * said last. */
type AllStates = Readonly<Record<'own' | 'unseen' | 'heard', States>>;

type Talk = ReturnType<typeof createTalk>;

const createTalk = (
  shared: Shared,
  options: SharedLedgerOptions & { readonly leaseMs: number },
  { own, heard }: AllStates,
) => {
  const { burst, dailyLimit, replicas, leaseMs, space } = options;
  const member = randomBytes(9).toString('base64url');
  const always = { member, presenceMs, replicas, quietMs: leaseMs + burst.windowMs, options: { burst, dailyLimit } };
  const keyOf = (kind: string, rest = '') => `users-gateway:${kind}:${space}${rest}`;
  let aheadMs: number | null = null; // of the store's clock
  let present = 1;
  let quietUntil = 0;
  let epoch: string | null = null; // the store's life in which we are known
  let greetings = 0;
  let onCounted = (): void => undefined;
  const asking = (): Asking => ({ ...always, askedAt: aheadMs === null ? null : Date.now() - aheadMs });
  const hear = (key: string, told: Told): void => {
    aheadMs = Date.now() - told.now;
    present = told.present;
    quietUntil = told.quietUntil + aheadMs;
    if (key === '') return;
    const state = shifted(told.state, aheadMs);
    heard.put(key, state);
    // A store in another life knows less than we do.
    if (epoch !== null && told.epoch === epoch) own.learn(key, state);
  };
  const run = async (key: string, step: Step): Promise<Told> => {
    const keys = [keyOf('budget', `:${key}`), keyOf('replicas'), keyOf('epoch')];
    if (isCounting(step)) onCounted();
    const told = read(await shared.run(budgetScript, keys, [JSON.stringify(asking()), JSON.stringify(step)]));
    hear(key, told);
    return told;
  };
  return {
    member,
    run,
    aheadMs: () => aheadMs ?? 0,
    present: () => present,
    /** While others may still enter: the least moment at which that may be over. */
    quietUntil: () => soonestEnd(quietUntil - always.quietMs, quietUntil),
    /** Gives the store's life, and whether it is one in which we are known. */
    greet: async () => {
      // Each life has a name of its own, or nobody would notice that one has ended.
      const told = await run('', { kind: 'greet', newEpoch: `${member}-${(greetings += 1)}` });
      return { life: told.epoch, isKnown: told.epoch === epoch };
    },
    enter: async (life: string | null): Promise<void> => {
      const told = await run('', { kind: 'enter', epoch: life });
      if (told.verdict === 'stranger') throw new Error('came too late to enter');
      epoch = life;
    },
    onCounted: (listener: () => void): void => void (onCounted = listener),
  };
};

/** Budgets that are told at a time: the store's time limit holds for each, and it has others to serve. */
const broughtAtATime = 50;

const createComing = (talk: Talk, { own, unseen, heard }: AllStates) => {
  const bring = async (isWhole: boolean): Promise<void> => {
    const now = Date.now();
    const foreign = own
      .entries()
      .map(([key, known]) => {
        const mine = unseen.get(key);
        const remembered = Math.max(0, known.spentToday - mine.spentToday);
        const held = isWhole ? foreignOf(known, now, remembered) : foreignOf(mine, now, 0);
        return [key, { ...held, blockedForMs: Math.max(0, known.blockedUntil - now) }] as const;
      })
      .filter(([, { spent, remembered, blockedForMs }]) => spent + remembered + blockedForMs > 0);
    for (let from = 0; from < foreign.length; from += broughtAtATime) {
      const some = foreign.slice(from, from + broughtAtATime);
      await Promise.all(
        some.map(async ([key, one]) => {
          await talk.run(key, { kind: 'adopt', ...one });
          unseen.forget(key); // or a next attempt to enter would count it twice
          if (isWhole) own.learn(key, heard.get(key)); // what others have brought: this store, too, may forget it
        }),
      );
    }
  };
  return {
    // A store in another life has forgotten what it knew of us; and should it begin one meanwhile, we are not let in.
    enter: async (): Promise<void> => {
      const { life, isKnown } = await talk.greet();
      await bring(!isKnown);
      await talk.enter(life);
    },
    beat: async (): Promise<boolean> => (await talk.run('', { kind: 'beat' })).verdict !== 'stranger',
  };
};

interface TakeDeps {
  readonly talk: Talk;
  readonly states: AllStates;
  readonly presence: Presence;
  readonly leaseMs: number;
  readonly replicas: number;
}

const createTakes = ({ talk, states: { own, unseen }, presence, leaseMs, replicas }: TakeDeps) => {
  let count = 0;
  const nextId = () => `${talk.member}-${(count += 1)}`;
  const alone = (key: string, reservePercent: number): Permit | null => {
    const id = nextId();
    if (Date.now() < presence.silentUntil()) return null;
    if (!own.take(key, { reservePercent, replicas, present: 1 }, { id, flyingForMs: leaseMs })) return null;
    unseen.adopt(key, oneFlying(id, leaseMs, 1));
    return { id, takenAt: Date.now() - talk.aheadMs() };
  };
  return {
    alone,
    shared: async (key: string, reservePercent: number): Promise<Permit | null> => {
      const id = nextId();
      const step: Step = { kind: 'take', id, reservePercent, flyingForMs: leaseMs };
      const askedAt = Date.now();
      const told = await talk.run(key, step).catch(() => null);
      if (told === null) {
        presence.lost(); // it may have been granted and the answer lost: the store then holds it until it counts as answered
        return alone(key, reservePercent);
      }
      if (told.verdict === 'stranger') await presence.enterAgain();
      if (told.verdict !== 'granted') return null;
      if (Date.now() - askedAt > leaseSlackMs) return null; // this process stood still: what is left of it is no whole attempt
      own.adopt(key, oneFlying(id, leaseMs, 0));
      return { id, takenAt: told.now };
    },
  };
};

const isCounting = ({ kind }: Step): boolean => kind === 'enter' || kind === 'beat' || kind === 'take';

const silenced = (state: BudgetState, until: number): BudgetState =>
  Date.now() < until ? { ...state, blockedUntil: Math.max(state.blockedUntil, until) } : state;

// The store is ours and its texts are what the script wrote; Lua writes an empty list as an empty object.
const read = (text: string): Told => {
  const told = JSON.parse(text) as Told;
  const { answered } = told.state;
  return { ...told, state: { ...told.state, answered: Array.isArray(answered) ? answered : [] } };
};

// The store's clock is another one.
const shifted = (state: BudgetState, ms: number): BudgetState => {
  const moved = (at: number) => (at === 0 ? 0 : at + ms);
  return {
    ...state,
    flying: Object.fromEntries(Object.entries(state.flying).map(([id, until]) => [id, until + ms])),
    answered: state.answered.map((at) => at + ms),
    blockedUntil: moved(state.blockedUntil),
    dayEndsAt: moved(state.dayEndsAt),
    dayStartedAt: moved(state.dayStartedAt),
    observedAt: moved(state.observedAt),
  };
};
