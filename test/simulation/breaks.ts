import type { Keys, Lifetimes } from '../../src/cache/keys.ts';
import type { EconomyOptions, EconomySurroundings } from '../../src/compose-economy.ts';
import { GatewayError } from '../../src/model/errors.ts';
import type { Lifetime } from '../../src/model/freshness.ts';
import type { Priority, Urgency } from '../../src/model/urgency.ts';
import { createUpstream, type Upstream } from '../../src/upstream/endpoint.ts';
import { stack, type Send, type UpstreamResponse } from '../../src/upstream/send.ts';
import type { BreakName } from './break-names.ts';
import type { Invariant } from './checks.ts';

/** A piece of the gateway that is broken on purpose: each check has to notice what it is there for. */
export interface Break {
  /** In place of the real composition; null for the real one. */
  readonly economy: (
    surroundings: EconomySurroundings,
    options: EconomyOptions,
  ) => { readonly upstream: Upstream } | null;
  readonly options: Partial<EconomyOptions & { readonly lifetimes: Lifetimes }>;
  readonly keys: (keys: Keys) => Keys;
  readonly beforeLimit: (next: Send) => Send;
  readonly transport: (send: Send) => Send;
  /** When an operation ends, as the gateway is told. */
  readonly endsAt: (endsAt: number) => number;
}

const nothing: Break = {
  economy: () => null,
  options: {},
  keys: (keys) => keys,
  beforeLimit: (next) => next,
  transport: (send) => send,
  endsAt: (endsAt) => endsAt,
};

const neverTooOld: Lifetime = { freshSeconds: 5, revalidateSeconds: 10, hardSeconds: 86_400 };
const longFresh: Lifetime = { freshSeconds: 300, revalidateSeconds: 300, hardSeconds: 300 };

const everyKind = (one: Lifetime): Lifetimes => ({
  tagPage: one,
  tagDetails: one,
  socialAccounts: one,
  statistics: one,
  location: one,
});

const withoutDay = ({ headers, ...answer }: UpstreamResponse): UpstreamResponse => ({
  ...answer,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.includes('daily'))),
});

const swapped = ({ priority, endsAt }: Urgency): Urgency => {
  const other: Record<Priority, Priority> = {
    interactive: 'background',
    live: 'interactive',
    background: 'interactive',
  };
  return { priority: other[priority], endsAt, onRaise: () => () => undefined };
};

const ofAll = (keys: Keys): Keys => ({
  ...keys,
  tagPage: (input) => ({ ...keys.tagPage(input), text: `tag-page:${input.search}:${input.skip}` }),
});

/** What can be broken, by name, and which check must notice. */
export const breaks: Readonly<Record<BreakName, { readonly noticedBy: Invariant | null; readonly broken: Break }>> = {
  none: { noticedBy: null, broken: nothing },
  limiter: {
    noticedBy: 'budget',
    broken: {
      ...nothing,
      economy: ({ transport, authorize }) => ({
        upstream: createUpstream({ send: stack([authorize], transport), tolerated: () => undefined }),
      }),
    },
  },
  day: {
    noticedBy: 'day',
    broken: {
      ...nothing,
      options: { dailyLimit: 1_000_000 },
      transport: (send) => async (request) => withoutDay(await send(request)),
    },
  },
  reserve: { noticedBy: 'reserve', broken: { ...nothing, options: { interactiveReserve: 0 } } },
  classes: {
    noticedBy: 'line',
    broken: { ...nothing, beforeLimit: (next) => (request) => next({ ...request, urgency: swapped(request.urgency) }) },
  },
  keys: { noticedBy: 'tenant', broken: { ...nothing, keys: ofAll } },
  lifetimes: { noticedBy: 'age', broken: { ...nothing, options: { lifetimes: everyKind(neverTooOld) } } },
  freshness: { noticedBy: 'honesty', broken: { ...nothing, options: { lifetimes: everyKind(longFresh) } } },
  repeats: {
    noticedBy: 'cost',
    broken: {
      ...nothing,
      beforeLimit: (next) => async (request) => {
        await next(request);
        return next(request);
      },
    },
  },
  deadlines: { noticedBy: 'end', broken: { ...nothing, endsAt: (endsAt) => endsAt + 3_600_000 } },
  refusals: {
    noticedBy: 'refusal',
    broken: { ...nothing, beforeLimit: () => () => Promise.reject(new GatewayError('UPSTREAM_RATE_LIMITED')) },
  },
  errors: {
    noticedBy: 'surprise',
    broken: { ...nothing, beforeLimit: () => () => Promise.reject(new TypeError('undefined is not a function')) },
  },
};
