import { GatewayError } from '../model/errors.ts';
import type { Stage } from './send.ts';

/** Gives what lies inside it `ms` milliseconds, then UPSTREAM_TIMEOUT. Used twice: around everything, and around one attempt on the wire. */
export const deadline =
  (ms: number): Stage =>
  (next) =>
  async (request) => {
    const late = new AbortController();
    const endsAt = Math.min(request.endsAt ?? Infinity, Date.now() + ms);
    const timer = setTimeout(() => {
      late.abort(
        new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`no answer from ${request.endpoint} in ${ms} ms`) }),
      );
    }, ms);
    try {
      return await next({ ...request, endsAt, signal: AbortSignal.any([request.signal, late.signal]) });
    } finally {
      clearTimeout(timer);
    }
  };
