import { randomBytes } from 'node:crypto';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Calls } from './calls.ts';
import { bodyOf, ControlError, parse } from './control-input.ts';
import { oauthRoutes } from './control-oauth.ts';
import { contentSecurityPolicy, controlPage } from './control-page.ts';
import { CallsQuery, Fault, LimitChange, NewTag, ROUTE_NAMES, TagName, TagsQuery } from './control-schemas.ts';
import type { Faults } from './faults.ts';
import type { Limits } from './limits.ts';
import { search } from './paging.ts';
import type { World } from './route.ts';
import { UnknownIdError } from './state.ts';

/** What the control page shows and changes. */
export interface ControlDeps {
  readonly world: World;
  readonly limits: Limits;
  readonly faults: Faults;
  readonly calls: Calls;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const TAG_PAGE = 50;
const MOST_CALLS = 200;

/** A page of another site may reach this port: by its own name, or by a form, which cannot send JSON. */
const checkOrigin = (request: FastifyRequest): void => {
  if (!LOOPBACK.test(request.headers.host ?? '') || !LOOPBACK_ADDRESS.test(request.ip))
    throw new ControlError(403, 'The control page answers on this machine only: use http://127.0.0.1 or localhost');
  const changes = request.method !== 'GET';
  if (changes && !/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new ControlError(415, 'Send content-type: application/json, also without a body');
};

const TagPath = z.object({ locationId: z.string(), tagId: z.string() });
const LocationPath = z.object({ locationId: z.string() });
const FaultPath = z.object({ id: z.coerce.number().int() });

const failed = (error: FastifyError | Error, reply: FastifyReply): FastifyReply => {
  const known = error instanceof ControlError ? error.status : error instanceof UnknownIdError ? 404 : null;
  const status = known ?? ('statusCode' in error ? error.statusCode : null) ?? 500;
  return reply.code(status).send({ error: status < 500 ? error.message : 'The sandbox has a defect' });
};

const summary = ({ world, limits, faults }: ControlDeps) => ({
  companyId: world.state.companyId,
  client: { id: world.client.id },
  limits: limits.settings(),
  routes: ROUTE_NAMES,
  faults: faults.list(),
  isReconnectAllowed: world.grants.isReconnectAllowed(),
  spentRefreshTokensPresented: world.grants.tokens.spentPresented(),
  locations: world.state.locations.map(({ id, companyId, plan, accounts }) => ({
    id,
    name: plan.name,
    timeZone: plan.timeZone,
    isInstalled: world.installations.installedAt(id) !== null,
    isOtherTenant: companyId !== world.state.companyId,
    isPaused: world.installations.isPaused(id),
    accountCount: accounts.length,
  })),
});

const tagPage = ({ state }: World, locationId: string, query: z.infer<typeof TagsQuery>) => {
  const alive = state.tags(locationId).filter(({ isDeleted }) => !isDeleted);
  const found = search(alive, query.searchText, ({ name }) => name);
  return {
    count: found.length,
    tags: found.slice(query.skip, query.skip + TAG_PAGE).map(({ id, name }) => ({ id, name })),
  };
};

const tagRoutes = (app: FastifyInstance, { world }: ControlDeps): void => {
  const { state } = world;
  app.get('/tags/:locationId', (request) =>
    tagPage(world, parse(LocationPath, request.params).locationId, parse(TagsQuery, request.query)),
  );
  app.post('/tags', (request, reply) => {
    const { locationId, name } = bodyOf(NewTag, request);
    return reply.code(201).send({ id: state.addTag(locationId, name), name });
  });
  app.patch('/tags/:locationId/:tagId', (request) => {
    const { locationId, tagId } = parse(TagPath, request.params);
    const { name } = bodyOf(TagName, request);
    state.renameTag(locationId, tagId, name);
    return { id: tagId, name };
  });
  app.delete('/tags/:locationId/:tagId', (request, reply) => {
    const { locationId, tagId } = parse(TagPath, request.params);
    state.removeTag(locationId, tagId);
    return reply.code(204).send();
  });
};

const faultRoutes = (app: FastifyInstance, { faults }: ControlDeps): void => {
  app.get('/faults', () => ({ faults: faults.list() }));
  app.post('/faults', (request, reply) => {
    const id = faults.set(bodyOf(Fault, request));
    return reply.code(201).send({ id, faults: faults.list() });
  });
  app.delete('/faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
  app.delete('/faults/:id', (request, reply) => {
    const { id } = parse(FaultPath, request.params);
    if (!faults.remove(id)) throw new ControlError(404, `There is no fault ${id}; GET /_sandbox/faults lists them`);
    return reply.code(204).send();
  });
};

const callRoutes = (app: FastifyInstance, { calls }: ControlDeps): void => {
  app.get('/calls', (request) => ({
    last: calls.lastNumber(),
    calls: calls.after(parse(CallsQuery, request.query).after, MOST_CALLS),
  }));
  app.delete('/calls', (_request, reply) => {
    calls.clear();
    return reply.code(204).send();
  });
};

/** The page and its JSON interface, to be registered below /_sandbox. Loopback only; changes want application/json. */
export const controlRoutes = (deps: ControlDeps) => (app: FastifyInstance, _options: object, done: () => void) => {
  app.addHook('onRequest', (request, reply, next) => {
    checkOrigin(request);
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    next();
  });
  app.setErrorHandler((error: FastifyError | Error, _request, reply) => failed(error, reply));
  app.setNotFoundHandler((_request, reply) => failed(new ControlError(404, 'See GET /_sandbox/state'), reply));
  app.get('/', (_request, reply) => {
    const nonce = randomBytes(16).toString('base64url');
    return reply
      .header('content-security-policy', contentSecurityPolicy(nonce))
      .type('text/html; charset=utf-8')
      .send(controlPage(nonce));
  });
  app.get('/state', () => summary(deps));
  tagRoutes(app, deps);
  faultRoutes(app, deps);
  callRoutes(app, deps);
  oauthRoutes(app, deps.world);
  app.patch('/limits', (request) => {
    deps.limits.change(bodyOf(LimitChange, request));
    return deps.limits.settings();
  });
  done();
};
