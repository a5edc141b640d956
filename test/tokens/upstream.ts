// The way from a grant to a sandbox or to a server that answers what it is told, with the product's own transport.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toLocationId, type LocationId } from '../../src/model/ids.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { migrate } from '../../src/stores/migrate.ts';
import { openDatabase, type Database } from '../../src/stores/sql.ts';
import { createAccessTokens } from '../../src/tokens/access-tokens.ts';
import { authorize } from '../../src/tokens/authorize.ts';
import { createAudit, type Audit } from '../../src/tokens/audit.ts';
import { createGrantStore } from '../../src/tokens/grant-store.ts';
import { seededGrant, type Grant } from '../../src/tokens/grants.ts';
import { grantMigrations, type GrantTables } from '../../src/tokens/migrations.ts';
import { createOAuthClient, type OAuthClient, type OAuthClientOptions } from '../../src/tokens/oauth-client.ts';
import { createRedeem } from '../../src/tokens/redeem.ts';
import { createRenewal } from '../../src/tokens/renewal.ts';
import { createSeal } from '../../src/tokens/seal.ts';
import type { GrantSpace } from '../../src/tokens/stored-grant.ts';
import { createTokenEndpoint } from '../../src/tokens/token-endpoint.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import { createUpstream } from '../../src/upstream/endpoint.ts';
import { listTags } from '../../src/upstream/endpoints/list-tags.ts';
import { searchLocations } from '../../src/upstream/endpoints/search-locations.ts';
import { stack } from '../../src/upstream/send.ts';
import { createDispatcher, createTransport } from '../../src/upstream/transport.ts';

/** The id, or a failing test. */
export const idOf = (text: string): LocationId => {
  const id = toLocationId(text);
  if (id === null) throw new Error(`not an id: ${text}`);
  return id;
};

/** What a grant is made from. */
export interface GrantParts {
  readonly client: OAuthClient;
  readonly audit: Audit;
}

const silentLog = createLog({ level: 'silent', secrets: [] });

/** An access log that nobody reads. */
export const silentAudit = createAudit({ log: silentLog, tally: createTally() });

/** A store in memory, with the keys that its records are sealed by. */
export const openSpace = async (): Promise<GrantSpace & { readonly database: Database<GrantTables> }> => {
  const database = await openDatabase<GrantTables>({ path: ':memory:' });
  await migrate(database, grantMigrations);
  return { database, app: 'app', seal: createSeal([{ id: 'test', bytes: new Uint8Array(32).fill(7) }]) };
};

/** A grant in a store of its own, whose first refresh token stood in the settings. */
export const storedGrant = async (refreshToken: string, { canReconnect = true } = {}) => {
  const space = await openSpace();
  const store = createGrantStore(space);
  await store.seed('seed', { refreshToken, fingerprint: 'first', companyId: null });
  const toGrant = ({ client, audit }: GrantParts): Grant => {
    const redeem = createRedeem({ leases: store.leases, client, audit, canReconnect });
    return seededGrant(createRenewal({ store, redeem, log: silentLog, tally: createTally() }));
  };
  return { store, toGrant, [Symbol.asyncDispose]: () => space.database.close() };
};

/** The client of an app, with the product's own transport. */
export const createTestClient = (
  { url, client, authorizeUrl }: Pick<Sandbox, 'url' | 'client'> & { readonly authorizeUrl?: string },
  { timeoutMs = 5_000, ...options }: { timeoutMs?: number } & Partial<OAuthClientOptions> = {},
) => {
  const dispatcher = createDispatcher();
  const oauthClient = createOAuthClient({
    url,
    authorizeUrl: authorizeUrl ?? `${url}/v2/oauth/chooselocation`,
    clientId: client.id,
    clientSecret: client.secret,
    previousSecret: null,
    endpoint: createTokenEndpoint(dispatcher, { timeoutMs }),
    ...options,
  });
  return { client: oauthClient, dispatcher, close: () => dispatcher.destroy() };
};

/** What a test asks through: tags of a location or the locations of the company, with the access tokens of `toGrant`. */
export const connect = (
  app: Pick<Sandbox, 'url' | 'client'>,
  toGrant: (parts: GrantParts) => Grant,
  { timeoutMs = 5_000 } = {},
) => {
  const { url } = app;
  const { client, dispatcher, close } = createTestClient(app, { timeoutMs });
  const grant = toGrant({ audit: silentAudit, client });
  const tokens = createAccessTokens({ grant, wantedScopes: ['socialplanner/tag.readonly', 'locations.readonly'] });
  const send = stack([authorize(tokens)], createTransport(dispatcher, { url, isTellingOperations: false }));
  const upstream = createUpstream({ send, tolerated: () => undefined });
  const cause = ownCause('interactive', 60_000);
  const outcome = async (answer: Promise<unknown>): Promise<string> => {
    try {
      await answer;
      return 'data';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  };
  return {
    grant,
    tokens,
    /** 'data' or the code of the error. */
    tags: (locationId: string) =>
      outcome(upstream.call(listTags, { locationId: idOf(locationId), search: null, limit: 5, skip: 0 }, cause)),
    locations: () => outcome(upstream.call(searchLocations, { companyId: null, limit: 5, skip: 0 }, cause)),
    installation: (locationId: string) => tokens.installation(idOf(locationId), cause.signal),
    [Symbol.asyncDispose]: close,
  };
};

/** Calls of the token endpoint and of all others that a sandbox saw. */
export const callsOf = (sandbox: Sandbox) => {
  const [token = [], data = []] = [true, false].map((isToken) =>
    sandbox.calls().filter(({ route }) => (route === 'token') === isToken),
  );
  return { token, data, counts: { token: token.length, data: data.length } };
};

/** A token endpoint that answers as `reply` says; `bodies` are the forms that arrived. */
export const startTokenEndpoint = async (reply: (response: ServerResponse, request: IncomingMessage) => void) => {
  const bodies: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(new URLSearchParams(text));
      reply(response, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    client: { id: 'app-1', secret: 'a-very-secret-secret' },
    bodies,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
