import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { withRequestId } from '../observe/request.ts';
import type { Caller } from '../model/caller.ts';
import type { OperationContext } from '../operation/context.ts';
import { chargeOf, type Charge } from '../operation/cost.ts';
import type { TrustedDocuments } from '../operation/trusted-documents.ts';
import type { Admit } from './admission.ts';
import { answerHeaders, notToBeStored, varyingHeaders } from './answer-headers.ts';
import { withDocument } from './document-id.ts';
import { isNamedBy } from './entity-tag.ts';
import { answerProblem, noBatch, wrongMethod } from './errors.ts';
import { parseBody } from './json.ts';
import { execute, type Asked, type Executed, type ExecuteOptions } from './operation.ts';

/** What the GraphQL route needs. */
export interface GraphqlRouteOptions extends ExecuteOptions {
  readonly admit: Admit;
  /** Hears what each operation has cost. */
  readonly charge: (caller: Caller, charge: Charge) => void;
  /** Operations of one request; 1 takes no lists. */
  readonly maxBatch: number;
  readonly trusted: TrustedDocuments;
}

/** GET and POST /graphql (GraphQL over HTTP), and a pointer for a POST to /. */
export const graphqlRoutes =
  (options: GraphqlRouteOptions) =>
  (app: FastifyInstance): void => {
    const handler = (request: FastifyRequest, reply: FastifyReply) =>
      withRequestId(request.id, () => serve(request, reply, { app, ...options }));
    app.decorateRequest('caller', null);
    app.route({
      method: ['GET', 'POST'],
      url: '/graphql',
      onRequest: (request, reply, done) => {
        options.admit(request, reply).then((isIn) => {
          if (isIn) done();
        }, done);
      },
      handler,
    });
    app.route({
      method: ['PUT', 'PATCH', 'DELETE'],
      url: '/graphql',
      onRequest: (request, reply) => void answerProblem(request, reply.header('allow', 'GET, POST'), wrongMethod), // before the body is read
      handler,
    });
    const moved = { status: 308, code: 'MOVED', message: 'GraphQL is at POST /graphql.' };
    app.post('/', {
      onRequest: (request, reply) => void answerProblem(request, reply.header('location', '/graphql'), moved),
      handler,
    });
  };

type ServeOptions = GraphqlRouteOptions & { readonly app: FastifyInstance };

const serve = async (request: FastifyRequest, reply: FastifyReply, options: ServeOptions): Promise<void> => {
  const { problem, value } = parseBody(options.app, request);
  if (problem !== null) {
    answerProblem(request, reply, problem);
    return;
  }
  if (Array.isArray(value) && !isTaken(value, options)) {
    answerProblem(request, reply, noBatch(options.maxBatch));
    return;
  }
  const given = { body: value, search: searchOf(request.url) };
  const chosen = withDocument(given, options.trusted);
  if (chosen.kind === 'refused') {
    answerProblem(request, reply, chosen.problem);
    return;
  }
  const asked: Asked = chosen.kind === 'document' ? chosen.asked : given;
  if (Array.isArray(asked.body)) await serveBatch(request, reply, asked.body, options);
  else answer(request, reply, await executeCharged(request, reply, asked, options));
};

const executeCharged = async (request: FastifyRequest, reply: FastifyReply, asked: Asked, options: ServeOptions) => {
  const executed = await execute(request, reply, asked, options);
  const { context, response } = executed;
  if (context !== null) options.charge(context.caller, chargeOf(context, textOf(response)));
  return executed;
};

const isTaken = ({ length }: readonly unknown[], { maxBatch }: GraphqlRouteOptions): boolean =>
  maxBatch > 1 && length > 0 && length <= maxBatch;

// One after the other would be slow, and all at once they share upstream calls. Each is limited as if it had come alone.
const serveBatch = async (
  request: FastifyRequest,
  reply: FastifyReply,
  list: readonly unknown[],
  options: ServeOptions,
): Promise<void> => {
  const one = (body: unknown): Asked => ({ body, search: '' });
  const all = await Promise.all(list.map((body) => executeCharged(request, reply, one(body), options)));
  const first = all[0]?.response;
  const refused = all.find(({ response }) => response.status === 415 || response.status === 406)?.response; // of the request, not of one
  for (const [name, value] of refused?.headers ?? first?.headers ?? []) void reply.header(name, value);
  void reply.headers({ ...notToBeStored }).code(refused?.status ?? 200);
  void reply.send(refused ? textOf(refused) : `[${all.map(({ response }) => textOf(response).trim()).join(',')}]\n`);
};

const textOf = ({ body }: Executed['response']): string => (body.kind === 'complete' ? body.string : '');

const answer = (request: FastifyRequest, reply: FastifyReply, { response, context }: Executed): void => {
  const text = textOf(response);
  const status = statusFor(response.status ?? 200, response.headers.get('content-type'), context);
  const caching = context && status === 200 ? answerHeaders(context, text, Date.now()) : notToBeStored;
  for (const [name, value] of [...response.headers, ...Object.entries(caching)]) void reply.header(name, value);
  const vary = [reply.getHeader('vary') ?? [], varyingHeaders].flat(); // CORS has put the origin there
  void reply.header('vary', vary.join(', '));
  const isKnown = request.method === 'GET' && isNamedBy(request.headers['if-none-match'], caching.etag);
  if (isKnown) void reply.code(304).send();
  else void reply.code(status).send(text);
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
