import { HeaderMap } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import { CallerGone, GatewayError } from '../model/errors.ts';
import { withRequestId } from '../observe/request.ts';
import type { CreateContext, OperationContext } from '../operation/context.ts';
import type { Executor } from '../operation/server.ts';
import { answerProblem, httpProblems, wrongMethod, type HttpProblem } from './errors.ts';

/** What the GraphQL route needs. */
export interface GraphqlRouteOptions {
  readonly executor: Executor;
  readonly authenticate: Authenticate;
  readonly createContext: CreateContext;
  /** Time for a whole operation, milliseconds; what is not answered by then is null with UPSTREAM_TIMEOUT. */
  readonly deadlineMs: number;
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

type ServeOptions = GraphqlRouteOptions & { readonly app: FastifyInstance };

const serve = async (request: FastifyRequest, reply: FastifyReply, options: ServeOptions): Promise<void> => {
  const body = parseBody(options.app, request);
  if (body.problem !== null) {
    answerProblem(request, reply, body.problem);
    return;
  }
  const operation = startOperation(reply, options);
  const { executor, authenticate, createContext } = options;
  let context: OperationContext | null = null;
  try {
    const response = await executor.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers: toHeaderMap(request),
        search: searchOf(request.url),
        body: body.value,
      },
      context: () => {
        context = createContext({
          caller: authenticate(request.headers),
          signal: operation.signal,
          requestId: request.id,
        });
        return Promise.resolve(context);
      },
    });
    for (const [name, value] of response.headers) void reply.header(name, value);
    void reply.header('cache-control', 'private, no-store');
    void reply.code(statusFor(response.status ?? 200, response.headers.get('content-type'), context));
    void reply.send(response.body.kind === 'complete' ? response.body.string : '');
  } finally {
    operation.end();
  }
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
