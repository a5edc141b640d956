import { withoutCost, type Answered } from '../operation/cost.ts';
import { entityTagOf } from './entity-tag.ts';

/** What an HTTP cache has to know of an answer; `age` (whole seconds) and `etag` only where it may be stored. */
interface AnswerHeaders {
  readonly 'cache-control': string;
  readonly age?: string;
  readonly etag?: string;
}

/** Request headers that choose between answers of one address. Not those that say how fresh one must be: caches understand these
 * themselves (RFC 9111 §5.2.1), and what one reload had fetched would serve no other request. */
export const varyingHeaders = 'accept, authorization, graphql-cost';

/** Of an answer that is not to be stored. */
export const notToBeStored: AnswerHeaders = { 'cache-control': 'private, no-store' };

/** Of an answer with status 200. `Age` is that of its oldest part, and `max-age` counts from the same moment, so that what is left of
 * it is how long all parts are fresh (RFC 9111 §4.2); `now` in epoch milliseconds. Only a whole answer to a query may be stored, and only
 * where it holds kept parts: what the gateway tells of itself is of that moment. */
export const answerHeaders = (context: Answered, text: string, now: number): AnswerHeaders => {
  const { outcome, kind, tellsOfNow } = context.trace;
  const { fetchedAt, freshUntil } = context.meter.cost();
  const isStorable = outcome === 'ok' && kind === 'query' && !tellsOfNow;
  if (!isStorable || fetchedAt === null || freshUntil === null) return notToBeStored;
  const ageSeconds = Math.max(0, Math.floor((now - fetchedAt) / 1_000)); // another replica's clock may be ahead
  const leftSeconds = Math.floor((freshUntil - now) / 1_000);
  return {
    'cache-control': leftSeconds > 0 ? `private, max-age=${ageSeconds + leftSeconds}` : 'private, no-cache',
    age: String(ageSeconds),
    etag: entityTagOf(withoutCost(text, context)),
  };
};
