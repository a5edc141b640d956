import { mostRolledUp } from '../reads/account-statistics.ts';
import { mostPages } from '../reads/locations.ts';
import type { Estimate } from './estimate.ts';

/** What one operation may cost upstream at most, with nothing cached. */
export interface CostLimits {
  readonly maxUpstreamCalls: number;
  readonly maxUpstreamCallsPerLocation: number;
  /** Locations over which account statistics are added up; 0 where upstream's own endpoint is asked. */
  readonly rollUpLocations: number;
  /** Calls that it takes to list the locations that the caller may read. */
  readonly listingCalls: number;
}

/** The settings that decide them. */
interface CostSettings extends Pick<CostLimits, 'maxUpstreamCalls' | 'maxUpstreamCallsPerLocation'> {
  readonly accountStatistics: 'roll-up' | 'endpoint';
}

/** Over a live upstream, or over a sandbox, which gives its locations away. */
export const costLimitsOf = (
  { maxUpstreamCalls, maxUpstreamCallsPerLocation, accountStatistics }: CostSettings,
  { isLive }: { readonly isLive: boolean },
): CostLimits => ({
  maxUpstreamCalls,
  maxUpstreamCallsPerLocation,
  rollUpLocations: accountStatistics === 'roll-up' ? mostRolledUp : 0,
  listingCalls: isLive ? mostPages : 0,
});

/** Values that one answer may hold: 25,000 take about a sixth of a second to make and to write, and nobody else is served meanwhile. */
const mostValues = 25_000;

/** Why an operation of that estimate is refused, to stand after its name; null where it is not. */
export const costProblem = (
  { total, perLocation, values }: Estimate,
  { maxUpstreamCalls, maxUpstreamCallsPerLocation }: CostLimits,
): string | null => {
  if (total > maxUpstreamCalls || perLocation > maxUpstreamCallsPerLocation) {
    const allowed = `${maxUpstreamCalls} (${maxUpstreamCallsPerLocation}) are allowed`;
    return `could cost ${total} upstream calls (${perLocation} of one location); ${allowed}.`;
  }
  return values > mostValues ? `could answer ${values} values; ${mostValues} are allowed.` : null;
};
