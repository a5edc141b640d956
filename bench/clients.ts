// People and programs that ask a gateway: each waits for its answer, then asks again.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** What is asked. */
export interface Question {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What became of one question; moments and times in milliseconds of `performance.now`. */
export interface Reply {
  readonly askedAt: number;
  readonly ms: number;
  /** Of its errors; of a gateway that gives no answer `NO_ANSWER`, of an HTTP status beyond 200 that. */
  readonly codes: readonly string[];
  /** Longest `retryAfterMs` of its errors. */
  readonly retryAfterMs: number;
  readonly text: string;
}

const Errors = z.object({
  errors: z
    .array(z.object({ extensions: z.object({ code: z.string(), retryAfterMs: z.number().optional() }) }))
    .default([]),
});

/** Sends over connections that stay open, at most `connections`. */
export const createAsk = (connections: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const post = (url: string, { query, variables, headers = {} }: Question) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const body = JSON.stringify({ query, variables });
      const length = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const asked = request(
        `${url}/graphql`,
        { method: 'POST', agent, headers: { ...headers, ...length } },
        (reply) => {
          let text = '';
          reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text })).on('error', reject);
        },
      );
      asked.on('error', reject).end(body);
    });
  const ask = async (url: string, question: Question): Promise<Reply> => {
    const askedAt = performance.now();
    try {
      const { status, text } = await post(url, question);
      const ms = performance.now() - askedAt;
      const errors = text.includes('"errors":') ? Errors.parse(JSON.parse(text)).errors : [];
      const codes = status === 200 ? errors.map(({ extensions }) => extensions.code) : [`HTTP_${status}`];
      const retryAfterMs = Math.max(0, ...errors.map(({ extensions }) => extensions.retryAfterMs ?? 0));
      return { askedAt, ms, codes, retryAfterMs, text };
    } catch {
      return { askedAt, ms: performance.now() - askedAt, codes: ['NO_ANSWER'], retryAfterMs: 0, text: '' };
    }
  };
  return { ask, close: () => agent.destroy() };
};

/** Who asks, how long and how often. */
export interface Crowd {
  readonly clients: number;
  readonly ms: number;
  /** Each rests for about so long (half to one and a half) between an answer and its next question. */
  readonly restMs: number;
  /** One question of the client with that number. */
  readonly ask: (client: number) => Promise<Reply>;
}

/** All replies, those to questions that were asked before the end. Starts the clients spread over one rest. */
export const runCrowd = async ({ clients, ms, restMs, ask }: Crowd): Promise<Reply[]> => {
  const until = performance.now() + ms;
  const replies: Reply[] = [];
  const one = async (client: number) => {
    await sleep(Math.random() * restMs);
    while (performance.now() < until) {
      const reply = await ask(client);
      replies.push(reply);
      await sleep(Math.max(reply.retryAfterMs, restMs * (0.5 + Math.random())));
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => one(client)));
  return replies;
};

/** How many of them were answered without an error, and which errors there were. */
export const outcomeOf = (replies: readonly Reply[]): { good: number; failed: number; codes: string } => {
  const failed = replies.filter(({ codes }) => codes.length > 0);
  const codes = Map.groupBy(failed, (reply) => reply.codes[0] ?? '');
  const shown = [...codes].map(([code, group]) => `${group.length} ${code}`).join(', ');
  return { good: replies.length - failed.length, failed: failed.length, codes: shown };
};
