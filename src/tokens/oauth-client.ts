import * as oauth from 'openid-client';
import { GatewayError } from '../model/errors.ts';
import { toTokenAnswer, type TokenAnswer } from './access-token.ts';
import { refusalReason, type TokenEndpoint } from './token-endpoint.ts';

/** The app as upstream knows it, and where its OAuth is; upstream has no discovery document and wants the secret in the body (README §6). */
export interface OAuthClientOptions {
  /** Origin of upstream; its token endpoint is `/oauth/token` there. */
  readonly url: string;
  /** The consent page, on another host than upstream's. */
  readonly authorizeUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Tried when upstream does not accept `clientSecret`: while a secret is changed, replicas and upstream do not change at once. */
  readonly previousSecret: string | null;
  readonly endpoint: TokenEndpoint;
  /** Hears each time another of the two secrets turns out to be the accepted one. */
  readonly onSecretChange?: (accepted: 'current' | 'previous') => void;
}

/** Whom upstream issues a token for: its `user_type`. */
type UserType = 'Location' | 'Company';

/** What a consent is begun with. */
interface Consent {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string;
  /** Null where the authorization server does not support PKCE (RFC 7636). */
  readonly codeVerifier: string | null;
}

/** What came back to the redirect address, and what it is held against. */
export interface Callback {
  readonly url: URL;
  /** Null for an install that was begun elsewhere, which carries none. */
  readonly expectedState: string | null;
  readonly codeVerifier: string | null;
  readonly userType: UserType;
}

/** Token requests of one app. Each throws GatewayError; `refusalReason` tells what upstream refused. */
export interface OAuthClient {
  clientCredentials(parameters: Readonly<Record<string, string>>): Promise<TokenAnswer>;
  /** Spends the refresh token: it must never be sent again, whatever becomes of the answer. */
  refresh(refreshToken: string, userType: UserType): Promise<TokenAnswer>;
  /** The address of the consent page. */
  consentUrl(consent: Consent): Promise<URL>;
  /** Redeems the code of a callback. Throws UPSTREAM_INVALID_RESPONSE for an error callback and a wrong state, before anything is sent. */
  redeem(callback: Callback): Promise<TokenAnswer>;
  /** A new pair for a grant whose refresh token was lost, without a person (README §6, "Lost tokens"). */
  reconnect(who: { readonly locationId: string } | { readonly companyId: string }): Promise<TokenAnswer>;
}

/** Sends through `endpoint`, which knows upstream's ways; openid-client makes the requests and checks the answers. */
export const createOAuthClient = (options: OAuthClientOptions): OAuthClient => {
  const { url, endpoint, clientId } = options;
  const withSecret = createSecretTurns(options);
  const answerOf = async (ask: (config: oauth.Configuration) => Promise<oauth.TokenEndpointResponse>) =>
    toTokenAnswer(await withSecret(({ config }) => asked(ask(config))));
  return {
    clientCredentials: (parameters) => answerOf((config) => oauth.clientCredentialsGrant(config, { ...parameters })),
    refresh: (refreshToken, userType) =>
      answerOf((config) => oauth.refreshTokenGrant(config, refreshToken, { user_type: userType })),
    consentUrl: async (consent) => consentUrl(configuration(options, options.clientSecret), consent),
    redeem: ({ url: callbackUrl, expectedState, codeVerifier, userType }) =>
      answerOf((config) =>
        oauth.authorizationCodeGrant(
          config,
          callbackUrl,
          {
            ...(expectedState !== null && { expectedState }),
            ...(codeVerifier !== null && { pkceCodeVerifier: codeVerifier }),
          },
          { user_type: userType },
        ),
      ),
    reconnect: async (who) => {
      const told = await withSecret(({ secret }) =>
        endpoint.post(`${url}/oauth/reconnect`, { clientKey: clientId, clientSecret: secret, ...who }, [secret]),
      );
      const code = told['authorizationCode'];
      if (typeof code !== 'string' || code === '')
        throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause: new Error('reconnect answered without a code') });
      const user_type: UserType = 'locationId' in who ? 'Location' : 'Company';
      const pair = await answerOf((config) =>
        oauth.genericGrantRequest(config, 'authorization_code', { code, user_type }),
      );
      if (pair.refreshToken !== null) return pair;
      const cause = new Error('reconnect brought no refresh token'); // and the one we have may be spent
      throw new GatewayError('UPSTREAM_INVALID_RESPONSE', { cause });
    },
  };
};

const configuration = ({ url, authorizeUrl, clientId, endpoint }: OAuthClientOptions, secret: string) => {
  const server = { issuer: url, token_endpoint: `${url}/oauth/token`, authorization_endpoint: authorizeUrl };
  const config = new oauth.Configuration(server, clientId, undefined, oauth.ClientSecretPost(secret));
  config[oauth.customFetch] = endpoint.fetch;
  // Settings allow plain HTTP for loopback only; the library marks this as deprecated so that it stands out.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  if (url.startsWith('http:')) oauth.allowInsecureRequests(config);
  return config;
};

const consentUrl = async (config: oauth.Configuration, { redirectUri, scopes, state, codeVerifier }: Consent) =>
  oauth.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    ...(codeVerifier !== null && {
      code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    }),
  });

interface Turn {
  readonly name: 'current' | 'previous';
  readonly secret: string;
  readonly config: oauth.Configuration;
}

// `invalid_client` is said before anything is spent, so the same request may go out again with the other secret.
const createSecretTurns = (options: OAuthClientOptions) => {
  const { clientSecret, previousSecret, onSecretChange } = options;
  const turn = (name: Turn['name'], secret: string): Turn => ({ name, secret, config: configuration(options, secret) });
  let [accepted, other]: [Turn, Turn | null] = [
    turn('current', clientSecret),
    previousSecret === null ? null : turn('previous', previousSecret),
  ];
  return async <T>(ask: (turn: Turn) => Promise<T>): Promise<T> => {
    const [first, second] = [accepted, other];
    try {
      return await ask(first);
    } catch (error) {
      if (second === null || refusalReason(error) !== 'invalid-client') throw error;
      const answer = await ask(second);
      if (accepted === first) {
        [accepted, other] = [second, first];
        onSecretChange?.(second.name);
      }
      return answer;
    }
  };
};

// The token endpoint's own refusals are GatewayErrors thrown by our fetch; openid-client may wrap them. What it finds wrong by
// itself is an answer or a callback that is none; its error holds that answer, tokens and all, so only its words are kept.
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
