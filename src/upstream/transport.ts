import { Agent, errors, request as undiciRequest, type Dispatcher } from 'undici';
import { GatewayError } from '../model/errors.ts';
import type { Send } from './send.ts';

/** Where upstream is and what is sent with every request. */
export interface TransportOptions {
  /** Origin, such as `https://services.leadconnectorhq.com`. */
  readonly url: string;
  /** Whether to name the causing operations in a header; only the sandbox is told. */
  readonly isTellingOperations: boolean;
}

/** Pools the connections to upstream; answers over 10 MB are cut off (reliability §1: bodies are limited). */
export const createDispatcher = ({ connections }: { connections: number } = { connections: 64 }): Dispatcher =>
  new Agent({ connections, pipelining: 1, keepAliveTimeout: 30_000, maxResponseSize: 10 * 1024 * 1024 });

/** The wire. Never follows a redirect (the token would travel along), asks for plain bytes (no decompression bombs). */
export const createTransport =
  (dispatcher: Dispatcher, { url, isTellingOperations }: TransportOptions): Send =>
  async ({ method, path, headers, body, operations, signal }) => {
    try {
      const response = await undiciRequest(url + path, {
        method,
        body,
        signal,
        dispatcher,
        headers: {
          ...headers,
          'accept-encoding': 'identity',
          ...(isTellingOperations && operations.length > 0 && { 'x-graphql-operations': operations.join(',') }),
        },
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: flat(response.headers), body: parse(text) };
    } catch (error) {
      throw signal.aborted ? signal.reason : noAnswer(error);
    }
  };

// An answer beyond the limits was given and would be given again; all else means that upstream cannot be reached.
const noAnswer = (cause: unknown): GatewayError => {
  const isTooLarge =
    cause instanceof errors.ResponseExceededMaxSizeError || cause instanceof errors.HeadersOverflowError;
  return new GatewayError(isTooLarge ? 'UPSTREAM_INVALID_RESPONSE' : 'UPSTREAM_UNAVAILABLE', { cause });
};

const flat = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};
