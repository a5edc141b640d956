import type { FastifyInstance, FastifyReply, RouteHandlerMethod } from 'fastify';

/** Whether this process should get requests; `mode` tells invented data from real. */
export interface Health {
  readonly isDraining: () => boolean;
  readonly mode: 'sandbox' | 'live';
}

/** GET /livez: the process runs. GET /readyz: it wants requests. Neither asks upstream: its outage must not take the gateway away. */
export const healthRoutes =
  ({ isDraining, mode }: Health) =>
  (app: FastifyInstance): void => {
    answer(app, '/livez', (_request, reply) => tell(reply, 200, { status: 'ok' }));
    answer(app, '/readyz', (_request, reply) =>
      tell(reply, isDraining() ? 503 : 200, { status: isDraining() ? 'draining' : 'ready', mode }),
    );
  };

/** Something that may be well or not. */
export interface Check {
  /** What is said of the whole while this is not well: `degraded` still wants requests, everything else does not. */
  readonly otherwise: 'starting' | 'draining' | 'overloaded' | 'degraded';
  readonly isWell: () => boolean | Promise<boolean>;
}

/** What the operator is told besides, by name; the first one that is not well says what the whole is. `start` is /startupz, too. */
export type Checks = Readonly<Record<string, Check>> & { readonly start: Check };

/** The same with the state of each part, and GET /startupz: it has started. For the operator's own port. */
export const checkedHealthRoutes = (checks: Checks, mode: Health['mode']) => {
  const look = createLook(checks);
  return (app: FastifyInstance): void => {
    answer(app, '/livez', (_request, reply) => tell(reply, 200, { status: 'ok' }));
    answer(app, '/readyz', async (_request, reply) => {
      const seen = await look();
      const status = seen.find(({ isWell }) => !isWell)?.otherwise ?? 'ready';
      const told = Object.fromEntries(seen.map(({ name, isWell, seconds }) => [name, { isWell, seconds }]));
      return tell(reply, status === 'ready' || status === 'degraded' ? 200 : 503, { status, mode, checks: told });
    });
    answer(app, '/startupz', async (_request, reply) => {
      const hasStarted = await checks.start.isWell();
      return tell(reply, hasStarted ? 200 : 503, { status: hasStarted ? 'started' : 'starting' });
    });
  };
};

const answer = (app: FastifyInstance, url: string, handler: RouteHandlerMethod) =>
  app.route({ method: ['GET', 'HEAD'], url, handler });

const tell = (reply: FastifyReply, status: number, body: object) =>
  reply.header('cache-control', 'no-store').code(status).send(body);

/** A check that takes longer is not well. */
const checkMs = 1_000;

// `seconds` counts from the first look that found a part as it is now: nobody looks in between, so it may have been so for longer.
const createLook = (checks: Checks) => {
  const states = new Map<string, { readonly isWell: boolean; readonly since: number }>();
  const one = async ([name, { otherwise, isWell: ask }]: readonly [string, Check]) => {
    const isWell = await inTime(ask);
    const now = Date.now();
    const before = states.get(name);
    const state = before?.isWell === isWell ? before : { isWell, since: now };
    states.set(name, state);
    return { name, otherwise, isWell, seconds: Math.round((now - state.since) / 1_000) };
  };
  return () => Promise.all(Object.entries(checks).map(one));
};

const inTime = async (ask: Check['isWell']): Promise<boolean> => {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), checkMs);
  try {
    return await Promise.race([ask(), tooLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
};
