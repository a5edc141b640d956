import { randomBytes } from 'node:crypto';
import { alphanumericOf, hashOf } from './chance.ts';
import { COMPANY_SCOPES, LOCATION_SCOPES } from './scopes.ts';
import type { State } from './state.ts';
import type { Holder, Issue, Tokens } from './tokens.ts';

/** What tokens carry, and the answer they come in. */
export interface Grants {
  readonly tokens: Tokens;
  /** What a token of the holder carries when its own grant names no scopes. */
  readonly scopesOf: (holder: Holder) => readonly string[];
  readonly grantScopes: (locationId: string, scopes: readonly string[]) => void;
  /** Whether POST /oauth/reconnect gives codes; it does at first. */
  readonly allowReconnect: (isAllowed: boolean) => void;
  readonly isReconnectAllowed: () => boolean;
  /** The snake_case token answer. With `refresh` it brings a fresh refresh token. */
  readonly tokenAnswer: (issue: Issue, refresh: boolean) => Record<string, unknown>;
}

const describe = (holder: Holder): Record<string, unknown> =>
  holder.kind === 'Location'
    ? { userType: 'Location', companyId: holder.companyId, locationId: holder.locationId }
    : { userType: 'Company', companyId: holder.companyId, isBulkInstallation: true };

/** Every location grants all that can be read, until it is told otherwise. */
export const createGrants = (state: State, tokens: Tokens): Grants => {
  const granted = new Map<string, readonly string[]>();
  let isReconnectAllowed = true;

  const scopesOf = (holder: Holder): readonly string[] =>
    holder.kind === 'Company' ? COMPANY_SCOPES : (granted.get(holder.locationId) ?? LOCATION_SCOPES);

  return {
    tokens,
    scopesOf,
    grantScopes: (locationId, scopes) => void granted.set(state.location(locationId).id, [...scopes]),
    allowReconnect: (isAllowed) => (isReconnectAllowed = isAllowed),
    isReconnectAllowed: () => isReconnectAllowed,
    tokenAnswer: (issue, refresh) => {
      const { holder, family = { isRevoked: false } } = issue;
      const scopes = issue.scopes ?? scopesOf(holder);
      return {
        access_token: tokens.issueAccess({ holder, scopes, family }),
        token_type: 'Bearer',
        expires_in: tokens.ttlSeconds,
        ...(refresh && {
          refresh_token: tokens.issueRefresh({ ...issue, family }),
          refreshTokenId: randomBytes(12).toString('hex'),
        }),
        scope: scopes.join(' '),
        ...describe(holder),
        userId: alphanumericOf(20, hashOf(holder.companyId, 'installer')),
      };
    },
  };
};
