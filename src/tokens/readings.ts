// What a scrape is told of tokens: the times of each in Unix seconds, and the states of all.
import type { HolderReading, Reading } from '../observe/metric-installations.ts';
import type { HeldToken } from './access-tokens.ts';
import type { SurveyedGrant } from './grant-store.ts';
import type { Grant } from './grants.ts';

/** Of a token's life. */
export type Moment = 'obtainedAt' | 'expiresAt';

/** A refresh token that nobody uses lives a year (upstream README §6). */
export const refreshTokenMs = 365 * 86_400_000;

/** Of an access token; one that never runs out says nothing. */
export const tokenReadings = (
  { tokenKey: holder, ...token }: HeldToken,
  moment: Moment,
  grantKind: Grant['kind'],
): readonly HolderReading[] => {
  const kind = grantKind === 'AGENCY_EXCHANGE' && holder !== 'company' ? 'location' : 'access';
  return Number.isFinite(token.expiresAt) ? [{ holder, labels: { kind }, value: token[moment] / 1_000 }] : [];
};

/** Of the refresh token of a grant that lives. */
export const refreshReadings = (
  { key: holder, obtainedAt, isDead }: SurveyedGrant,
  moment: Moment,
): readonly HolderReading[] => {
  if (obtainedAt === null || isDead) return [];
  const at = moment === 'expiresAt' ? obtainedAt + refreshTokenMs : obtainedAt;
  return [{ holder, labels: { kind: 'refresh' }, value: at / 1_000 }];
};

/** How many are connected, and how many wait for a person's consent. */
export const stateReadings = (all: readonly { readonly isDead: boolean }[]): readonly Reading[] => {
  const dead = all.filter(({ isDead }) => isDead).length;
  return [
    { labels: { state: 'connected' }, value: all.length - dead },
    { labels: { state: 'needs_reauth' }, value: dead },
  ];
};
