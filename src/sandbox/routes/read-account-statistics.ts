import { lastSevenDays } from '../clock.ts';
import type { BearerRoute } from '../route.ts';
import { buildStatistics } from '../statistics.ts';
import { built } from './read-statistics.ts';

/**
 * Account-level figures, without parameters: an agency token gives the sum over its installed locations with days by
 * UTC, a location token that location with its own days. The contract asks for no Version here.
 */
export const readAccountStatistics: BearerRoute = {
  name: 'readAccountStatistics',
  kind: 'bearer',
  method: 'GET',
  path: '/socialplanner/statistics.readonly',
  scope: 'socialplanner/statistics.readonly',
  classes: ['Location', 'Company'],
  isOAuthOnly: false,
  isVersionOptional: true,
  answer: (_call, { state, installations, figures, clock }, { holder }) => {
    const isMeant = (location: { id: string; companyId: string }): boolean =>
      holder.kind === 'Location' ? location.id === holder.locationId : location.companyId === holder.companyId;
    const locations = state.locations.filter(
      (location) => isMeant(location) && installations.installedAt(location.id) !== null,
    );
    const timeZone = holder.kind === 'Location' ? (locations[0]?.plan.timeZone ?? 'UTC') : 'UTC';
    const accounts = locations.flatMap((location) => location.accounts);
    return built(200, buildStatistics(figures, { accounts, ...lastSevenDays(clock(), timeZone) }));
  },
};
