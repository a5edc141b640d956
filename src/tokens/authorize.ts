import { refusalOf } from '../upstream/refusal.ts';
import type { Stage, UpstreamRequest } from '../upstream/send.ts';
import type { AccessToken } from './access-token.ts';
import type { AccessTokens } from './access-tokens.ts';

/** Adds the holder's access token. A 401 for an expired token is renewed and repeated once; the other 401s are not cured by a
 * new token and would only burn refresh tokens (upstream README §5). */
export const authorize =
  (tokens: AccessTokens): Stage =>
  (next) =>
  async (request) => {
    const ask = (token: AccessToken) => next(withToken(request, token));
    const token = await tokens.get(request.holder, request.signal);
    let response = await ask(token);
    if (refusalOf(response) === 'token-expired' && tokens.isRenewable)
      response = await ask(await tokens.renew(request.holder, token, request.signal));
    tokens.heard(request.holder, request.scope, refusalOf(response));
    return response;
  };

const withToken = (request: UpstreamRequest, token: AccessToken): UpstreamRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${token.reveal()}` },
});
