// A certified authorization server that nobody here wrote, with upstream's paths and habits, and a resource server behind it.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider';

/** What happened to tokens at the provider. */
interface OidcEvents {
  /** Grants that it revoked because a spent token came again. */
  revoked: number;
  /** Refresh tokens that were spent, in order. */
  readonly consumed: string[];
}

/** The provider and its one app, that of one location. */
export interface OidcServer extends AsyncDisposable {
  readonly url: string;
  readonly authorizeUrl: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly events: OidcEvents;
  /** Registers where the app's browsers come back to; nothing is answered before. */
  readonly register: (redirectUri: string) => void;
  /** Every access token is unknown from now on. */
  readonly expireAccessTokens: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Whose consent it is that the provider's own page gives: it logs in and allows everything without asking. */
export interface OidcSubject {
  readonly locationId: string;
  readonly companyId: string;
  readonly scopes: readonly string[];
}

/** Rotation on, PKCE required, credentials in the body. */
export const startOidcProvider = async (subject: OidcSubject): Promise<OidcServer> => {
  const client = { id: 'oidc-app', secret: randomBytes(24).toString('base64url') };
  const events: OidcEvents = { revoked: 0, consumed: [] };
  let handle = (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(503).end();
  let expire = () => Promise.resolve();
  const server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return {
    url,
    authorizeUrl: `${url}/v2/oauth/chooselocation`,
    client,
    events,
    register: (redirectUri) => {
      const provider = createProvider(url, { client, redirectUri, subject });
      const living = note(provider, events);
      expire = async () => {
        for (const token of living.splice(0)) await (await provider.AccessToken.find(token))?.destroy();
      };
      const authorize = provider.callback();
      handle = (request, response) => {
        if (request.url?.startsWith('/social-media-posting/')) void answerTags(provider, request, response);
        else void authorize(request, response);
      };
    },
    expireAccessTokens: () => expire(),
    close,
    [Symbol.asyncDispose]: close,
  };
};

interface App {
  readonly client: OidcServer['client'];
  readonly redirectUri: string;
  readonly subject: OidcSubject;
}

const createProvider = (issuer: string, { client, redirectUri, subject }: App): Provider => {
  const { scopes, locationId, companyId } = subject;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    adapter: createMemory(),
    routes: { authorization: '/v2/oauth/chooselocation', token: '/oauth/token' },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    scopes: [...scopes],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    jwks: { keys: [signingKey()] },
    ttl: {
      AccessToken: 3_600,
      AuthorizationCode: 60,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 600,
      Interaction: 600,
    },
  });
  provider.use(async (ctx, next) => {
    if (ctx.path.startsWith('/interaction/')) {
      const grant = new provider.Grant({ accountId: 'installer', clientId: client.id });
      grant.addOIDCScope(scopes.join(' '));
      const result = { login: { accountId: 'installer' }, consent: { grantId: await grant.save() } };
      ctx.respond = false;
      await provider.interactionFinished(ctx.req, ctx.res, result);
      return;
    }
    await next();
    const body: unknown = ctx.body;
    if (ctx.path === '/oauth/token' && ctx.status === 200 && typeof body === 'object')
      ctx.body = { ...body, userType: 'Location', locationId, companyId };
  });
  return provider;
};

// The provider's own memory warns at each start that it is one.
const createMemory = (): ((kind: string) => Adapter) => {
  const kept = new Map<string, AdapterPayload>();
  return (kind) => {
    const find = (id: string) => Promise.resolve(kept.get(`${kind} ${id}`));
    return {
      upsert: (id, payload) => Promise.resolve(void kept.set(`${kind} ${id}`, payload)),
      find,
      findByUid: (uid) => Promise.resolve([...kept.values()].find((payload) => payload.uid === uid)),
      findByUserCode: () => Promise.resolve(undefined),
      consume: async (id) => void Object.assign((await find(id)) ?? {}, { consumed: Math.floor(Date.now() / 1_000) }),
      destroy: (id) => Promise.resolve(void kept.delete(`${kind} ${id}`)),
      revokeByGrantId: (grantId) => {
        for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
        return Promise.resolve();
      },
    };
  };
};

const signingKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' };
};

/** Counts into `events`, gives the access tokens that live. */
const note = (provider: Provider, events: OidcEvents): string[] => {
  const living: string[] = [];
  provider.on('access_token.saved', ({ jti }) => void living.push(jti));
  provider.on('refresh_token.consumed', ({ jti }) => void events.consumed.push(jti));
  provider.on('grant.revoked', () => (events.revoked += 1));
  return living;
};

/** What the vendor's tag list answers, for whoever has a token that the provider knows. */
const answerTags = async (
  provider: Provider,
  { headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  const token = bearer === undefined ? undefined : await provider.AccessToken.find(bearer);
  const mayRead = token?.scope?.split(' ').includes('socialplanner/tag.readonly') === true;
  const status = mayRead ? 200 : 401;
  const tags = [{ _id: '0'.repeat(24), tag: 'certified', locationId: 'any', createdAt: '2026-01-01T00:00:00.000Z' }];
  const body = mayRead ? { success: true, results: { tags, count: 1 } } : { statusCode: 401, message: 'Invalid JWT' };
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
