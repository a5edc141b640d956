import * as oauth from 'openid-client';
import { toLocationId, type LocationId } from '../model/ids.ts';
import type { GrantKind } from '../model/installation.ts';
import { holderKey, type Holder } from '../upstream/send.ts';
import { GatewayError } from '../model/errors.ts';
import type { TokenEndpointFetch } from './token-endpoint.ts';

/** An access token and what its answer said. The value is behind a function, so that printing the object never shows it. */
export interface AccessToken {
  readonly reveal: () => string;
  /** Epoch milliseconds; Infinity for a static token. */
  readonly expiresAt: number;
  readonly obtainedAt: number;
  /** Null where the answer did not say. */
  readonly scopes: readonly string[] | null;
  /** The location that the token is for; null where the answer did not say. */
  readonly locationId: LocationId | null;
}

/** One way to come by access tokens. */
export interface Grant {
  readonly kind: GrantKind;
  /** Whether asking again gives another token. */
  readonly isRenewable: boolean;
  /** Which holders share a token: those with the same key. */
  readonly tokenKey: (holder: Holder) => string;
  /** Asks the token endpoint; at most one at a time for each key. Throws GatewayError. */
  readonly obtain: (holder: Holder) => Promise<AccessToken>;
}

/** The app's own credentials and its token endpoint; upstream has no discovery document and wants the secret in the body (README §6). */
export interface OAuthClient {
  /** Origin of upstream. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch: TokenEndpointFetch;
}

const configuration = ({ url, clientId, clientSecret, fetch }: OAuthClient): oauth.Configuration => {
  const server = { issuer: url, token_endpoint: `${url}/oauth/token` };
  const config = new oauth.Configuration(server, clientId, undefined, oauth.ClientSecretPost(clientSecret));
  config[oauth.customFetch] = fetch;
  // Settings allow plain HTTP for loopback only; the library marks this as deprecated so that it stands out.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (url.startsWith('http:')) oauth.allowInsecureRequests(config);
  return config;
};

/** Client credentials: a token for each location, and one for the company. Upstream names the grant without describing it;
 * `user_type` and `locationId` go along as its other grants have them (README §6). */
export const clientCredentials = (
  client: OAuthClient,
  { companyId, scopes }: { companyId: string | null; scopes: readonly string[] },
): Grant => {
  const config = configuration(client);
  return {
    kind: 'CLIENT_CREDENTIALS',
    isRenewable: true,
    tokenKey: holderKey,
    obtain: async (holder) => {
      const parameters = {
        scope: scopes.join(' '),
        ...(holder.kind === 'location'
          ? { user_type: 'Location', locationId: holder.locationId }
          : { user_type: 'Company', ...(companyId !== null && { companyId }) }),
      };
      return toAccessToken(await repeatedOnce(() => asked(oauth.clientCredentialsGrant(config, parameters))));
    },
  };
};

/** A location's rotating refresh token. Each is good for one use: the next one replaces it at once, an answer without one keeps
 * it. A failed request is not repeated: the token may have been spent all the same. */
export const refreshToken = (client: OAuthClient, initialRefreshToken: string): Grant => {
  const config = configuration(client);
  let current = initialRefreshToken;
  return {
    kind: 'LOCATION_GRANT',
    isRenewable: true,
    tokenKey: () => 'grant',
    obtain: async () => {
      const answer = await asked(oauth.refreshTokenGrant(config, current, { user_type: 'Location' }));
      current = answer.refresh_token ?? current;
      return toAccessToken(answer);
    },
  };
};

/** A static private integration token: never asked for, never renewed. */
export const privateToken = (value: string): Grant => {
  const token = { reveal: () => value, expiresAt: Infinity, obtainedAt: Date.now(), scopes: null, locationId: null };
  return {
    kind: 'PRIVATE_INTEGRATION',
    isRenewable: false,
    tokenKey: () => 'grant',
    obtain: () => Promise.resolve(token),
  };
};

const defaultLifeSeconds = 3_600;
const longestLifeSeconds = 86_400;

const toAccessToken = (answer: oauth.TokenEndpointResponse): AccessToken => {
  const { access_token: value, scope, expires_in: lifeSeconds = defaultLifeSeconds } = answer;
  const now = Date.now();
  const locationId = answer['locationId'];
  return {
    reveal: () => value,
    obtainedAt: now,
    expiresAt: now + Math.min(lifeSeconds, longestLifeSeconds) * 1_000,
    scopes: scope === undefined ? null : scope.split(' ').filter((name) => name !== ''),
    locationId: typeof locationId === 'string' ? toLocationId(locationId) : null,
  };
};

const mostPatienceMs = 2_000;

// For grants that spend nothing: a failure that may pass by itself is tried once more, after a moment or when upstream wishes it.
const repeatedOnce = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'UPSTREAM_UNAVAILABLE') throw error;
    const waitMs = error.retryAfterMs ?? 50 + Math.random() * 100;
    if (waitMs > mostPatienceMs) throw error;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return ask();
  }
};

// The token endpoint's own refusals are GatewayErrors thrown by our fetch; openid-client may wrap them. What it finds wrong by
// itself is an answer that is none; its error holds that answer, tokens and all, so only its words are kept.
const asked = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if (error instanceof Error && error.cause instanceof GatewayError) throw error.cause;
    const words = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
    throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error(words) });
  }
};
