import { createHash } from 'node:crypto';
import { badRequest, VendorError } from '../errors.ts';
import { textField } from '../route.ts';
import type { OpenRoute, World } from '../route.ts';
import type { CodeTerms, Holder } from '../tokens.ts';

const demand = (body: unknown, name: string): string => {
  const value = textField(body, name);
  if (value === null) throw badRequest(`Missing parameter: ${name}`);
  return value;
};

/** Throws 401 unless the credentials are the sandbox's own. The shape is plausible, the vendor documents none. */
export const checkClient = (world: World, id: string, secret: string): void => {
  if (id === world.client.id && secret === world.client.secret) return;
  const message = 'Invalid client: client credentials are invalid';
  throw new VendorError(401, { statusCode: 401, error: 'invalid_client', error_description: message, message });
};

const refreshed = (refreshToken: string, world: World): Readonly<Record<string, unknown>> => {
  const { tokens } = world.grants;
  const grant = tokens.findRefresh(refreshToken);
  if (grant === null) {
    tokens.noteRefused(refreshToken);
    throw badRequest('Invalid grant: refresh token is invalid');
  }
  world.installations.assertActive(grant.holder); // before it is spent: the same token works again after the pause
  tokens.spendRefresh(refreshToken);
  return world.grants.tokenAnswer(grant, true);
};

/** What the authorization request promised (RFC 6749 §4.1.3, RFC 7636 §4.6); the vendor documents neither text. */
const checkTerms = ({ redirectUri, codeChallenge }: CodeTerms, body: unknown): void => {
  if (redirectUri !== null && textField(body, 'redirect_uri') !== redirectUri)
    throw badRequest('Invalid grant: redirect_uri mismatch');
  const verifier = textField(body, 'code_verifier') ?? '';
  if (codeChallenge !== null && createHash('sha256').update(verifier).digest('base64url') !== codeChallenge)
    throw badRequest('Invalid grant: code verifier is invalid');
};

const exchanged = (body: unknown, world: World): Readonly<Record<string, unknown>> => {
  const code = demand(body, 'code');
  const grant = world.grants.tokens.findCode(code);
  if (grant === null) throw badRequest('Invalid grant: authorization code is invalid');
  world.installations.assertActive(grant.holder);
  checkTerms(grant, body);
  world.grants.tokens.spendCode(code);
  return world.grants.tokenAnswer(grant, true);
};

/** A grant the vendor names without describing: here `locationId` chooses the location, and no refresh token comes. */
const byCredentials = (body: unknown, world: World): Readonly<Record<string, unknown>> => {
  const userType = textField(body, 'user_type') ?? 'Company';
  if (userType !== 'Company' && userType !== 'Location') throw badRequest('Invalid parameter: user_type');
  const companyId = textField(body, 'companyId') ?? world.state.companyId;
  if (companyId !== world.state.companyId) throw badRequest('Invalid parameter: companyId');
  const holder: Holder =
    userType === 'Location'
      ? world.installations.installedHolder(demand(body, 'locationId'))
      : { kind: 'Company', companyId };
  return world.grants.tokenAnswer({ holder, scopes: null }, false);
};

/** The 2021-07-28 form: snake_case, credentials in the body, no Version needed. Refresh tokens are single use. */
export const token: OpenRoute = {
  name: 'token',
  kind: 'open',
  method: 'POST',
  path: '/oauth/token',
  answer: ({ body }, world) => {
    const grantType = demand(body, 'grant_type');
    checkClient(world, demand(body, 'client_id'), demand(body, 'client_secret'));
    switch (grantType) {
      case 'client_credentials':
        return { status: 200, body: byCredentials(body, world) };
      case 'refresh_token':
        return { status: 200, body: refreshed(demand(body, 'refresh_token'), world) };
      case 'authorization_code':
        return { status: 200, body: exchanged(body, world) };
      default:
        throw badRequest('Invalid parameter: grant_type');
    }
  },
};
