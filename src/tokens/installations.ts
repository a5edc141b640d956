import { GatewayError } from '../model/errors.ts';
import type { Installation } from '../model/installation.ts';
import type { AccessToken } from './access-token.ts';
import type { Grant } from './grants.ts';
import { GrantLost } from './redeem.ts';

/** What upstream said to earlier requests with a token. */
export interface Experience {
  /** Scopes that it granted or refused; the others are not known. */
  readonly seen: ReadonlyMap<string, boolean>;
  /** Whether it refuses the token itself, and a new one would not help. */
  readonly isDead: boolean;
}

/** The installation of a location that has a token. */
export const connected = (
  grant: Grant,
  token: AccessToken,
  { seen, isDead }: Experience,
  wanted: readonly string[],
): Installation => {
  const granted = token.scopes ?? wanted.filter((scope) => seen.get(scope) === true);
  const isMissing = (scope: string) =>
    token.scopes === null ? seen.get(scope) === false : !token.scopes.includes(scope);
  return {
    status: isDead ? 'REAUTHORIZATION_REQUIRED' : 'CONNECTED',
    grantedScopes: granted,
    missingScopes: wanted.filter(isMissing),
    grantKind: grant.kind,
    tokenRenewedAt: token.obtainedAt,
    tokenExpiresAt: Number.isFinite(token.expiresAt) ? token.expiresAt : null,
  };
};

/** The installation of a location for which no token could be had. Throws `error` where that says nothing about the grant. */
export const disconnected = (grant: Grant, error: unknown, wanted: readonly string[]): Installation => {
  const code = error instanceof GatewayError ? error.code : null;
  if (code !== 'LOCATION_PAUSED' && code !== 'LOCATION_NOT_CONNECTED') throw error;
  const isLost = error instanceof GatewayError && error.cause instanceof GrantLost;
  const gone = isLost ? 'REAUTHORIZATION_REQUIRED' : 'NOT_INSTALLED';
  return {
    status: code === 'LOCATION_PAUSED' ? 'PAUSED' : gone,
    grantedScopes: [],
    missingScopes: wanted,
    grantKind: grant.kind,
    tokenRenewedAt: null,
    tokenExpiresAt: null,
  };
};
