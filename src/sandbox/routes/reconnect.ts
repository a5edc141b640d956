import { badRequest } from '../errors.ts';
import { textField } from '../route.ts';
import type { OpenRoute, World } from '../route.ts';
import type { Holder } from '../tokens.ts';
import { checkClient } from './token.ts';

const holderOf = (body: unknown, { grants, state }: World): Holder => {
  const locationId = textField(body, 'locationId');
  if (locationId !== null) return grants.installedHolder(locationId);
  const companyId = textField(body, 'companyId');
  if (companyId === null) throw badRequest('Missing parameter: locationId or companyId');
  if (companyId !== state.companyId) throw badRequest('Invalid parameter: companyId');
  return { kind: 'Company', companyId };
};

/** For lost tokens: a code for the authorization_code grant, without a browser (help centre; not in the specification). */
export const reconnect: OpenRoute = {
  name: 'reconnect',
  kind: 'open',
  method: 'POST',
  path: '/oauth/reconnect',
  answer: ({ body }, world) => {
    checkClient(world, textField(body, 'clientKey') ?? '', textField(body, 'clientSecret') ?? '');
    const { code, expiresAt } = world.grants.tokens.issueCode(holderOf(body, world));
    return { status: 200, body: { authorizationCode: code, expiresAt: new Date(expiresAt).toISOString() } };
  },
};
