import type { LocationId } from '../model/ids.ts';
import {
  createAskAccountEndpoint,
  createRollUp,
  whereTheirs,
  type ReadAccountStatistics,
} from './account-statistics.ts';
import { createCalendars } from './calendar.ts';
import type { ReadDeps } from './deps.ts';
import {
  createReadCompanyLocations,
  createReadConnectedLocations,
  createReadLocation,
  type ReadCompanyLocations,
  type ReadLocation,
} from './locations.ts';
import { createReadSocialAccounts, type ReadSocialAccounts } from './social-accounts.ts';
import { createReadStatistics, createReadTimeZone, type ReadStatistics } from './statistics.ts';
import { createReadTagDetails, type ReadTagDetails } from './tag-details.ts';
import { createReadTagPage, type ReadTagPage } from './tag-pages.ts';

/** What the graph can know: process-wide, cached, one call for all who ask. Each takes a `Cause` and throws GatewayError. */
export interface Reads {
  readonly tagPage: ReadTagPage;
  readonly tagDetails: ReadTagDetails;
  readonly socialAccounts: ReadSocialAccounts;
  readonly statistics: ReadStatistics;
  readonly accountStatistics: ReadAccountStatistics;
  readonly location: ReadLocation;
  readonly companyLocations: ReadCompanyLocations;
}

/** Settings of the reads. */
export interface ReadOptions {
  readonly defaultTimeZone: string;
  readonly accountStatistics: 'roll-up' | 'endpoint';
  readonly companyId: string | null;
  /** The locations that are connected one by one; null where a token of the company lists them. */
  readonly connectedIds: (() => Promise<readonly LocationId[]>) | null;
  /** Locations over which account statistics are added up at most. */
  readonly rollUpLocations: number;
}

/** All reads over one cache and one upstream. */
export const createReads = (deps: ReadDeps, options: ReadOptions): Reads => {
  const location = createReadLocation(deps);
  const socialAccounts = createReadSocialAccounts(deps);
  const calendarOf = createCalendars();
  const readTimeZone = createReadTimeZone(location, options.defaultTimeZone);
  const statistics = createReadStatistics({ ...deps, readSocialAccounts: socialAccounts, readTimeZone, calendarOf });
  const rollUp = createRollUp({ readStatistics: statistics, readTimeZone, calendarOf }, options.rollUpLocations);
  return {
    tagPage: createReadTagPage(deps),
    tagDetails: createReadTagDetails(deps),
    socialAccounts,
    statistics,
    accountStatistics:
      options.accountStatistics === 'endpoint'
        ? whereTheirs(createAskAccountEndpoint({ ...deps, calendarOf }, options), rollUp)
        : rollUp,
    location,
    companyLocations: options.connectedIds
      ? createReadConnectedLocations(location, options.connectedIds)
      : createReadCompanyLocations(deps, options),
  };
};
