import { GatewayError } from '../model/errors.ts';
import { createRedact, type Redact } from '../observe/redact.ts';
import { deadline } from '../upstream/deadline.ts';
import { retryAfterMs, upstreamMessage } from '../upstream/refusal.ts';
import type { UpstreamResponse } from '../upstream/send.ts';
import { createTransport } from '../upstream/transport.ts';

/** What openid-client sends through. */
export type TokenEndpointFetch = (
  url: string,
  init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

/** Sends token requests over the transport (no redirects, nothing to unpack, bounded) within `timeoutMs`, and turns upstream's own
 * way of refusing into GatewayErrors: its errors are not those of RFC 6749, its answers lack `token_type` or come as 201
 * (upstream README §6). */
export const createTokenEndpointFetch =
  (dispatcher: Parameters<typeof createTransport>[0], { timeoutMs }: { timeoutMs: number }): TokenEndpointFetch =>
  async (url, { headers, body }) => {
    const form = new URLSearchParams(formText(body));
    const { origin, pathname } = new URL(url);
    const send = deadline(timeoutMs)(createTransport(dispatcher, { url: origin, isTellingOperations: false }));
    const response = await send({
      endpoint: 'token',
      method: 'POST',
      path: pathname,
      headers,
      body: form.toString(),
      holder: { kind: 'company' },
      scope: '',
      operations: [],
      signal: new AbortController().signal, // those who wait for a token share it, none of them may call it off
    });
    return answer(response, createRedact(secretFields.flatMap((name) => form.getAll(name))));
  };

const secretFields = ['client_secret', 'refresh_token', 'code'];

const formText = (body: unknown): string => {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('a token request is a form');
};

const answer = (response: UpstreamResponse, redact: Redact): Response => {
  const { status, body } = response;
  if (status < 200 || status >= 300) throw refusal(response, redact);
  if (typeof body !== 'object' || body === null)
    throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error('token answer is not JSON') });
  const told = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)); // null is as good as absent
  const life = Number(told['expires_in']);
  const expiresIn = life >= 1 && Number.isFinite(life) ? life : undefined;
  return Response.json({ token_type: 'Bearer', ...told, expires_in: expiresIn }, { status: 200 });
};

// Told apart by upstream's sentences, there are no codes. Paused is temporary and keeps the grant, `Invalid grant` is the end of it.
const refusal = ({ status, headers, body }: UpstreamResponse, redact: Redact): GatewayError => {
  const message = `${upstreamMessage(body)} ${errorMember(body)}`.trim();
  const cause = new Error(`token endpoint answered ${status} ${redact(message)}`);
  const waitMs = retryAfterMs(headers);
  const details = { cause, ...(waitMs !== null && { retryAfterMs: waitMs }) };
  if (status === 429) return new GatewayError('UPSTREAM_RATE_LIMITED', details);
  if (status >= 500) return new GatewayError('UPSTREAM_UNAVAILABLE', details);
  if (status < 400) return new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause });
  if (/location is not active/i.test(message)) return new GatewayError('LOCATION_PAUSED', { cause });
  if (/invalid[ _]grant|not installed/i.test(message)) return new GatewayError('LOCATION_NOT_CONNECTED', { cause });
  return new GatewayError('UPSTREAM_AUTH_FAILED', { cause });
};

const errorMember = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string' ? body.error : '';
