import type { FastifyInstance, RouteHandlerMethod } from 'fastify';

/** Whether this process should get requests; `mode` tells invented data from real. */
export interface Health {
  readonly isDraining: () => boolean;
  readonly mode: 'sandbox' | 'live';
}

/** GET /livez: the process runs. GET /readyz: it wants requests. Neither asks upstream: its outage must not take the gateway away. */
export const healthRoutes =
  ({ isDraining, mode }: Health) =>
  (app: FastifyInstance): void => {
    const answer = (url: string, handler: RouteHandlerMethod) => app.route({ method: ['GET', 'HEAD'], url, handler });
    answer('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
    answer('/readyz', (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .code(isDraining() ? 503 : 200)
        .send({ status: isDraining() ? 'draining' : 'ready', mode }),
    );
  };
