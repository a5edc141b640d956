import Fastify, { LogController } from 'fastify';
import type { FastifyError, FastifyInstance } from 'fastify';
import { createCalls } from './calls.ts';
import { createClient } from './client.ts';
import type { Sandbox, SandboxOptions } from './contract.ts';
import { controlRoutes } from './control.ts';
import { createDesk } from './desk.ts';
import type { Desk } from './desk.ts';
import { notFound, VendorError } from './errors.ts';
import { createFaults } from './faults.ts';
import { createFigures } from './figures.ts';
import { createGrants } from './grants.ts';
import { createHandle } from './handle.ts';
import { createInstallations } from './installations.ts';
import { createLimits } from './limits.ts';
import { createPosts } from './posts.ts';
import { ROUTES } from './routes/index.ts';
import { seedCompany } from './seed.ts';
import { createState } from './state.ts';
import { createTokens } from './tokens.ts';

export type { RouteName, Sandbox, SandboxCall, SandboxFault, SandboxOptions } from './contract.ts';

const CONTROL = '/_sandbox';
const BODY_LIMIT = 1_048_576;

const isControl = (url: string | undefined): boolean => /^\/_sandbox(?:[/?]|$)/.test(url ?? '');

const vendorError = (error: FastifyError): VendorError => {
  const status = error.statusCode ?? 500;
  const message = status === 413 ? 'request entity too large' : status < 500 ? 'Bad Request' : 'Internal server error';
  return new VendorError(status, { statusCode: status, message });
};

/** A server that speaks of nothing, takes bodies as text, and forces every connection shut when it closes. */
const createServer = (desk: Desk): FastifyInstance => {
  const app = Fastify({
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // Callers that send slowly are let go; how long an answer takes is not limited, or faults could not hang.
    requestTimeout: 30_000,
    http: { headersTimeout: 10_000, requestTimeout: 30_000 },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    // Runs before all hooks, for addresses that cannot be decoded.
    frameworkErrors: (error, request, reply) => {
      desk.arrive(request, reply);
      void desk.refuse(request, reply, vendorError(error));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addHook('onRequest', (request, reply, done) => {
    if (!isControl(request.raw.url)) desk.arrive(request, reply);
    done();
  });
  app.setErrorHandler((error: FastifyError | VendorError, request, reply) =>
    desk.refuse(request, reply, error instanceof VendorError ? error : vendorError(error)),
  );
  app.setNotFoundHandler((request, reply) =>
    desk.refuse(request, reply, notFound(`Cannot ${request.method} ${request.raw.url?.split('?', 1)[0] ?? '/'}`)),
  );
  return app;
};

const createRooms = (options: SandboxOptions) => {
  const seed = options.seed ?? 7;
  const clock = options.now ?? (() => Date.now());
  const seeded = seedCompany(seed, options.extraLocations ?? 0);
  const state = createState(seeded, clock);
  const tokens = createTokens(clock, {
    ttlSeconds: options.accessTokenTtlSeconds ?? 86_399,
    revokesFamilyOnReuse: options.revokesFamilyOnReuse ?? false,
  });
  const burst = options.burst ?? { limit: 100, windowMs: 10_000 };
  return {
    seeded,
    faults: createFaults(seed),
    calls: createCalls(),
    limits: createLimits({ burst, dailyLimit: options.dailyLimit ?? 200_000 }, clock),
    world: {
      clock,
      client: createClient(seeded.client),
      state,
      installations: createInstallations(state, tokens, clock),
      grants: createGrants(state, tokens),
      figures: createFigures(seed),
      postsOf: createPosts(state.tags, clock),
      incompleteListRows: options.incompleteListRows ?? false,
    },
  };
};

const urlOf = (host: string, app: FastifyInstance): string => {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
};

/** Starts a sandbox and resolves when it listens. Rejects when the address is taken. It owns all its state. */
export const startSandbox = async (options: SandboxOptions = {}): Promise<Sandbox> => {
  const host = options.host ?? '127.0.0.1';
  const closing = new AbortController();
  const rooms = createRooms(options);
  const desk = createDesk({ ...rooms, closing: closing.signal });
  const app = createServer(desk);
  for (const route of ROUTES) app.route({ method: route.method, url: route.path, handler: desk.serve(route) });
  app.register(controlRoutes(rooms), { prefix: CONTROL });
  await app.listen({ host, port: options.port ?? 0 });
  const url = urlOf(host, app);
  const close = async (): Promise<void> => {
    closing.abort();
    await app.close();
  };
  return createHandle({ ...rooms, url, controlUrl: `${url}${CONTROL}`, close });
};
