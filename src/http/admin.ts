import type { AddressInfo } from 'node:net';
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Log } from '../observe/log.ts';
import { metricsType, type Metrics } from '../observe/metrics.ts';
import { urlOf } from './addresses.ts';
import { answerProblem, badRequest, internal, type HttpProblem } from './errors.ts';
import { checkedHealthRoutes, type Checks, type Health } from './health.ts';
import { isLoopbackName } from './loopback.ts';

/** What the operator's own port tells. */
export interface AdminOptions {
  readonly metrics: Pick<Metrics, 'text'>;
  readonly checks: Checks;
  readonly mode: Health['mode'];
  readonly log: Log;
  /** Where it listens; 0 takes any free port. */
  readonly host: string;
  readonly port: number;
}

/** The server for the operator: GET /metrics, /livez, /readyz and /startupz, and nothing else. */
export interface AdminServer {
  /** Rejects with what listening rejects with. */
  readonly listen: () => Promise<void>;
  /** Once it listens. */
  readonly url: () => string;
  /** To be closed last: until then a drain can be watched. Does no harm to one that never listened. */
  readonly close: () => Promise<void>;
}

const mostConnections = 64;

/** No route but its own, no body, short time-outs: whoever reaches it should be an operator, and may be somebody else. */
export const createAdminServer = (options: AdminOptions): AdminServer => {
  const { log, host, port } = options;
  const app = openServer(options);
  app.get('/metrics', async (_request, reply) => {
    const text = await options.metrics.text();
    return reply.type(metricsType).header('cache-control', 'no-store').send(text);
  });
  checkedHealthRoutes(options.checks, options.mode)(app);
  app.setNotFoundHandler((request, reply) => void answerProblem(request, reply, noSuchPath));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const isTheirs = error.statusCode !== undefined && error.statusCode < 500;
    if (!isTheirs) log.bug('admin request failed', error, { requestId: request.id });
    answerProblem(request, reply, isTheirs ? badRequest : internal);
  });
  return {
    listen: async () => {
      await app.listen({ host, port });
    },
    url: () => urlOf(app.server.address() as AddressInfo),
    close: () => app.close(),
  };
};

const openServer = ({ host }: AdminOptions): FastifyInstance => {
  const app = Fastify({
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    requestTimeout: 5_000,
    keepAliveTimeout: 65_000, // a scraper comes back every minute at the latest
    http: { headersTimeout: 3_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 8_192 },
    forceCloseConnections: true, // nobody loses anything but a scrape
    frameworkErrors: (_error, request, reply) => void answerProblem(request, reply, badRequest), // runs before every hook; a throw here ends the process
  });
  app.server.maxConnections = mostConnections;
  app.decorateReply('problem', null);
  app.removeAllContentTypeParsers();
  const isLoopbackOnly = isLoopbackName(host);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-content-type-options', 'nosniff');
    const problem = problemIn(request, isLoopbackOnly);
    if (problem === null) done();
    else answerProblem(request, reply.header('connection', 'close'), problem); // what is left of a body is never read
  });
  return app;
};

// A page of another site may point its own name here (DNS rebinding).
const problemIn = ({ method, headers, hostname }: FastifyRequest, isLoopbackOnly: boolean): HttpProblem | null => {
  if (isLoopbackOnly && !isLoopbackName(hostname)) return otherHost;
  if (method !== 'GET' && method !== 'HEAD') return wrongMethod;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0 ? badRequest : null;
};

const noSuchPath: HttpProblem = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'There is nothing at this path: metrics are at /metrics, health is at /livez, /readyz and /startupz.',
};
const wrongMethod: HttpProblem = {
  status: 405,
  code: 'METHOD_NOT_ALLOWED',
  message: 'This port takes GET and HEAD alone.',
};
const otherHost: HttpProblem = {
  status: 421,
  code: 'MISDIRECTED_REQUEST',
  message: 'This port answers to the names of its own machine alone: use http://127.0.0.1 or localhost.',
};
