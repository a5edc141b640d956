import { refusalOf } from '../upstream/refusal.ts';
import type { Stage, UpstreamRequest } from '../upstream/send.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { AccessToken } from './grants.ts';

/** Adds the holder's access token. A 401 for an expired token is renewed and repeated once; the other 401s are not cured by a
 * new token and would only burn refresh tokens (upstream README §5). */
export const authorize =
  (tokens: AccessTokens): Stage =>
  (next) =>
  async (request) => {
    const token = await tokens.get(request.holder, request.signal);
    const first = await next(withToken(request, token));
    const refusal = refusalOf(first);
    if (refusal !== 'token-expired' || !tokens.isRenewable) {
      tokens.heard(request.holder, request.scope, refusal);
      return first;
    }
    const renewed = await tokens.renew(request.holder, token, request.signal);
    return next(withToken(request, renewed));
  };

const withToken = (request: UpstreamRequest, token: AccessToken): UpstreamRequest => ({
  ...request,
  headers: { ...request.headers, authorization: `Bearer ${token.reveal()}` },
});
