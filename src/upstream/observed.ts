import { CallerGone, GatewayError } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import type { Stage } from './send.ts';

/** One debug line and one count for each call, whatever became of it. */
export const observed =
  ({ log, tally }: { log: Log; tally: Tally }): Stage =>
  (next) =>
  async (request) => {
    const startedAt = performance.now();
    const note = (outcome: string) => {
      tally.add(`upstream ${request.endpoint} ${outcome}`);
      log.debug('upstream call', {
        endpoint: request.endpoint,
        holder: request.holder.kind,
        operations: request.operations,
        outcome,
        durationMs: Math.round(performance.now() - startedAt),
      });
    };
    try {
      const response = await next(request);
      note(String(response.status));
      return response;
    } catch (error) {
      note(outcomeOf(error));
      throw error;
    }
  };

/** Each request on the wire, with its time. Stands inside of all waiting. */
export const timed =
  (tally: Tally): Stage =>
  (next) =>
  async (request) => {
    const startedAt = performance.now();
    const note = (status: string, error: string) =>
      tally.observe(
        `wire ${request.method} ${request.endpoint} ${status} ${error}`,
        (performance.now() - startedAt) / 1_000,
      );
    try {
      const response = await next(request);
      note(String(response.status), response.status < 400 ? '-' : String(response.status));
      return response;
    } catch (error) {
      note('-', outcomeOf(error));
      throw error;
    }
  };

const outcomeOf = (error: unknown): string => {
  if (error instanceof CallerGone) return 'cancelled';
  return error instanceof GatewayError ? error.code : 'INTERNAL_SERVER_ERROR';
};
