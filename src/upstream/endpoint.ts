import { GatewayError } from '../model/errors.ts';
import type { Cause } from './cause.ts';
import type { Note } from './read.ts';
import { refusalOf, retryAfterMs, upstreamMessage, type Refusal } from './refusal.ts';
import type { Holder, Send, UpstreamResponse } from './send.ts';

/** One operation of upstream: data and pure functions, no I/O. */
export interface Endpoint<Input, Output> {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** The scope that upstream asks for (upstream README §4). */
  readonly scope: string;
  /** Value of the `Version` header (upstream README §1). */
  readonly version: '2021-07-28' | 'v3';
  /** Whether asking twice does no more than asking once; true of a POST that only reads. */
  readonly isRepeatable: boolean;
  /** Whose token it carries and whose budget it spends. */
  readonly holder: (input: Input) => Holder;
  readonly path: (input: Input) => string;
  readonly query?: (input: Input) => Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: (input: Input) => unknown;
  /** Sent as a form, in place of `body`. */
  readonly form?: (input: Input) => Readonly<Record<string, string>>;
  /** Upstream's answer → model; throws UPSTREAM_INVALID_RESPONSE. */
  readonly read: (body: unknown, note: Note, input: Input) => Output;
}

/** Keeps the types of input and output together. */
export const endpoint = <Input, Output>(description: Endpoint<Input, Output>): Endpoint<Input, Output> => description;

/** A path of encoded segments: an id can never become another path. Throws for an empty segment and for `.` and `..`, which a URL
 * resolves even when encoded; the ids of model/ids.ts can be none of them. */
export const segments = (...parts: readonly string[]): string => {
  if (parts.some((part) => /^\.{0,2}$/.test(part))) throw new Error('a segment of an upstream path is empty or dots');
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
};

/** Calls endpoints. Throws GatewayError with one of the UPSTREAM_… or LOCATION_… codes. */
export interface Upstream {
  call<Input, Output>(endpoint: Endpoint<Input, Output>, input: Input, cause: Cause): Promise<Output>;
}

/** `tolerated` is told `endpoint field` of each deviation that was read all the same. */
export const createUpstream = ({ send, tolerated }: { send: Send; tolerated: Note }): Upstream => ({
  call: async (target, input, cause) => {
    const content = contentOf(target, input);
    const response = await send({
      endpoint: target.name,
      method: target.method,
      path: target.path(input) + search(target.query?.(input) ?? {}),
      headers: {
        accept: 'application/json',
        version: target.version,
        ...content.headers,
      },
      body: content.body,
      holder: target.holder(input),
      scope: target.scope,
      isRepeatable: target.isRepeatable,
      ...cause,
    });
    const refusal = refusalOf(response);
    if (refusal !== null) throw refusalError(refusal, response, target.scope);
    return target.read(response.body, (field) => tolerated(`${target.name} ${field}`), input);
  },
});

const contentOf = <Input, Output>({ body, form }: Endpoint<Input, Output>, input: Input) => {
  if (body) return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body(input)) };
  if (!form) return { headers: {}, body: null };
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { headers, body: new URLSearchParams(form(input)).toString() };
};

const search = (query: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
};

const refusalError = (refusal: Refusal, response: UpstreamResponse, scope: string): GatewayError => {
  const cause = new Error(`upstream answered ${response.status} ${upstreamMessage(response.body)}`);
  const told = retryAfterMs(response.headers);
  const wait = response.budgetWaitMs === undefined ? told : Math.max(told ?? 0, response.budgetWaitMs);
  switch (refusal) {
    case 'scope-missing':
      return new GatewayError('UPSTREAM_SCOPE_MISSING', {
        message: `The grant of this location lacks the scope ${scope}.`,
        cause,
      });
    case 'other-location':
    case 'not-installed':
      return new GatewayError('LOCATION_NOT_CONNECTED', { cause });
    case 'paused':
      return new GatewayError('LOCATION_PAUSED', { cause });
    case 'not-found':
      return new GatewayError('NOT_FOUND', { cause });
    case 'rate-limited':
      return new GatewayError('UPSTREAM_RATE_LIMITED', { cause, ...(wait !== null && { retryAfterMs: wait }) });
    case 'server':
      return new GatewayError('UPSTREAM_UNAVAILABLE', { cause, ...(wait !== null && { retryAfterMs: wait }) });
    case 'token-expired':
    case 'token-class':
    case 'private-token':
      return new GatewayError('UPSTREAM_AUTH_FAILED', { cause });
    case 'redirect':
      return new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause });
    case 'version':
    case 'refused':
      return new GatewayError('UPSTREAM_REFUSED', { cause });
  }
};
