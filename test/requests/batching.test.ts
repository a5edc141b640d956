import { once } from 'node:events';
import { Agent, createServer, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { byClientCredentials, startTestGateway, type TestGateway } from '../support/gateway.ts';

/** The clock by which ids wait for each other goes at a twentieth of its speed: what comes at once does so on a slow machine, too. */
beforeEach(() => {
  const real = performance.now.bind(performance);
  const startedAt = real();
  jest.spyOn(performance, 'now').mockImplementation(() => startedAt + (real() - startedAt) / 20);
});
afterEach(() => void jest.restoreAllMocks());

const question = `query One($location: ID!, $tag: ID!) {
  location(id: $location) { tag(id: $tag) { id name details { createdAt } } } }`;

interface Answer {
  readonly data: { readonly location: { readonly tag: { readonly id: string; readonly name: string } | null } | null };
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  readonly extensions: { readonly cost: { readonly made: number; readonly shared: number } };
}

/** One operation, over a socket of its own that can be destroyed. */
const createSend = ({ url, sandbox }: TestGateway) => {
  const agent = new Agent({ maxSockets: Infinity });
  return (tag: string) => {
    const body = JSON.stringify({ query: question, variables: { location: sandbox.locations.large, tag } });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return request(`${url}/graphql`, { method: 'POST', agent, headers }).end(body);
  };
};

/** Of one that is destroyed, which is an error to whoever listens for it. */
const closeOf = (sent: ClientRequest): Promise<unknown> =>
  new Promise((resolve) => void sent.on('error', () => undefined).once('close', resolve));

const answerTo = async (sent: ClientRequest): Promise<Answer> => {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const texts = (await response.setEncoding('utf8').toArray()) as string[];
  return JSON.parse(texts.join('')) as Answer;
};

const detailCalls = (gateway: TestGateway): string[][] =>
  gateway
    .calls()
    .filter(({ route }) => route === 'readTagDetails')
    .map(({ requestBody }) => (requestBody as { tagIds: string[] }).tagIds);

const patient = { requestDeadlineMs: 60_000, upstreamTimeoutMs: 30_000 };

const tagsOf = ({ sandbox }: TestGateway, count: number) => sandbox.tagsOf(sandbox.locations.large).slice(0, count);

describe('operations that each ask for one tag of a location', () => {
  test('cost a call for a hundred of them, get each its own tag, and who leaves harms nobody', async () => {
    await using gateway = await startTestGateway({ config: patient });
    const send = createSend(gateway);
    const [leaving, ...tags] = tagsOf(gateway, 1_001);
    const answers = tags.slice(0, 500).map(({ id }) => answerTo(send(id)));
    const leaver = send(leaving?.id ?? '');
    answers.push(...tags.slice(500).map(({ id }) => answerTo(send(id))));
    const gone = [closeOf(leaver), expect(answerTo(leaver)).rejects.toThrow('socket hang up')];
    await Promise.race(answers);
    leaver.destroy();
    await Promise.all(gone);
    const told = await Promise.all(answers);
    expect(told.filter(({ errors }) => errors)).toEqual([]);
    expect(told.map(({ data }) => data.location?.tag)).toMatchObject(tags.map(({ id, name }) => ({ id, name })));
    const calls = detailCalls(gateway);
    expect(calls.length).toBeLessThanOrEqual(12);
    expect(new Set(calls.flat()).size).toBe(calls.flat().length);
    const costs = told.map(({ extensions }) => extensions.cost);
    expect(costs.every(({ made, shared }) => made + shared === 1)).toBe(true);
  });

  test('leave a call that is on its way to those who stay, and end it with the last one', async () => {
    await using gateway = await startTestGateway({ config: patient });
    const send = createSend(gateway);
    gateway.sandbox.setFault({ route: 'readTagDetails', kind: 'hang' });
    const sent = tagsOf(gateway, 3).map(({ id }) => send(id));
    const closed = sent.map(closeOf);
    await until(() => gateway.sandbox.calls().some(({ route }) => route === 'readTagDetails'));
    const call = gateway.sandbox.calls().find(({ route }) => route === 'readTagDetails');
    const isOver = () => (call?.durationMs ?? 0) > 0; // the sandbox writes that down when the caller has gone
    for (const one of sent.slice(1)) one.destroy();
    await Promise.all(closed.slice(1));
    expect(isOver()).toBe(false);
    sent[0]?.destroy();
    await until(isOver);
    expect(detailCalls(gateway)).toHaveLength(1);
  });

  test('do not suffer from an id that upstream refuses', async () => {
    const bad = 'an-id-that-upstream-refuses';
    await using front = await startFront(bad);
    const access = (sandbox: TestGateway['sandbox']) => {
      front.behind = sandbox.url;
      return { ...byClientCredentials(sandbox), url: front.url };
    };
    await using gateway = await startTestGateway({ access, config: patient });
    const send = createSend(gateway);
    const tags = tagsOf(gateway, 7);
    const [refused, ...told] = await Promise.all([bad, ...tags.map(({ id }) => id)].map((id) => answerTo(send(id))));
    expect(refused?.errors).toMatchObject([{ extensions: { code: 'UPSTREAM_REFUSED' } }]);
    expect(told.filter(({ errors }) => errors)).toEqual([]);
    expect(told.map(({ data }) => data.location?.tag?.id)).toEqual(tags.map(({ id }) => id));
    expect(front.refused).toEqual([8, 4, 2, 1]);
    expect(detailCalls(gateway).map(({ length }) => length)).toEqual([4, 2, 1]);
  });
});

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

/** Stands before the sandbox and refuses, as a whole, what names that id; counts the ids of what it refused. */
const startFront = async (badId: string) => {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const body = ((await incoming.setEncoding('utf8').toArray()) as string[]).join('');
      if (body.includes(badId)) {
        front.refused.push((JSON.parse(body) as { tagIds: string[] }).tagIds.length);
        outgoing.writeHead(422, { 'content-type': 'application/json' }).end('{"message":["tagIds must be ids"]}');
        return;
      }
      const { method = 'GET', url = '/', headers } = incoming;
      const target = request(front.behind + url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      target.end(body);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const refused: number[] = [];
  const front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behind: '',
    refused,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return front;
};
