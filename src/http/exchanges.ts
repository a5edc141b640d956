import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../observe/log.ts';
import type { Tally } from '../observe/tally.ts';
import { networkOf } from './proxies.ts';

/** What is told of each request. */
export interface ExchangeOptions {
  readonly log: Log;
  readonly tally: Tally;
}

/** Nginx' number for callers who went before the answer; HTTP has none. */
const goneStatus = 499;

/** Counts each request with its time, and writes a line for each that was refused before it became an operation. On the socket's end:
 * Fastify's own hook never runs for callers who went away. */
export const watchExchanges =
  ({ log, tally }: ExchangeOptions) =>
  (app: FastifyInstance): void => {
    app.addHook('onRequest', (request, reply, done) => {
      const startedAt = performance.now();
      const method = methodOf(request);
      tally.add(`http-under-way ${method}`);
      reply.raw.once('close', () => {
        const status = reply.raw.writableFinished ? reply.statusCode : goneStatus;
        const route = request.routeOptions.url ?? 'none'; // never the path itself: strangers choose it
        tally.add(`http-under-way ${method}`, -1);
        tally.observe(`http ${method} ${route} ${status}`, (performance.now() - startedAt) / 1_000);
        if (reply.problem?.code === 'OVERLOADED') tally.add('limited overload');
        if (reply.problem) log.warn('request refused', refusedLine(request, reply, route));
      });
      done();
    });
  };

const refusedLine = (request: FastifyRequest, { problem, statusCode }: FastifyReply, route: string) => ({
  requestId: request.id,
  caller: request.caller?.key ?? null,
  code: problem?.code,
  reason: problem?.reason,
  status: statusCode,
  method: methodOf(request),
  route,
  network: networkOf(request.ip),
});

const knownMethods: ReadonlySet<string> = new Set(['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE']);
const methodOf = ({ method }: FastifyRequest): string => (knownMethods.has(method) ? method : 'other');
