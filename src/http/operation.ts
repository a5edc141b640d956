import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallerGone, GatewayError } from '../model/errors.ts';
import type { Caller } from '../model/caller.ts';
import type { CreateContext, OperationContext } from '../operation/context.ts';
import type { Executor } from '../operation/server.ts';
import { freshnessWishOf } from './cache-control.ts';
import { priorityOf } from './priority.ts';

/** What operations are executed with. */
export interface ExecuteOptions {
  readonly executor: Executor;
  readonly createContext: CreateContext;
  /** Time for a whole operation, milliseconds; what is not answered by then is null with UPSTREAM_TIMEOUT. */
  readonly deadlineMs: number;
  /** What `no-cache` of a request means. */
  readonly noCacheFloorSeconds: number;
  /** Whether each answer tells what it has cost, and not only those to requests that ask for it. */
  readonly isCostAlwaysTold: boolean;
  /** Operations under way, so that a shutdown can end those that take too long. */
  readonly underWay: Set<AbortController>;
}

/** What is asked: of a POST its body, of a GET its address after the path. */
export interface Asked {
  readonly body: unknown;
  readonly search: string;
}

/** What came of it; no context where it did not get as far. */
export interface Executed {
  readonly response: HTTPGraphQLResponse;
  readonly context: OperationContext | null;
}

/** Upstream calls with all their waiting take this part of an operation's time, so that the rest of the answer still makes it. */
const callShare = 0.8;

/** Executes one operation of a request. */
export const execute = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { body, search }: Asked,
  options: ExecuteOptions,
): Promise<Executed> => {
  const operation = startOperation(reply, options);
  const headers = toHeaderMap(request);
  let context: OperationContext | null = null;
  try {
    const response = await options.executor.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search, body },
      context: () => {
        context = options.createContext({
          caller: callerOf(request),
          signal: operation.signal,
          requestId: request.id,
          endsAt: operation.startedAt + callShare * options.deadlineMs,
          ...wishesOf(headers, options),
        });
        return Promise.resolve(context);
      },
    });
    return { response, context };
  } finally {
    operation.end();
  }
};

const callerOf = ({ caller }: FastifyRequest): Caller => {
  if (caller === null) throw new Error('a request that was not admitted');
  return caller;
};

// What a request says about how it wants to be answered.
const wishesOf = (headers: HeaderMap, { noCacheFloorSeconds, isCostAlwaysTold }: ExecuteOptions) => ({
  priority: priorityOf(headers.get('priority')),
  wish: freshnessWishOf(
    { cacheControl: headers.get('cache-control'), pragma: headers.get('pragma') },
    noCacheFloorSeconds,
  ),
  isTellingCost: isCostAlwaysTold || headers.get('graphql-cost')?.trim().toLowerCase() === 'include',
});

// A request's signal: ends when the caller goes away, when its time is over, or when the process has waited long enough.
const startOperation = (reply: FastifyReply, { deadlineMs, underWay }: ExecuteOptions) => {
  const controller = new AbortController();
  const late = setTimeout(() => {
    controller.abort(
      new GatewayError('UPSTREAM_TIMEOUT', { cause: new Error(`operation took over ${deadlineMs} ms`) }),
    );
  }, deadlineMs);
  // Fastify's own request.signal ends at once for a POST with a body (its PRs 6725 and 7033).
  const gone = () => {
    if (!reply.raw.writableFinished) controller.abort(new CallerGone());
  };
  reply.raw.once('close', gone);
  if (reply.raw.closed) gone();
  underWay.add(controller);
  return {
    startedAt: Date.now(),
    signal: controller.signal,
    end: () => {
      clearTimeout(late);
      reply.raw.off('close', gone);
      underWay.delete(controller);
    },
  };
};

const toHeaderMap = ({ headers }: FastifyRequest): HeaderMap => {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
};
