import type { FastifyInstance } from 'fastify';

/** Whether this process should get requests; `mode` tells invented data from real. */
export interface Health {
  readonly isDraining: () => boolean;
  readonly mode: 'sandbox' | 'live';
}

/** GET /livez: the process runs. GET /readyz: it wants requests. Neither asks upstream: its outage must not take the gateway away. */
export const healthRoutes =
  ({ isDraining, mode }: Health) =>
  (app: FastifyInstance): void => {
    app.get('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }));
    app.get('/readyz', (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .code(isDraining() ? 503 : 200)
        .send({ status: isDraining() ? 'draining' : 'ready', mode }),
    );
  };
