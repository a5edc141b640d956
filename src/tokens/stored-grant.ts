import { type Selectable } from 'kysely';
import { toLocationId, type LocationId } from '../model/ids.ts';
import type { Database } from '../stores/sql.ts';
import type { AccessToken, TokenAnswer } from './access-token.ts';
import type { GrantTables } from './migrations.ts';
import type { Seal } from './seal.ts';

/** What a grant is kept by: a location's own, the agency's, or the one whose first refresh token stood in the settings. */
export type GrantKey = 'company' | 'seed' | `location:${LocationId}`;

/** What is known of a grant without opening it. */
export interface GrantSummary {
  readonly key: GrantKey;
  readonly locationId: LocationId | null;
  readonly companyId: string | null;
  /** Upstream refuses it for good: only a new consent helps. */
  readonly isDead: boolean;
  /** Null where upstream did not say. */
  readonly scopes: readonly string[] | null;
}

/** A grant as it stands in the store. */
export interface StoredGrant extends GrantSummary {
  readonly refreshToken: () => string;
  /** Null for one that has never been redeemed. */
  readonly access: AccessToken | null;
  readonly version: number;
  /** When the refresh token came; epoch milliseconds. */
  readonly refreshedAt: number;
  /** Somebody holds its lease. */
  readonly isLeased: boolean;
  /** Somebody began to redeem its refresh token and nobody knows how that ended. */
  readonly isUncertain: boolean;
}

/** The grants of one app in a store that it may share with others. */
export interface GrantSpace {
  readonly database: Database<GrantTables>;
  /** Tells the app, and the upstream that it is known to, from others. */
  readonly app: string;
  readonly seal: Seal;
}

/** To what a sealed pair is bound. */
export const placeOf = ({ app }: Pick<GrantSpace, 'app'>, key: string): string => `${app} ${key}`;

/** Both tokens of a grant, sealed together: neither is ever stored without the other. */
export const sealPair = (space: GrantSpace, key: string, refreshToken: string, accessToken: string | null): string =>
  space.seal.seal(JSON.stringify([refreshToken, accessToken]), placeOf(space, key));

/** The columns that a token answer fills; null where it did not say. */
export const columnsOf = ({ access, companyId }: TokenAnswer) => ({
  location_id: access.locationId,
  company_id: companyId,
  scopes: access.scopes?.join(' ') ?? null,
  obtained_at: access.obtainedAt,
  renew_at: Math.round(access.renewAt),
  expires_at: Math.round(access.expiresAt),
  refreshed_at: access.obtainedAt,
});

/** The columns of a grant that nobody is at. */
export const atRest = { leased_until: null, is_redeeming: 0 };

type Row = Selectable<GrantTables['gateway_grants']>;

/** The columns of a summary: enough for many rows at once. */
export const summaryColumns = ['grant_key', 'location_id', 'company_id', 'is_dead', 'scopes'] as const;

/** A row without its tokens. */
export const toSummary = (row: Pick<Row, (typeof summaryColumns)[number]>): GrantSummary => ({
  key: row.grant_key as GrantKey, // only ever written from one
  locationId: row.location_id === null ? null : toLocationId(row.location_id),
  companyId: row.company_id,
  isDead: row.is_dead === 1,
  scopes: row.scopes?.split(' ').filter((name) => name !== '') ?? null,
});

/** A row with its tokens. Throws SealError. */
export const toStored = (space: GrantSpace, row: Row, isLeased: boolean): StoredGrant => {
  const opened = space.seal.open(row.sealed, placeOf(space, row.grant_key));
  const [refreshToken, accessToken] = JSON.parse(opened) as [string, string | null]; // only ever sealed as such, and authentic
  const summary = toSummary(row);
  const { obtained_at: obtainedAt, renew_at: renewAt, expires_at: expiresAt } = row;
  const isRedeemed = accessToken !== null && obtainedAt !== null && renewAt !== null && expiresAt !== null;
  const { scopes, locationId } = summary;
  return {
    ...summary,
    refreshToken: () => refreshToken,
    access: isRedeemed ? { reveal: () => accessToken, obtainedAt, renewAt, expiresAt, scopes, locationId } : null,
    version: row.version,
    refreshedAt: row.refreshed_at,
    isLeased,
    isUncertain: row.is_redeeming === 1 && !isLeased,
  };
};
