// Where the rooms meet that decide what may be asked of upstream, and when: of one gateway, and of each replica in a simulation.
import { createBudgets, type Budgets } from './limiter/budgets.ts';
import { createLedger, type Ledger } from './limiter/ledger.ts';
import { limit } from './limiter/limit.ts';
import { createSharedLedger } from './limiter/shared-ledger.ts';
import type { Log } from './observe/log.ts';
import type { Tally } from './observe/tally.ts';
import type { Shared } from './stores/shared.ts';
import { createCircuits, type Circuits } from './upstream/circuits.ts';
import { deadline, untilUrgencyEnds } from './upstream/deadline.ts';
import { createUpstream, type Upstream } from './upstream/endpoint.ts';
import { observed, timed } from './upstream/observed.ts';
import { retry } from './upstream/retry.ts';
import { createRetryBudget } from './upstream/retry-budget.ts';
import { stack, type Send, type Stage } from './upstream/send.ts';

/** What is outside: the wire, whoever adds tokens, and what replicas share. */
export interface EconomySurroundings {
  readonly transport: Send;
  readonly authorize: Stage;
  /** Null where this process keeps its budgets for itself. */
  readonly shared: Shared | null;
  readonly log: Log;
  readonly tally: Tally;
}

/** Settings of the same names; `space` keeps what belongs to other apps and upstreams apart in a shared store. */
export interface EconomyOptions {
  readonly burst: { readonly limit: number; readonly windowMs: number };
  readonly dailyLimit: number;
  readonly replicas: number;
  readonly interactiveReserve: number;
  readonly upstreamTimeoutMs: number;
  readonly space: string;
}

/** Nearly all of upstream's answers are there by then; a permit that comes later than that before the end would be spent for nothing. */
const answerMs = 500;

/** Upstream behind all its stages, and the budgets that they spend. */
export const composeEconomy = (
  { transport, authorize, shared, log, tally }: EconomySurroundings,
  options: EconomyOptions,
): { readonly upstream: Upstream; readonly budgets: Budgets; readonly circuits: Circuits } => {
  const budgets = createBudgets(openLedger(shared, options, log), { ...options, answerMs });
  const circuits = createCircuits({
    tally,
    onChange: ({ endpoint, holderKind, state }) =>
      log[state === 'open' ? 'warn' : 'info']('circuit', { endpoint, of: holderKind ?? 'all', state }),
  });
  // Outermost first. A repeat takes a permit of its own; who waits for one has not been to the circuit's other side yet.
  const stages = [
    observed({ log, tally }),
    untilUrgencyEnds,
    retry({ budget: createRetryBudget(), tally }),
    circuits.gate,
    authorize,
    limit(budgets, tally),
    circuits.watch,
    timed(tally),
    deadline(options.upstreamTimeoutMs),
  ];
  const send = stack(stages, transport);
  const upstream = createUpstream({ send, tolerated: (what) => tally.add(`tolerated ${what}`) });
  return { upstream, budgets, circuits };
};

const openLedger = (shared: Shared | null, options: EconomyOptions, log: Log): Ledger => {
  const ledgerOptions = { ...options, attemptMs: options.upstreamTimeoutMs };
  if (shared === null) return createLedger(ledgerOptions);
  return createSharedLedger(shared, {
    ...ledgerOptions,
    onAlone: (silentMs) =>
      log.warn(
        'Redis is away: this replica keeps its own part of the upstream budgets, the whole divided by REPLICAS, ' +
          'once it can be sure that the others know.',
        { replicas: options.replicas, silentMs },
      ),
    onShared: () => log.info('upstream budgets are shared again'),
  });
};
