import type { Dispatcher } from 'undici';
import { GatewayError } from '../model/errors.ts';
import { createRedact, type Redact } from '../observe/redact.ts';
import { ownCause } from '../upstream/cause.ts';
import { deadline } from '../upstream/deadline.ts';
import { retryAfterMs, upstreamMessage } from '../upstream/refusal.ts';
import type { UpstreamResponse } from '../upstream/send.ts';
import { createTransport } from '../upstream/transport.ts';

/** Sends to upstream's OAuth endpoints over the transport (no redirects, nothing to unpack, bounded). What upstream refuses and what
 * cannot be an answer is thrown as a GatewayError whose cause is a {@link TokenRefusal} or says what came. */
export interface TokenEndpoint {
  /** What openid-client sends through. */
  readonly fetch: (
    url: string,
    init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
  ) => Promise<Response>;
  /** POSTs JSON and gives the JSON back; `secrets` never appear in an error. */
  readonly post: (
    url: string,
    body: Readonly<Record<string, string>>,
    secrets: readonly string[],
  ) => Promise<Readonly<Record<string, unknown>>>;
}

/** Upstream heard the request and said no: nothing was spent by it. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
  readonly reason: 'invalid-grant' | 'invalid-client' | 'paused' | 'other';

  constructor(reason: TokenRefusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What upstream refused with; null where the error is something else. */
export const refusalReason = (error: unknown): TokenRefusal['reason'] | null =>
  error instanceof GatewayError && error.cause instanceof TokenRefusal ? error.cause.reason : null;

/** Within `timeoutMs` each. Turns upstream's own way of refusing into GatewayErrors: its errors are not those of RFC 6749, its answers
 * lack `token_type` or come as 201 (upstream README §6). */
export const createTokenEndpoint = (dispatcher: Dispatcher, { timeoutMs }: { timeoutMs: number }): TokenEndpoint => {
  const send = (url: string, headers: Record<string, string>, body: string) => {
    const { origin, pathname } = new URL(url);
    const sendIn = deadline(timeoutMs)(createTransport(dispatcher, { url: origin, isTellingOperations: false }));
    return sendIn({
      endpoint: 'token',
      method: 'POST',
      path: pathname,
      headers,
      body,
      holder: { kind: 'company' },
      scope: '',
      isRepeatable: false,
      ...ownCause('interactive', timeoutMs), // those who wait for a token share it, none of them may call it off
    });
  };
  return {
    fetch: async (url, { headers, body }) => {
      const form = new URLSearchParams(formText(body));
      const response = await send(url, headers, form.toString());
      const secrets = secretFields.flatMap((name) => form.getAll(name));
      return tokenAnswer(membersOf(response, createRedact(secrets)));
    },
    post: async (url, body, secrets) => {
      const headers = { accept: 'application/json', 'content-type': 'application/json', version: '2021-07-28' };
      return membersOf(await send(url, headers, JSON.stringify(body)), createRedact(secrets));
    },
  };
};

const secretFields = ['client_secret', 'refresh_token', 'code', 'code_verifier'];

const formText = (body: unknown): string => {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('a token request is a form');
};

const membersOf = (response: UpstreamResponse, redact: Redact): Readonly<Record<string, unknown>> => {
  const { status, body } = response;
  if (status < 200 || status >= 300) throw refusal(response, redact);
  if (typeof body !== 'object' || body === null)
    throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error('token answer is not JSON') });
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)); // null is as good as absent
};

const tokenAnswer = (members: Readonly<Record<string, unknown>>): Response => {
  const life = Number(members['expires_in']);
  const expiresIn = life >= 1 && Number.isFinite(life) ? life : undefined;
  return Response.json({ token_type: 'Bearer', ...members, expires_in: expiresIn }, { status: 200 });
};

// Told apart by upstream's sentences, there are no codes. Paused is temporary and keeps the grant, `Invalid grant` is the end of it.
const refusals = [
  [/location is not active/i, 'paused', 'LOCATION_PAUSED'],
  [/invalid[ _]grant|not installed/i, 'invalid-grant', 'LOCATION_NOT_CONNECTED'],
  [/invalid[ _]client|client credentials/i, 'invalid-client', 'UPSTREAM_AUTH_FAILED'],
] as const;

const refusal = ({ status, headers, body }: UpstreamResponse, redact: Redact): GatewayError => {
  const error = upstreamMessage({ message: errorMember(body) }, redact);
  const message = `${upstreamMessage(body, redact)} ${error}`.trim();
  const words = `token endpoint answered ${status} ${message}`;
  const waitMs = retryAfterMs(headers);
  const wait = waitMs === null ? {} : { retryAfterMs: waitMs };
  if (status === 429)
    return new GatewayError('UPSTREAM_RATE_LIMITED', { cause: new TokenRefusal('other', words), ...wait });
  // A 408 and a page instead of JSON are a proxy's: nobody knows whether upstream heard the request.
  if (status >= 500 || status === 408 || status > 422 || (status >= 400 && body === null))
    return new GatewayError('UPSTREAM_UNAVAILABLE', { cause: new Error(words), ...wait });
  if (status < 400) return new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error(words) });
  const [, reason, code] = refusals.find(([pattern]) => pattern.test(message)) ?? [
    null,
    'other',
    'UPSTREAM_AUTH_FAILED',
  ];
  return new GatewayError(code, { cause: new TokenRefusal(reason, words) });
};

const errorMember = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string' ? body.error : '';
