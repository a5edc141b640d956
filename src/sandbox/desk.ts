import type { FastifyReply, FastifyRequest } from 'fastify';
import { createAnswering } from './answering.ts';
import { createArrivals } from './arrivals.ts';
import type { Entry } from './arrivals.ts';
import type { Calls } from './calls.ts';
import type { VendorError } from './errors.ts';
import type { Faults, Misfortune } from './faults.ts';
import type { Limits } from './limits.ts';
import { newTraceId, sendHalf, sendWhole, traced } from './reply.ts';
import { bodySizeOf, locationOf, parseBody, readCall, redacted } from './request.ts';
import type { Call, Route, World } from './route.ts';

/** What the desk works with. `closing` ends its waits. */
export interface DeskDeps {
  readonly world: World;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly calls: Calls;
  readonly closing: AbortSignal;
}

/** Takes calls in, logs them, lets faults strike, and answers. */
export interface Desk {
  /** Logs a call at its arrival; done once however often it is asked. */
  readonly arrive: (request: FastifyRequest, reply: FastifyReply) => void;
  /** The handler of an endpoint. */
  readonly serve: (route: Route) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  /** Answers outside of any endpoint. */
  readonly refuse: (request: FastifyRequest, reply: FastifyReply, error: VendorError) => FastifyReply;
}

const SILENT_FAULTS: readonly unknown[] = ['reset', 'hang'];

const pause = (ms: number, closing: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      closing.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    closing.addEventListener('abort', done);
  });

/** One desk for a sandbox. */
export const createDesk = ({ world, limits, faults, calls, closing }: DeskDeps): Desk => {
  const arrivals = createArrivals(calls, world.clock);
  const answer = createAnswering(world, limits);

  const refuse = (request: FastifyRequest, reply: FastifyReply, error: VendorError): FastifyReply => {
    const traceId = newTraceId();
    const refusal = { status: error.status, body: traced(error.body, traceId), headers: { traceId } };
    arrivals.entryOf(request)?.settle(refusal.status);
    return sendWhole(reply, refusal);
  };

  const strike = (route: Route, call: Call, entry: Entry | undefined): Misfortune => {
    const locationId = locationOf(call, world);
    if (entry !== undefined) entry.call.locationId = locationId;
    return faults.strike(route.name, locationId);
  };

  return {
    arrive: arrivals.arrive,
    refuse,
    serve: (route) => async (request, reply) => {
      const entry = arrivals.entryOf(request);
      if (entry !== undefined) entry.call.route = route.name;
      const body = parseBody(request);
      if (entry !== undefined) entry.call.requestBody = redacted(body, bodySizeOf(request));
      const call = readCall(request, body);
      const { latencyMs, fault } = strike(route, call, entry);
      if (latencyMs > 0) await pause(latencyMs, closing);
      if (closing.aborted || SILENT_FAULTS.includes(fault?.kind)) {
        reply.hijack(); // close() destroys the sockets that are left
        if (fault?.kind === 'reset') request.raw.socket.resetAndDestroy();
        return reply;
      }
      const outgoing = answer(route, call, fault);
      if (fault?.kind === 'cut') {
        sendHalf(reply, outgoing);
        return reply;
      }
      // Before the first byte leaves, so that a caller who has the answer finds it in the log.
      entry?.settle(outgoing.status);
      return sendWhole(reply, outgoing);
    },
  };
};
