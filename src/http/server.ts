import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Log } from '../observe/log.ts';
import {
  answerProblem,
  badRequest,
  bodyLimitBytes,
  httpProblems,
  internal,
  noSuchPath,
  otherHost,
  problemOf,
  type HttpProblem,
  unreadable,
} from './errors.ts';

/** Options of the HTTP room. */
export interface HttpOptions {
  readonly log: Log;
  /** Origins whose pages may call; `*` is never among them. */
  readonly corsOrigins: readonly string[];
  readonly isDraining: () => boolean;
  /** Whether only this machine may be named as host: a page of another site may point its own name here (DNS rebinding). */
  readonly isLoopbackOnly: boolean;
  /** The host of PUBLIC_URL: a browser comes back to it from a consent, so the paths of OAuth answer to it too. Null for none. */
  readonly publicHost: string | null;
}

const corsOptions = {
  methods: ['GET', 'POST'],
  allowedHeaders: [
    ...['content-type', 'authorization', 'apollo-require-preflight', 'x-apollo-operation-name'],
    ...['cache-control', 'priority', 'if-none-match', 'graphql-cost'],
  ],
  exposedHeaders: ['x-request-id', 'age', 'etag'], // cache-control pages may read anyway
  maxAge: 86_400,
};
const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** Fastify with our limits, time-outs and errors, and no route yet. Its traps are listed where they are avoided. */
export const createHttpServer = async ({
  log,
  corsOrigins,
  isDraining,
  isLoopbackOnly,
  publicHost,
}: HttpOptions): Promise<FastifyInstance> => {
  const start = Date.now().toString(36);
  let count = 0;
  const app = Fastify({
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    requestIdHeader: false,
    genReqId: () => `${start}-${(++count).toString(36)}`,
    exposeHeadRoutes: false,
    // Slow headers and bodies are closed by Node, which looks only as often as it is told to.
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    return503OnClosing: false,
    forceCloseConnections: 'idle', // `true` would lose the requests in flight
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (_error, request, reply) => void answerProblem(request, reply, badRequest), // runs before every hook; a throw here ends the process
  });

  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (isDraining()) void reply.header('connection', 'close');
    const problem = hostProblem(request, isLoopbackOnly, publicHost);
    if (problem === null) done();
    else answerProblem(request, reply, problem);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining()) void reply.header('connection', 'close'); // it may have come in before the signal
    done(null, payload);
  });
  app.setErrorHandler((error: Error & { code: string; statusCode?: number }, request, reply) => {
    const problem = problemOf(error);
    if (problem === internal) log.bug('request failed', error, { requestId: request.id });
    answerProblem(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) => void answerProblem(request, reply, noSuchPath));

  takeJsonOnly(app);
  await app.register(cors, { ...corsOptions, origin: [...corsOrigins] });
  await app.register(helmet, { global: false }); // pages ask for it one by one; on every JSON answer it would halve the speed
  return app;
};

// Two hosts would be read one way here and another way by a proxy.
const hostProblem = (
  { raw, headers }: FastifyRequest,
  isLoopbackOnly: boolean,
  publicHost: string | null,
): HttpProblem | null => {
  const hosts = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) return badRequest;
  if (!isLoopbackOnly || loopbackHost.test(headers.host ?? '')) return null;
  const isPublic = headers.host === publicHost && /^\/oauth\/(install|callback)(\?|$)/.test(raw.url ?? '');
  return isPublic ? null : otherHost;
};

// What Node's parser cannot read never becomes a request: the answer is put together by hand.
const answerUnreadable = ({ code }: Error & { code?: string }, socket: Socket): void => {
  if (socket.destroyed || !socket.writable || code === 'ECONNRESET') return;
  const { status, code: name, message } = unreadable[code ?? ''] ?? badRequest;
  const body = JSON.stringify({ errors: [{ message, extensions: { code: name } }] });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8`;
  socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

// Bodies stay text until the route parses them. Fastify reads any charset as UTF-8 and would read text/plain, which needs no preflight.
const takeJsonOnly = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/json\s*(;|$)/i, { parseAs: 'string' }, (request, text, done) => {
    const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
    const isReadable =
      (charset === undefined || /^utf-?8$/i.test(charset)) && request.headers['content-encoding'] === undefined;
    if (isReadable) done(null, text);
    else
      done(
        Object.assign(new Error('charset or encoding'), {
          code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE',
          statusCode: httpProblems.FST_ERR_CTP_INVALID_MEDIA_TYPE.status,
        }),
      );
  });
};
