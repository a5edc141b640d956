// An upstream that gives away what it was told.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Canaries } from './leaks.ts';

/** The one location of this upstream, and its company. */
export const locationId = 've9EPM428h8vShlRW1KT';
/** Its company. */
export const companyId = 'UAXssdawIWAWD0a1b2c3';

/** How one side of upstream answers: as it should, or with all that it was sent. */
export type Manner = 'good' | 'html' | 'no-token' | 'cut' | number;

/** A running upstream that may be bad. */
export interface Hostile {
  readonly url: string;
  token: Manner;
  data: Manner;
  /** What came, so that what the gateway made up by itself is a canary too. */
  readonly seen: { readonly authorizations: Set<string>; readonly bodies: string[] };
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** An upstream that gives canaries for tokens and, when it is bad, repeats every header and the body in all the places of its answer. */
export const startHostile = async (canaries: Canaries): Promise<Hostile> => {
  let count = 0;
  const fresh = (name: string) => canaries.plant(`${name} ${(count += 1)}`);
  const freshToken = (name: string) => canaries.plantToken(`${name} ${(count += 1)}`);
  const tokens = (form: URLSearchParams, path: string) => ({
    access_token: freshToken('access token'),
    refresh_token: fresh('refresh token'),
    expires_in: 86_399,
    scope: 'locations.readonly socialplanner/tag.readonly',
    companyId,
    ...((path.endsWith('locationToken') || form.get('user_type') === 'Location') && { locationId }),
  });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const path = request.url ?? '';
      hostile.seen.authorizations.add(request.headers.authorization ?? '');
      hostile.seen.bodies.push(body);
      const isToken = path.startsWith('/oauth/');
      const manner = isToken ? hostile.token : hostile.data;
      if (manner === 'cut') {
        response.destroy();
        return;
      }
      const isForm = request.headers['content-type']?.includes('json') !== true;
      const form = isForm ? `${new URLSearchParams(body).toString()} ${decodeURIComponent(body)}` : '';
      const echo = `You sent ${body} ${form} ${JSON.stringify(request.headers)}`;
      const words = { statusCode: manner, message: echo, error: echo, error_description: echo, traceId: echo };
      const echoed = { 'retry-after': '0', 'x-echo': encodeURIComponent(echo).slice(0, 4_000) };
      const send = (status: number, type: string, text: string) =>
        response.writeHead(status, { 'content-type': type, ...(manner === 'good' ? {} : echoed) }).end(text);
      const sendJson = (status: number, value: unknown) => send(status, 'application/json', JSON.stringify(value));
      const good = isToken
        ? tokens(new URLSearchParams(body), path)
        : { location: { id: locationId, name: 'Harbour' } };
      if (manner === 'html') send(200, 'text/html', `<html>${echo}</html>`);
      else if (manner === 'no-token') sendJson(200, { ...words, token: fresh('stray token') });
      else if (manner === 'good') sendJson(200, good);
      else sendJson(manner, words);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hostile: Hostile = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: 'good',
    data: 'good',
    seen: { authorizations: new Set(), bodies: [] },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return hostile;
};

/** All the bad ones. */
export const manners: readonly Manner[] = ['html', 'no-token', 'cut', 400, 401, 403, 404, 409, 422, 429, 500, 503, 302];
