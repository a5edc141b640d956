import { fetch as undiciFetch, type Dispatcher } from 'undici';
import { GatewayError } from '../model/errors.ts';
import { upstreamMessage } from '../upstream/refusal.ts';

/** What openid-client sends through. */
export type TokenEndpointFetch = (
  url: string,
  init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

/** Sends token requests over the connections of the transport, within `timeoutMs`, and turns upstream's own way of refusing into
 * GatewayErrors: its errors are not those of RFC 6749, its answers lack `token_type` or come as 201 (upstream README §6). */
export const createTokenEndpointFetch =
  (dispatcher: Dispatcher, { timeoutMs }: { timeoutMs: number }): TokenEndpointFetch =>
  async (url, { method, headers, body }) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const response = await undiciFetch(url, {
        method,
        headers,
        body: bodyText(body),
        dispatcher,
        redirect: 'manual',
        signal: late.signal,
      });
      return answer(response.status, await response.text());
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError(late.signal.aborted ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };

const bodyText = (body: unknown): string => {
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString();
  throw new TypeError('a token request is a form');
};

const answer = (status: number, text: string): Response => {
  const body = parse(text);
  if (status < 200 || status >= 300) throw refusal(status, body);
  if (typeof body !== 'object' || body === null)
    throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error('token answer is not JSON') });
  const life = 'expires_in' in body ? Number(body.expires_in) : NaN;
  return Response.json(
    { token_type: 'Bearer', ...body, expires_in: life > 0 && Number.isFinite(life) ? life : undefined },
    { status: 200 },
  );
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

// Told apart by upstream's sentences, there are no codes. Paused is temporary and keeps the grant, `Invalid grant` is the end of it.
const refusal = (status: number, body: unknown): GatewayError => {
  const message = upstreamMessage(body) || errorMember(body);
  const cause = new Error(`token endpoint answered ${status} ${message}`);
  if (status === 429) return new GatewayError('UPSTREAM_RATE_LIMITED', { cause });
  if (status >= 500 || status < 400) return new GatewayError('UPSTREAM_UNAVAILABLE', { cause });
  if (/location is not active/i.test(message)) return new GatewayError('LOCATION_PAUSED', { cause });
  if (/invalid[ _]grant|not installed/i.test(message)) return new GatewayError('LOCATION_NOT_CONNECTED', { cause });
  return new GatewayError('UPSTREAM_AUTH_FAILED', { cause });
};

const errorMember = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string' ? body.error : '';
