import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import type { Holder, Send, UpstreamRequest, UpstreamResponse } from '../../src/upstream/send.ts';
import { createDispatcher, createTransport } from '../../src/upstream/transport.ts';
import { locationId } from './over-sandbox.ts';

/** A location that needs no more than a name. */
export const location = (name: string): Holder => ({ kind: 'location', locationId: locationId(name) });

/** A read that somebody waits for during `patienceMs`. */
export const question = (more: Partial<UpstreamRequest> = {}, patienceMs = 10_000): UpstreamRequest => ({
  endpoint: 'listTags',
  method: 'GET',
  path: '/tags',
  headers: {},
  body: null,
  holder: location('a'),
  scope: 'socialplanner/tag.readonly',
  isRepeatable: true,
  ...ownCause('interactive', patienceMs),
  urgency: fixedUrgency('interactive', Date.now() + patienceMs),
  ...more,
});

/** An answer, or the code of an error that takes its place. */
export type Outcome = Partial<UpstreamResponse> | GatewayError | Error;

/** What comes of that on the wire. */
export const answerWith = (outcome: Outcome): Promise<UpstreamResponse> =>
  outcome instanceof Error
    ? Promise.reject(outcome)
    : Promise.resolve({ status: 200, headers: {}, body: null, ...outcome });

/** What became of a question, in one word: the status, the code, or the message of any other error. */
export const endOf = async (answer: Promise<UpstreamResponse>): Promise<number | string> => {
  try {
    return (await answer).status;
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
};

/** A server that can be made bad at any time, and a transport to it. */
export interface Faulty extends AsyncDisposable {
  /** How to answer, each in its turn; the last one stays. */
  ways: readonly RequestListener[];
  /** Requests that arrived. */
  readonly arrived: () => number;
  /** Whether nothing is going to come: all that was sent has arrived, and the last of it is left hanging. */
  readonly isStuck: () => boolean;
  /** Whether nothing is on its way. */
  readonly isQuiet: () => boolean;
  readonly transport: Send;
}

/** Answers with {} as long as it is not told otherwise. */
export const startFaulty = async (): Promise<Faulty> => {
  const count = { arrived: 0, sent: 0, ended: 0 };
  let last: RequestListener = ways.good;
  const server = createServer((request, response) => {
    count.arrived += 1;
    const [way = ways.good, ...rest] = faulty.ways;
    if (rest.length > 0) faulty.ways = rest;
    last = way;
    way(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dispatcher = createDispatcher({ connections: 256 }); // nothing that is sent waits for another's connection
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const send = createTransport(dispatcher, { url, isTellingOperations: false });
  const faulty: Faulty = {
    ways: [ways.good],
    arrived: () => count.arrived,
    isStuck: () => count.sent > count.ended && count.arrived === count.sent && last === ways.hang,
    isQuiet: () => count.sent === count.ended,
    transport: (request) => {
      count.sent += 1;
      return send(request).finally(() => (count.ended += 1));
    },
    [Symbol.asyncDispose]: async () => {
      await dispatcher.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return faulty;
};

const status =
  (code: number, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(code, headers).end('{}');
const good = status(200);
const reset: RequestListener = (request) => void request.socket.resetAndDestroy();
const cut: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy());
const hang: RequestListener = () => undefined;

/** Ways to answer. */
export const ways = { status, good, reset, cut, hang };
