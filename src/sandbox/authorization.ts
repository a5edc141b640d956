import { textField } from './route.ts';
import type { World } from './route.ts';
import { SCOPES } from './scopes.ts';
import type { CodeTerms } from './tokens.ts';

/** An authorization request that has been checked: it is safe to send a browser to its redirectUri. */
export interface Authorization extends CodeTerms {
  /** As it was sent, for the comparison when the code is redeemed. */
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string | null;
}

/** A request that must not be answered by a redirect (RFC 6749 §4.1.2.1); the message says what to mend. */
export class AuthorizationError extends Error {}

const checkRedirect = (uri: string): void => {
  // The slashes are asked for because the parser makes an address of "http:host" too.
  const isAbsolute = /^https?:\/\//i.test(uri) && URL.canParse(uri);
  if (!isAbsolute) throw new AuthorizationError('redirect_uri is not an absolute http or https URL.');
  if (uri.includes('#')) throw new AuthorizationError('redirect_uri has a fragment (RFC 6749 §3.1.2 forbids it).');
};

const readScopes = (text: string): readonly string[] => {
  const scopes = [...new Set(text.split(' ').filter((scope) => scope !== ''))];
  if (scopes.length === 0) throw new AuthorizationError('scope names none.');
  const unknown = scopes.filter((scope) => !SCOPES.has(scope));
  if (unknown.length > 0)
    throw new AuthorizationError(`scope has what the sandbox does not know: ${unknown.join(' ')}`);
  return scopes;
};

const readChallenge = (fields: unknown): string | null => {
  const challenge = textField(fields, 'code_challenge');
  const method = textField(fields, 'code_challenge_method');
  if (challenge === null && method === null) return null;
  if (method !== 'S256') throw new AuthorizationError('code_challenge_method is not S256, the only one known here.');
  if (challenge === null || !/^[\w-]{43}$/.test(challenge))
    throw new AuthorizationError('code_challenge is not 43 characters of base64url.');
  return challenge;
};

/** From the query of a GET or the fields of a POST. Throws AuthorizationError for whatever is missing or wrong. */
export const readAuthorization = (fields: unknown, { client }: Pick<World, 'client'>): Authorization => {
  const demand = (name: string): string => {
    const value = textField(fields, name);
    if (value === null) throw new AuthorizationError(`${name} is missing, or is there more than once.`);
    return value;
  };
  if (demand('client_id') !== client.id) throw new AuthorizationError('client_id is not that of an app known here.');
  const redirectUri = demand('redirect_uri');
  checkRedirect(redirectUri);
  if (demand('response_type') !== 'code') throw new AuthorizationError('response_type is not "code".');
  const scopes = readScopes(demand('scope'));
  return { redirectUri, scopes, codeChallenge: readChallenge(fields), state: textField(fields, 'state') };
};

/** The redirect target with the answer added: a query that it has already stays as it is (RFC 6749 §3.1.2). */
export const answerAddress = (
  { redirectUri, state }: Authorization,
  answer: Readonly<Record<string, string>>,
): string => {
  const { href } = new URL(redirectUri); // the parser's spelling is safe in a header
  const fields = new URLSearchParams({ ...answer, ...(state !== null && { state }) });
  return `${href}${href.includes('?') ? '&' : '?'}${fields.toString()}`;
};
