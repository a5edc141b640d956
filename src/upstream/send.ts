import type { LocationId } from '../model/ids.ts';
import type { Cause } from './cause.ts';

/** Whose token a request carries and whose budget it spends. */
export type Holder = { readonly kind: 'location'; readonly locationId: LocationId } | { readonly kind: 'company' };

/** One text for each holder, to key tokens and budgets by. */
export const holderKey = (holder: Holder): string =>
  holder.kind === 'location' ? `location:${holder.locationId}` : 'company';

/** One request on its way to upstream, and on whose behalf. */
export interface UpstreamRequest extends Omit<Cause, 'wish'> {
  /** Name of the endpoint, for logs and counts. */
  readonly endpoint: string;
  readonly method: 'GET' | 'POST';
  /** Path and query, each segment already encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly holder: Holder;
  /** The scope that upstream asks for here. */
  readonly scope: string;
  /** Whether asking twice does no more than asking once. */
  readonly isRepeatable: boolean;
}

/** What came back, whatever its status. */
export interface UpstreamResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The parsed body; null where it is empty or is not JSON. */
  readonly body: unknown;
  /** Of a 429: milliseconds until our own budget would let the next request go. */
  readonly budgetWaitMs?: number;
}

/** Sends a request; throws GatewayError where no answer came. */
export type Send = (request: UpstreamRequest) => Promise<UpstreamResponse>;

/** Does one thing on the way out and back, and passes on everything that it does not understand. */
export type Stage = (next: Send) => Send;

/** Stages around a transport, outermost first, in reading order. */
export const stack = (stages: readonly Stage[], transport: Send): Send =>
  stages.reduceRight((next, stage) => stage(next), transport);
