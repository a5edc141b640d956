// An identity provider that nobody here wrote: it issues JWT access tokens after RFC 9068 for one API, to a client by itself.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Adapter } from 'oidc-provider';

/** The provider, with one client. */
export interface OidcIssuer extends AsyncDisposable {
  readonly issuer: string;
  /** As its own discovery document names it. */
  readonly jwksUrl: () => Promise<string>;
  readonly clientId: string;
  /** Asks the token endpoint, as the client. */
  readonly issue: (scope: string) => Promise<string>;
}

/** What the API is, and what every token for it says besides. */
export interface OidcApi {
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Signs with RS256, two keys published. */
export const startOidcIssuer = async (api: OidcApi): Promise<OidcIssuer> => {
  const client = { id: 'service', secret: randomBytes(24).toString('base64url') };
  let handle = (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answer = createProvider(issuer, client, api).callback();
  handle = (request, response) => void answer(request, response);
  return {
    issuer,
    clientId: client.id,
    jwksUrl: async () => textOf(await fetch(`${issuer}/.well-known/openid-configuration`), 'jwks_uri'),
    issue: async (scope) => {
      const form = { grant_type: 'client_credentials', resource: api.audience, scope };
      const credentials = { client_id: client.id, client_secret: client.secret };
      const body = new URLSearchParams({ ...form, ...credentials });
      return textOf(await fetch(`${issuer}/token`, { method: 'POST', body }), 'access_token');
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const textOf = async (response: Response, member: string): Promise<string> => {
  const body: unknown = await response.json();
  const value: unknown = Object(body)[member];
  if (typeof value !== 'string') throw new Error(`no ${member}: ${response.status} ${JSON.stringify(body)}`);
  return value;
};

const createProvider = (
  issuer: string,
  client: { readonly id: string; readonly secret: string },
  { audience, scopes, claims }: OidcApi,
): Provider =>
  new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [],
        grant_types: ['client_credentials'],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    adapter: () => nothingKept,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          audience,
          scope: scopes.join(' '),
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    extraTokenClaims: () => ({ ...claims }),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    jwks: { keys: [signingKey('first'), signingKey('second')] },
    ttl: { ClientCredentials: 600 },
  });

const signingKey = (kid: string) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
};

// Tokens that are JWTs are not stored, and there is nothing else; the provider's own memory warns at each start that it is one.
const nothing = () => Promise.resolve(undefined);
const nothingKept: Adapter = {
  upsert: nothing,
  find: nothing,
  findByUid: nothing,
  findByUserCode: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
};
