import type { Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';
import { isSame } from './same.ts';
import { isServiceToken } from './service-token-text.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** The `Authorization` header of a request, if it has one → who is calling. Rejects with UNAUTHENTICATED, or AUTH_UNAVAILABLE where that
 * cannot be told. */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Nobody is asked who they are: in sandbox mode, where all data is invented, and on loopback, where only this machine can call. */
export const authenticateNobody =
  ({
    subject,
    locations,
    scopes,
  }: {
    subject: string;
    locations: 'all' | readonly LocationId[];
    scopes: readonly string[];
  }): Authenticate =>
  () =>
    Promise.resolve({
      subject,
      kind: 'USER',
      key: subject,
      scopes,
      locations: locations === 'all' ? locations : new Set(locations),
      isOfCompany: true,
    });

/** What bearers may carry. */
export interface Bearers {
  /** Null where only service tokens count. */
  readonly accessTokens: TokenVerifier | null;
  readonly serviceTokens: TokenVerifier;
  /** The gateway's own, for its commands, which ask it as a caller does. */
  readonly own: { readonly token: string; readonly caller: Caller };
}

// RFC 6750 §2.1, RFC 7235 §2.1: the scheme in any letter case, one token. Not in the body and not in the address, where logs find it.
const bearerForm = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Callers show a token, in this header and nowhere else. */
export const authenticateBearers =
  ({ accessTokens, serviceTokens, own }: Bearers): Authenticate =>
  (authorization) => {
    const token = bearerForm.exec(authorization ?? '')?.[1];
    if (token === undefined) return Promise.reject(new GatewayError('UNAUTHENTICATED'));
    if (isSame(token, own.token)) return Promise.resolve(own.caller);
    if (isServiceToken(token)) return serviceTokens.verify(token);
    return accessTokens?.verify(token) ?? Promise.reject(new GatewayError('UNAUTHENTICATED'));
  };
