// The way from a grant to a sandbox or to a server that answers what it is told, with the product's own transport.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toLocationId, type LocationId } from '../../src/model/ids.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createAccessTokens } from '../../src/tokens/access-tokens.ts';
import { authorize } from '../../src/tokens/authorize.ts';
import type { Grant, OAuthClient } from '../../src/tokens/grants.ts';
import { createTokenEndpointFetch } from '../../src/tokens/token-endpoint.ts';
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

/** What a test asks through: tags of a location or the locations of the company, with the access tokens of `toGrant`. */
export const connect = (
  { url, client }: Pick<Sandbox, 'url' | 'client'>,
  toGrant: (client: OAuthClient) => Grant,
  { timeoutMs = 5_000 } = {},
) => {
  const dispatcher = createDispatcher();
  const fetch = createTokenEndpointFetch(dispatcher, { timeoutMs });
  const grant = toGrant({ url, clientId: client.id, clientSecret: client.secret, fetch });
  const tokens = createAccessTokens({ grant, wantedScopes: ['socialplanner/tag.readonly', 'locations.readonly'] });
  const send = stack([authorize(tokens)], createTransport(dispatcher, { url, isTellingOperations: false }));
  const upstream = createUpstream({ send, tolerated: () => undefined });
  const cause = { signal: new AbortController().signal, operations: [] };
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
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
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
