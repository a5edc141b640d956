import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Calls, OpenCall } from './calls.ts';
import type { Clock } from './clock.ts';
import { bodySizeOf, openCall } from './request.ts';

/** A logged call and how to say what became of it: a status, or null when nobody got a whole answer. */
export interface Entry {
  readonly call: OpenCall;
  readonly settle: (status: number | null) => void;
}

/** Logs calls when they arrive, before anything can go wrong with them. */
export const createArrivals = (calls: Calls, clock: Clock) => {
  const entries = new WeakMap<object, Entry>();
  return {
    entryOf: (request: FastifyRequest): Entry | undefined => entries.get(request.raw),
    arrive: (request: FastifyRequest, reply: FastifyReply): void => {
      if (entries.has(request.raw)) return;
      const call = openCall(request, clock());
      const startedAt = performance.now();
      const settle = (status: number | null): void => {
        call.status = status;
        call.durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
      };
      entries.set(request.raw, { call, settle });
      calls.add(call, bodySizeOf(request));
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) settle(null); // the caller went, or a fault cut it
      });
    },
  };
};
