import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is asked. */
export interface Question {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What came of it. */
export interface Told {
  /** `200`; of a connection that ended before the answer did, the error's code. */
  readonly status: string;
  readonly hasErrors: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly ms: number;
}

/** Asks over connections that stay open. */
export interface KeepAliveClient extends Disposable {
  /** Never rejects. */
  readonly ask: (question: Question) => Promise<Told>;
}

/** At most so many connections; `token` null for a caller without one. */
export const createKeepAliveClient = (url: string, connections: number, token: string | null): KeepAliveClient => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const send = (body: string) =>
    new Promise<Omit<Told, 'ms'>>((resolve) => {
      const length = Buffer.byteLength(body);
      const headers = { ...authorization, 'content-type': 'application/json', 'content-length': length };
      const failed = ({ code }: NodeJS.ErrnoException) =>
        resolve({ status: code ?? 'cut', hasErrors: true, headers: {} });
      const asked = request(`${url}/graphql`, { method: 'POST', agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', failed).on('end', () => {
          const { statusCode, headers: told } = response;
          resolve({ status: String(statusCode), hasErrors: text.includes('"errors":'), headers: told });
        });
      });
      asked.on('error', failed).end(body);
    });
  return {
    ask: async (question) => {
      const askedAt = performance.now();
      const told = await send(JSON.stringify(question));
      return { ...told, ms: performance.now() - askedAt };
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
};

/** Asks every `everyMs`, whether the one before has been answered or not, as people do who do not know of each other. */
export const askAtPace = async <T>(
  ask: () => Promise<T>,
  { everyMs, ms }: { readonly everyMs: number; readonly ms: number },
): Promise<readonly T[]> => {
  const until = performance.now() + ms;
  const asked: Promise<T>[] = [];
  while (performance.now() < until) {
    asked.push(ask());
    await sleep(everyMs);
  }
  return Promise.all(asked);
};
