import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import { CallerGone, GatewayError } from '../model/errors.ts';
import { withRequestId } from '../observe/request.ts';
import type { CreateContext, OperationContext } from '../operation/context.ts';
import type { Executor } from '../operation/server.ts';
import { answerHeaders, notToBeStored, varyingHeaders } from './answer-headers.ts';
import { freshnessWishOf } from './cache-control.ts';
import { isNamedBy } from './entity-tag.ts';
import { answerProblem, httpProblems, wrongMethod, type HttpProblem } from './errors.ts';
import { priorityOf } from './priority.ts';

/** What the GraphQL route needs. */
export interface GraphqlRouteOptions {
  readonly executor: Executor;
  readonly authenticate: Authenticate;
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

/** GET and POST /graphql (GraphQL over HTTP), and a pointer for a POST to /. */
export const graphqlRoutes =
  (options: GraphqlRouteOptions) =>
  (app: FastifyInstance): void => {
    const handler = (request: FastifyRequest, reply: FastifyReply) =>
      withRequestId(request.id, () => serve(request, reply, { app, ...options }));
    app.route({ method: ['GET', 'POST'], url: '/graphql', handler });
    app.route({
      method: ['PUT', 'PATCH', 'DELETE'],
      url: '/graphql',
      onRequest: (request, reply) => void answerProblem(request, reply.header('allow', 'GET, POST'), wrongMethod), // before the body is read
      handler,
    });
    app.post('/', (request, reply) => {
      const moved = { status: 308, code: 'MOVED', message: 'GraphQL is at POST /graphql.' };
      answerProblem(request, reply.header('location', '/graphql'), moved);
    });
  };

/** Upstream calls with all their waiting take this part of an operation's time, so that the rest of the answer still makes it. */
const callShare = 0.8;

type ServeOptions = GraphqlRouteOptions & { readonly app: FastifyInstance };

const serve = async (request: FastifyRequest, reply: FastifyReply, options: ServeOptions): Promise<void> => {
  const body = parseBody(options.app, request);
  if (body.problem !== null) {
    answerProblem(request, reply, body.problem);
    return;
  }
  const operation = startOperation(reply, options);
  const { executor, authenticate, createContext } = options;
  const headers = toHeaderMap(request);
  let context: OperationContext | null = null;
  try {
    const response = await executor.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search: searchOf(request.url), body: body.value },
      context: () => {
        context = createContext({
          caller: authenticate(request.headers),
          signal: operation.signal,
          requestId: request.id,
          endsAt: operation.startedAt + callShare * options.deadlineMs,
          ...wishesOf(headers, options),
        });
        return Promise.resolve(context);
      },
    });
    answer(request, reply, { response, context });
  } finally {
    operation.end();
  }
};

// What a request says about how it wants to be answered.
const wishesOf = (headers: HeaderMap, { noCacheFloorSeconds, isCostAlwaysTold }: GraphqlRouteOptions) => ({
  priority: priorityOf(headers.get('priority')),
  wish: freshnessWishOf(
    { cacheControl: headers.get('cache-control'), pragma: headers.get('pragma') },
    noCacheFloorSeconds,
  ),
  isTellingCost: isCostAlwaysTold || headers.get('graphql-cost')?.trim().toLowerCase() === 'include',
});

interface Executed {
  readonly response: HTTPGraphQLResponse;
  readonly context: OperationContext | null;
}

const answer = (request: FastifyRequest, reply: FastifyReply, { response, context }: Executed): void => {
  const text = response.body.kind === 'complete' ? response.body.string : '';
  const status = statusFor(response.status ?? 200, response.headers.get('content-type'), context);
  const caching = context && status === 200 ? answerHeaders(context, text, Date.now()) : notToBeStored;
  for (const [name, value] of [...response.headers, ...Object.entries(caching)]) void reply.header(name, value);
  const vary = [reply.getHeader('vary') ?? [], varyingHeaders].flat(); // CORS has put the origin there
  void reply.header('vary', vary.join(', '));
  const isKnown = request.method === 'GET' && isNamedBy(request.headers['if-none-match'], caching.etag);
  if (isKnown) void reply.code(304).send();
  else void reply.code(status).send(text);
};

// A request's signal: ends when the caller goes away, when its time is over, or when the process has waited long enough.
const startOperation = (reply: FastifyReply, { deadlineMs, underWay }: ServeOptions) => {
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
  underWay.add(controller);
  return {
    startedAt: Date.now(),
    signal: controller.signal,
    end: () => {
      clearTimeout(late);
      underWay.delete(controller);
    },
  };
};

type Body =
  { readonly problem: HttpProblem; readonly value?: never } | { readonly problem: null; readonly value: unknown };

// Bodies arrive as text; parsed here with prototype poisoning refused.
const parseBody = (app: FastifyInstance, request: FastifyRequest): Body => {
  if (request.method !== 'POST') return { problem: null, value: undefined };
  const { body } = request;
  if (typeof body !== 'string') return { problem: httpProblems.FST_ERR_CTP_INVALID_MEDIA_TYPE };
  if (body === '') return { problem: httpProblems.FST_ERR_CTP_EMPTY_JSON_BODY };
  let result: Body = { problem: httpProblems.FST_ERR_CTP_INVALID_JSON_BODY };
  void app.getDefaultJsonParser('error', 'error')(request, body, (error, value: unknown) => {
    const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
    if (error === null)
      result = isEmpty ? { problem: httpProblems.FST_ERR_CTP_EMPTY_JSON_BODY } : { problem: null, value };
  });
  return result;
};

const toHeaderMap = ({ headers }: FastifyRequest): HeaderMap => {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
};

const searchOf = (url: string): string => {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
};

// GraphQL over HTTP: with `application/json` a document that was understood as GraphQL is answered with 200, errors and all; only
// `application/graphql-response+json` may say 400.
const statusFor = (status: number, contentType: string | undefined, context: OperationContext | null): number =>
  status === 400 && context?.trace.isClientMistake === true && contentType?.startsWith('application/json') === true
    ? 200
    : status;
