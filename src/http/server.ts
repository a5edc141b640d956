import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import underPressure from '@fastify/under-pressure';
import Fastify, {
  LogController,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawRequestDefaultExpression,
} from 'fastify';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import {
  answerProblem,
  badRequest,
  httpProblems,
  internal,
  noSuchPath,
  otherHost,
  problemOf,
  refusal,
  tooLong,
  type HttpProblem,
  unreadable,
} from './errors.ts';
import { watchExchanges } from './exchanges.ts';
import { hostNameOf, isLoopbackName } from './loopback.ts';
import { createProxies } from './proxies.ts';
import { createTurns } from './turns.ts';

/** Options of the HTTP room. */
export interface HttpOptions {
  readonly log: Log;
  readonly tally: Tally;
  /** Origins whose pages may call; `*` is never among them. */
  readonly corsOrigins: readonly string[];
  readonly isDraining: () => boolean;
  /** Whether only this machine may be named as host: a page of another site may point its own name here (DNS rebinding). */
  readonly isLoopbackOnly: boolean;
  /** The host of PUBLIC_URL: a browser comes back to it from a consent, so the paths of OAuth answer to it too. Null for none. */
  readonly publicHost: string | null;
  /** Addresses and networks whose `X-Forwarded-For` and `X-Request-Id` count. */
  readonly trustedProxies: readonly string[];
  readonly bodyLimitBytes: number;
  readonly maxConnections: number;
  /** From which on a request is refused whose turn comes so late; 0 for never. */
  readonly maxWaitMs: number;
}

const corsOptions = {
  methods: ['GET', 'POST'],
  allowedHeaders: [
    ...['content-type', 'authorization', 'apollo-require-preflight', 'x-apollo-operation-name'],
    ...['cache-control', 'priority', 'if-none-match', 'graphql-cost'],
  ],
  exposedHeaders: ['x-request-id', 'age', 'etag', 'retry-after', 'ratelimit', 'ratelimit-policy'], // cache-control pages may read anyway
  maxAge: 86_400,
};

/** Fastify with our limits, time-outs and errors, and no route yet. Its traps are listed where they are avoided. */
export const createHttpServer = async (options: HttpOptions): Promise<FastifyInstance> => {
  const { log, corsOrigins, isDraining } = options;
  const app = Fastify({
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.bodyLimitBytes,
    requestIdHeader: false,
    genReqId: requestIds(options),
    trustProxy: [...options.trustedProxies], // true would let callers choose their address
    exposeHeadRoutes: false,
    // Slow headers and bodies are closed by Node, which looks only as often as it is told to. Once a second it would close hundreds at once,
    // and good questions would wait behind them.
    requestTimeout: 10_000,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 250, maxHeaderSize: 16_384 },
    return503OnClosing: false,
    forceCloseConnections: 'idle', // `true` would lose the requests in flight
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (_error, request, reply) => void answerProblem(request, reply, badRequest), // runs before every hook; a throw here ends the process
  });

  app.server.maxConnections = options.maxConnections;
  app.decorateReply('problem', null);
  watchExchanges(options)(app); // before whatever may refuse
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    void reply.header('x-content-type-options', 'nosniff');
    if (isDraining()) void reply.header('connection', 'close');
    const problem = headProblem(request, options);
    if (problem === null) done();
    else answerProblem(request, reply, problem);
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining()) void reply.header('connection', 'close'); // it may have come in before the signal
    limitSending(reply);
    done(null, payload);
  });
  app.setErrorHandler((error: Error & { code: string; statusCode?: number }, request, reply) => {
    const problem = problemOf(error, options.bodyLimitBytes);
    if (problem === internal) log.bug('request failed', error, { requestId: request.id });
    answerProblem(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) => void answerProblem(request, reply, noSuchPath));

  takeJsonOnly(app);
  if (options.maxWaitMs > 0) await shedLoad(app, options.maxWaitMs);
  takeTurns(app, options.maxWaitMs || Infinity);
  await app.register(cors, { ...corsOptions, origin: [...corsOrigins] });
  await app.register(helmet, { global: false }); // pages ask for it one by one; on every JSON answer it would halve the speed
  return app;
};

/** For an answer of a megabyte 35 KB a second. What fits into the system's buffers counts as taken. */
const sendingMs = 30_000;

// Node limits how long a request takes to come, not how long its answer takes to go: who never reads would keep answer and place for ever.
const limitSending = ({ raw }: FastifyReply): void => {
  const impatience = setTimeout(() => raw.destroy(), sendingMs).unref(); // of who has gone already nothing more is heard
  raw.once('close', () => clearTimeout(impatience));
};

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/;

// A trusted proxy's id is taken over, so that its log and ours can be read side by side.
const requestIds = ({ trustedProxies }: HttpOptions) => {
  const start = Date.now().toString(36);
  let count = 0;
  const isProxy = createProxies(trustedProxies);
  return ({ headers, socket }: RawRequestDefaultExpression): string => {
    const given = headers['x-request-id'];
    const isTaken = typeof given === 'string' && requestIdForm.test(given) && isProxy(socket.remoteAddress);
    return isTaken ? given : `${start}-${(++count).toString(36)}`;
  };
};

const overloaded = refusal('OVERLOADED', { retryAfterMs: 1_000 });
const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
  answerProblem(request, reply.header('retry-after', '1'), overloaded);
};

// Asked by those who decide whether this process lives.
const isHealth = ({ url }: FastifyRequest): boolean => /^\/(livez|readyz)(\?|$)/.test(url);

// By the mean delay of the event loop. While requests take turns it stays far below: then the process has not got its processor.
const shedLoad = async (app: FastifyInstance, maxWaitMs: number): Promise<void> => {
  await app.register(underPressure, {
    maxEventLoopDelay: maxWaitMs / 3,
    sampleInterval: 500,
    pressureHandler: (request, reply) => {
      if (!isHealth(request)) refuse(request, reply);
    },
  });
};

// After the body, so that nobody who sends it late goes past the line. Strangers stand in one line.
const takeTurns = (app: FastifyInstance, mostMs: number): void => {
  const turns = createTurns({ mostMs });
  app.addHook('preHandler', (request, reply, done) => {
    if (isHealth(request)) done();
    else
      turns.take(request.caller?.key ?? null, (isLate) => {
        if (isLate) refuse(request, reply);
        else if (!reply.raw.closed) done(); // who has gone meanwhile costs nothing more
      });
  });
};

const longestAddress = 8_192;

// Two hosts, or two tokens, would be read one way here and another way by a proxy.
const headProblem = (
  { raw, headers, is404 }: FastifyRequest,
  { isLoopbackOnly, publicHost }: HttpOptions,
): HttpProblem | null => {
  const isTwice = (name: string): boolean =>
    raw.rawHeaders.filter((one, index) => index % 2 === 0 && one.toLowerCase() === name).length > 1;
  if (isTwice('host') || isTwice('authorization')) return badRequest;
  if ((raw.url?.length ?? 0) > longestAddress) return tooLong;
  const isPublic = headers.host === publicHost && /^\/oauth\/(install|callback)(\?|$)/.test(raw.url ?? '');
  if (isLoopbackOnly && !isPublic && !isLoopbackName(hostNameOf(headers.host))) return otherHost;
  return is404 ? noSuchPath : null; // before the body is read
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
