import { createTokenVerifier, type IssuerNews, type TokenVerifierOptions } from '../../src/auth/token-verifier.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { audience, type TestIssuer } from '../support/issuer.ts';

/** As the settings are by themselves. */
export const defaults: TokenVerifierOptions = {
  issuers: [],
  audiences: [audience],
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  tokenType: 'at+jwt',
  claims: { scope: 'scope', location: 'locationId', company: null },
  companyId: null,
  clockToleranceSeconds: 30,
  maxLifetimeSeconds: 86_400,
};

/** A verifier for these issuers, by their published keys. */
export const verifierOf = (
  issuers: readonly TestIssuer[],
  options: Partial<TokenVerifierOptions> = {},
  news?: IssuerNews,
) =>
  createTokenVerifier(
    {
      ...defaults,
      issuers: issuers.map(({ issuer, jwksUrl: url }) => ({ issuer, keys: { kind: 'jwks', url } })),
      ...options,
    },
    news,
  );

/** Code, message and reason with which it fails; what it gives where it does not. */
export const outcome = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof GatewayError)) return error;
    const { code, message, cause } = error;
    return { code, message, reason: cause instanceof Error ? cause.message : cause };
  }
};

/** The code alone; `good` where there is none. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const got = await outcome(promise);
  return typeof got === 'object' && got !== null && 'code' in got ? String(got.code) : 'good';
};
