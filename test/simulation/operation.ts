import { createLoaders } from '../../src/loaders/index.ts';
import { CallerGone, GatewayError } from '../../src/model/errors.ts';
import type { FreshnessWish } from '../../src/model/freshness.ts';
import type { LocationId } from '../../src/model/ids.ts';
import { fixedUrgency, type Priority } from '../../src/model/urgency.ts';
import { createCostMeter, type Cost } from '../../src/observe/cost.ts';
import { partsOf, type Outcome, type PartDeps } from './parts.ts';
import type { Running } from './replica.ts';

/** What is asked. */
export type Topic =
  | { readonly kind: 'dashboard'; readonly skip: number }
  | { readonly kind: 'tags'; readonly skip: number; readonly search: string | null }
  | { readonly kind: 'details'; readonly from: number; readonly count: number }
  | { readonly kind: 'statistics'; readonly days: number }
  | { readonly kind: 'company' };

/** One operation, as it comes to the gateway. */
export interface Question {
  readonly topic: Topic;
  readonly location: LocationId;
  readonly priority: Priority;
  readonly wish: FreshnessWish;
}

/** What became of an operation. */
export interface Settled {
  readonly outcomes: readonly Outcome[];
  readonly refusals: readonly GatewayError[];
  /** Errors that are no answer to anybody. */
  readonly surprises: readonly unknown[];
  readonly cost: Cost;
}

/** Asks as the resolvers do, by fresh loaders. `endsAt`: by the replica's clock. Never rejects. */
export const runOperation = async (
  { reads }: Running,
  question: Question,
  deps: PartDeps,
  until: { readonly signal: AbortSignal; readonly endsAt: number },
): Promise<Settled> => {
  const meter = createCostMeter();
  const { priority, wish, topic } = question;
  const cause = { signal: until.signal, operations: [], urgency: fixedUrgency(priority, until.endsAt), meter, wish };
  const caller = {
    subject: 'simulated',
    kind: 'USER',
    key: 'simulated',
    scopes: [],
    locations: 'all',
    isOfCompany: true,
  } as const;
  const loaders = createLoaders({ reads, caller, cause });
  const parts = await Promise.allSettled(partsOf(topic, loaders, question.location).map((part) => part(deps)));
  const errors = parts.flatMap((part) => (part.status === 'rejected' ? [part.reason as unknown] : []));
  return {
    outcomes: parts.flatMap((part) => (part.status === 'fulfilled' ? part.value : [codeOf(part.reason)])),
    refusals: errors.filter((error) => error instanceof GatewayError),
    surprises: errors.filter((error) => !(error instanceof GatewayError) && !(error instanceof CallerGone)),
    cost: meter.cost(),
  };
};

const codeOf = (error: unknown): string => {
  if (error instanceof GatewayError) return error.code;
  return error instanceof CallerGone ? 'gone' : 'surprise';
};
