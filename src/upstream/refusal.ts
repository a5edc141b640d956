import type { Redact } from '../observe/redact.ts';
import type { UpstreamResponse } from './send.ts';

/** Why upstream did not do what was asked. Its 401 alone has five meanings (upstream README §5); only `token-expired` is cured by a new token. */
export type Refusal =
  | 'token-expired'
  | 'scope-missing'
  | 'version'
  | 'token-class'
  | 'private-token'
  | 'other-location'
  | 'not-found'
  | 'not-installed'
  | 'paused'
  | 'rate-limited'
  | 'redirect'
  | 'server'
  | 'refused';

// Upstream has no codes, so its sentences are all there is to go by. Seen 2026 (README §5: spec, issue 114, published calls).
const unauthorized: readonly (readonly [RegExp, Refusal])[] = [
  [/version header/i, 'version'],
  [/not authorized for this scope/i, 'scope-missing'],
  [/authClass/i, 'token-class'],
  [/private integration/i, 'private-token'],
];

// Said by the token endpoints, with 400 (README §6).
const badRequest: readonly (readonly [RegExp, Refusal])[] = [
  [/location is not active/i, 'paused'],
  [/not installed/i, 'not-installed'],
];

/** Upstream's own sentence, for recognising and for the log; never for a client. 422 sends a list. `redact` sees it whole: of a secret that
 * was cut, the rest would not be recognised. */
export const upstreamMessage = (body: unknown, redact: Redact = (text) => text): string => {
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : '';
  if (typeof message === 'string') return harmless(redact(message));
  return Array.isArray(message) ? harmless(redact(message.filter((part) => typeof part === 'string').join('; '))) : '';
};

// Upstream may quote what was sent to it, a token above all: long words without a blank are cut out.
const harmless = (text: string): string => text.slice(0, 300).replace(/[\w.~+/=-]{20,}/g, '[…]');

/** Null when upstream did what was asked. */
export const refusalOf = ({ status, body }: UpstreamResponse): Refusal | null => {
  if (status >= 200 && status < 300) return null;
  if (status < 400) return 'redirect';
  const message = upstreamMessage(body);
  const meant = (meanings: typeof unauthorized) => meanings.find(([pattern]) => pattern.test(message))?.[1];
  if (status === 400) return meant(badRequest) ?? 'refused';
  if (status === 401) return meant(unauthorized) ?? 'token-expired';
  if (status === 403) return /does not have access/i.test(message) ? 'other-location' : 'refused';
  // An unknown route (README §5) is our mistake or upstream's change; the caller's id has nothing to do with it.
  if (status === 404) return /^cannot (get|post)/i.test(message) ? 'refused' : 'not-found';
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'server' : 'refused';
};

const dayMs = 86_400_000;

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3), at most a day, the longest of upstream's windows; null
 * where absent, one second where it is nonsense. */
export const retryAfterMs = (headers: UpstreamResponse['headers']): number | null => {
  const value = headers['retry-after'];
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, dayMs) : 1_000;
};
