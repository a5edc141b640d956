// Access tokens that are JWTs, after RFC 9068 §4 and RFC 8725 §3.
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import { toCaller, type ClaimOptions } from './claims.ts';
import { createRemembered } from './remembered.ts';
import { createRemoteKeys } from './remote-keys.ts';
import { readStaticKeys } from './static-keys.ts';

/** Who issues access tokens, and where their keys are. */
export interface Issuer {
  /** `iss`, letter by letter. */
  readonly issuer: string;
  /** A key set that is fetched, or a key that was given: PEM, JWK or JWK Set. */
  readonly keys: { readonly kind: 'jwks'; readonly url: string } | { readonly kind: 'static'; readonly text: string };
}

/** What makes an access token good here. A company of null means that no token reads all locations. */
export interface TokenVerifierOptions extends ClaimOptions {
  readonly issuers: readonly Issuer[];
  /** One of these must be in `aud`. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  /** `typ`, without `application/`. */
  readonly tokenType: string;
  readonly clockToleranceSeconds: number;
  /** From `iat` to `exp`. */
  readonly maxLifetimeSeconds: number;
}

/** What tells the caller by a token. */
export interface TokenVerifier {
  /** Throws UNAUTHENTICATED for any token that is not good, AUTH_UNAVAILABLE where that cannot be told. */
  readonly verify: (token: string) => Promise<Caller>;
}

/** What an operator hears about keys that are fetched. */
export interface IssuerNews {
  readonly onBad: (issuer: string, error: Error) => void;
  readonly onGood: (issuer: string) => void;
}

const silence: IssuerNews = { onBad: () => undefined, onGood: () => undefined };

const maxLength = 8_192;
// Three parts of base64url and nothing else: encrypted tokens have five, and blanks or padding would make many tokens of one.
const form = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Throws an Error that says what to do for a static key that cannot be used. A good token is remembered for up to a minute, so a key that
 * is withdrawn, or a token that is, may live on for that long. */
export const createTokenVerifier = async (
  options: TokenVerifierOptions,
  news: IssuerNews = silence,
): Promise<TokenVerifier> => {
  const check = createCheck(options, await keysOf(options, news));
  const remembered = createRemembered<Caller>();
  return {
    verify: async (token) => {
      // What a hostile token costs is bounded before anything of it is read.
      if (token.length > maxLength || !form.test(token)) throw refused('not three parts in 8 KB');
      const known = remembered.get(token);
      if (known) return known;
      const payload = await check(token).catch((error: unknown) => {
        throw error instanceof GatewayError ? error : refused(reasonOf(error));
      });
      const caller = toCaller(payload, options);
      if (!caller) throw refused('sub');
      remembered.set(token, caller, payload.exp * 1_000);
      return caller;
    },
  };
};

type KeysByIssuer = ReadonlyMap<unknown, JWTVerifyGetKey>;

const keysOf = async ({ issuers, algorithms }: TokenVerifierOptions, news: IssuerNews): Promise<KeysByIssuer> => {
  const open = async ({ issuer, keys }: Issuer): Promise<[string, JWTVerifyGetKey]> => {
    if (keys.kind === 'static') return [issuer, await readStaticKeys(keys.text, algorithms)];
    const told = { onBad: (error: Error) => news.onBad(issuer, error), onGood: () => news.onGood(issuer) };
    return [issuer, createRemoteKeys(keys.url, told)];
  };
  return new Map(await Promise.all(issuers.map(open)));
};

// RFC 8725 §3.1 algorithms are ours to choose, not the token's · §3.8 a key belongs to its issuer · §3.9 the audience is this gateway ·
// §3.10 no `jku`, `x5u`, `jwk` or `x5c` is looked at, and a `kid` is only compared · §3.11, RFC 9068 §4 `typ` is that of access tokens.
const createCheck = (options: TokenVerifierOptions, keysByIssuer: KeysByIssuer) => {
  const { algorithms, audiences, tokenType, clockToleranceSeconds, maxLifetimeSeconds } = options;
  const common = {
    algorithms: [...algorithms],
    audience: [...audiences],
    typ: tokenType,
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: maxLifetimeSeconds, // by which jose refuses an `iat` ahead, too
    requiredClaims: ['exp', 'iat', 'sub'],
  };
  return async (token: string): Promise<JWTPayload & { readonly exp: number }> => {
    const { iss } = decodeJwt(token); // not verified yet: it chooses among the issuers that were configured, and is compared below
    const keys = keysByIssuer.get(iss);
    if (iss === undefined || !keys) throw refused('issuer');
    const { payload, protectedHeader } = await jwtVerify(token, keys, { ...common, issuer: iss });
    // jose understands one extension (RFC 7797), and without `crit` ignores it. We take none.
    if ('crit' in protectedHeader || 'b64' in protectedHeader) throw refused('crit');
    return withLife(payload, maxLifetimeSeconds);
  };
};

// jose takes 1e999, which is Infinity, for a number.
const withLife = (payload: JWTPayload, maxSeconds: number): JWTPayload & { readonly exp: number } => {
  const { exp, iat, nbf = 0 } = payload;
  if (!isFiniteNumber(exp) || !isFiniteNumber(iat) || !isFiniteNumber(nbf)) throw refused('times');
  if (exp - iat > maxSeconds) throw refused('lifetime');
  return { ...payload, exp };
};

const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

// One answer for all that is wrong: a more exact one would help to forge. The log gets the reason.
const refused = (reason: string): GatewayError =>
  new GatewayError('UNAUTHENTICATED', { cause: new Error(`access token: ${reason}`) });

// Codes and names of claims only: jose's errors hold the claims, and its words may hold names from the header.
const reasonOf = (error: unknown): string => {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return `${error.code} ${error.claim} ${error.reason}`;
  if (error instanceof errors.JOSEError) return error.code;
  return error instanceof Error ? error.name : typeof error;
};
