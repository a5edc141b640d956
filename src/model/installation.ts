/** How the gateway comes by a location's access token. */
export type GrantKind = 'CLIENT_CREDENTIALS' | 'LOCATION_GRANT' | 'AGENCY_EXCHANGE' | 'PRIVATE_INTEGRATION';

/** State of the grant held for a location; never holds a token. Moments are epoch milliseconds. */
export interface Installation {
  readonly status: 'CONNECTED' | 'PAUSED' | 'REAUTHORIZATION_REQUIRED' | 'NOT_INSTALLED';
  readonly grantedScopes: readonly string[];
  readonly missingScopes: readonly string[];
  readonly grantKind: GrantKind;
  readonly tokenRenewedAt: number | null;
  readonly tokenExpiresAt: number | null;
}
