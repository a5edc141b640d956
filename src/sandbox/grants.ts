import { randomBytes } from 'node:crypto';
import { alphanumericOf, hashOf } from './chance.ts';
import { badRequest } from './errors.ts';
import type { Location } from './seed.ts';
import type { State } from './state.ts';
import type { Holder, Tokens } from './tokens.ts';

/** Those of every read endpoint a sub-account token may call. */
const LOCATION_SCOPES: readonly string[] = [
  'locations.readonly',
  'socialplanner/tag.readonly',
  'socialplanner/statistics.readonly',
  'socialplanner/account.readonly',
  'socialplanner/post.readonly',
  'socialplanner/category.readonly',
];

const COMPANY_SCOPES: readonly string[] = [...LOCATION_SCOPES, 'oauth.readonly', 'oauth.write'];

/** Who may have a token, and what it carries. */
export interface Grants {
  readonly tokens: Tokens;
  /** The holder of a location the app is installed in. Throws the vendor's 400 otherwise, also while it is paused. */
  readonly installedHolder: (locationId: string) => Holder;
  /** Throws the vendor's 400 while the holder's location is paused. */
  readonly assertActive: (holder: Holder) => void;
  /** What a token of the holder carries when its own grant names no scopes. */
  readonly scopesOf: (holder: Holder) => readonly string[];
  readonly grantScopes: (locationId: string, scopes: readonly string[]) => void;
  readonly pause: (locationId: string, isPaused: boolean) => void;
  readonly isPaused: (locationId: string) => boolean;
  /** The snake_case token answer. With `refresh` it brings a fresh refresh token. */
  readonly tokenAnswer: (
    holder: Holder,
    grantedScopes: readonly string[] | null,
    refresh: boolean,
  ) => Record<string, unknown>;
}

const holderOf = ({ id, companyId }: Location): Holder => ({ kind: 'Location', companyId, locationId: id });

const describe = (holder: Holder): Record<string, unknown> =>
  holder.kind === 'Location'
    ? { userType: 'Location', companyId: holder.companyId, locationId: holder.locationId }
    : { userType: 'Company', companyId: holder.companyId, isBulkInstallation: true };

/** Installed everywhere but where the plan of a location says otherwise. */
export const createGrants = (state: State, tokens: Tokens): Grants => {
  const granted = new Map<string, readonly string[]>();
  const paused = new Set<string>();

  const assertActive = (holder: Holder): void => {
    if (holder.kind === 'Location' && paused.has(holder.locationId)) throw badRequest('Location is not active');
  };
  const scopesOf = (holder: Holder): readonly string[] =>
    holder.kind === 'Company' ? COMPANY_SCOPES : (granted.get(holder.locationId) ?? LOCATION_SCOPES);

  return {
    tokens,
    assertActive,
    scopesOf,
    installedHolder: (locationId) => {
      const location = state.findLocation(locationId);
      if (location?.companyId !== state.companyId || !location.plan.isInstalled)
        throw badRequest('Location is not installed');
      const holder = holderOf(location);
      assertActive(holder);
      return holder;
    },
    grantScopes: (locationId, scopes) => void granted.set(state.location(locationId).id, [...scopes]),
    pause: (locationId, isPaused) => {
      if (isPaused) paused.add(state.location(locationId).id);
      else paused.delete(locationId);
    },
    isPaused: (locationId) => paused.has(locationId),
    tokenAnswer: (holder, grantedScopes, refresh) => {
      const scopes = grantedScopes ?? scopesOf(holder);
      return {
        access_token: tokens.issueAccess(holder, scopes),
        token_type: 'Bearer',
        expires_in: tokens.ttlSeconds,
        ...(refresh && {
          refresh_token: tokens.issueRefresh(holder, grantedScopes),
          refreshTokenId: randomBytes(12).toString('hex'),
        }),
        scope: scopes.join(' '),
        ...describe(holder),
        userId: alphanumericOf(20, hashOf(holder.companyId, 'installer')),
      };
    },
  };
};
