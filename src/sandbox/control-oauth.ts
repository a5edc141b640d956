import type { FastifyInstance } from 'fastify';
import { bodyOf } from './control-input.ts';
import { ChosenHolder, ChosenLocation, ReconnectChange } from './control-schemas.ts';
import { toHolder } from './installations.ts';
import type { World } from './route.ts';

/** What a person does to grants and installations; the other end of the handle's methods of the same names. */
export const oauthRoutes = (app: FastifyInstance, { grants, installations, state }: World): void => {
  app.post('/expire-access-tokens', (_request, reply) => {
    grants.tokens.expireAccess();
    return reply.code(204).send();
  });
  app.post('/revoke-grants', (request, reply) => {
    grants.tokens.revoke(toHolder(bodyOf(ChosenHolder, request), state));
    return reply.code(204).send();
  });
  app.post('/install', (request, reply) => {
    installations.install(bodyOf(ChosenLocation, request).locationId);
    return reply.code(204).send();
  });
  app.post('/uninstall', (request, reply) => {
    installations.uninstall(bodyOf(ChosenLocation, request).locationId);
    return reply.code(204).send();
  });
  app.patch('/reconnect', (request) => {
    grants.allowReconnect(bodyOf(ReconnectChange, request).isAllowed);
    return { isAllowed: grants.isReconnectAllowed() };
  });
};
