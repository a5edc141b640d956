import { GatewayError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';
import type { LocationRecord } from '../model/location.ts';
import type { Cause } from '../upstream/cause.ts';
import { listInstalledLocations, type InstalledRows } from '../upstream/endpoints/list-installed-locations.ts';
import { readLocation } from '../upstream/endpoints/read-location.ts';
import { searchLocations } from '../upstream/endpoints/search-locations.ts';
import type { ReadDeps } from './deps.ts';

/** What upstream tells about a location. */
export type ReadLocation = (locationId: LocationId, cause: Cause) => Promise<LocationRecord>;

/** All locations of the company that upstream's grant reaches, in the order of their ids. */
export type ReadCompanyLocations = (
  cause: Cause,
  /** Whose records are read and given: what is another's is neither asked for nor paid for. */
  isWanted: (id: LocationId) => boolean,
) => Promise<readonly LocationRecord[]>;

/** One upstream call where it is not kept. */
export const createReadLocation =
  ({ cache, keys, upstream }: ReadDeps): ReadLocation =>
  async (locationId, cause) => {
    const load = (all: Cause) => upstream.call(readLocation, { locationId }, all);
    return (await cache.getOrLoad(keys.location(locationId), load, cause)).value;
  };

const pageSize = 100;
/** Calls that listing all locations may take; those beyond are not listed. */
export const mostPages = 20;
/** Locations that are listed at most. */
export const mostListed = mostPages * pageSize;

/** Upstream gives no total: pages until a short one, at most 2,000 locations. */
const allPages = async <T>(
  read: (page: {
    readonly limit: number;
    readonly skip: number;
  }) => Promise<{ readonly rows: readonly T[]; readonly isLast: boolean }>,
): Promise<readonly T[]> => {
  const all: T[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { rows, isLast } = await read({ limit: pageSize, skip: page * pageSize });
    all.push(...rows);
    if (isLast) break;
  }
  return all;
};

/** At most 2,000 locations. */
export const createReadCompanyLocations =
  ({ cache, keys, upstream }: ReadDeps, { companyId }: { companyId: string | null }): ReadCompanyLocations =>
  async (cause, isWanted) => {
    const load = async (all: Cause) => {
      const records = await allPages(async (page) => {
        const { records: rows, isLast } = await upstream.call(searchLocations, { companyId, ...page }, all);
        return { rows, isLast };
      });
      // Upstream does not promise that rows keep their place from page to page: one that moved must not be counted twice.
      const unique = [...new Map(records.map((record) => [record.id, record])).values()];
      return unique.sort((a, b) => (a.id < b.id ? -1 : 1));
    };
    const { value } = await cache.getOrLoad(keys.companyLocations(), load, cause);
    return value.filter(({ id }) => isWanted(id));
  };

/** The same where there is no token of the company: the locations that are connected one by one. One upstream call for each that is not
 * kept; one that cannot be read is listed without its name. */
export const createReadConnectedLocations =
  (readLocation: ReadLocation, connectedIds: () => Promise<readonly LocationId[]>): ReadCompanyLocations =>
  async (cause, isWanted) => {
    const ids = [...(await connectedIds())].filter(isWanted).sort().slice(0, mostListed);
    const nameless = { name: null, timeZone: null, city: null, country: null };
    const read = async (id: LocationId): Promise<LocationRecord> => {
      try {
        return await readLocation(id, cause);
      } catch (error) {
        if (error instanceof GatewayError) return { id, ...nameless };
        throw error;
      }
    };
    const records: LocationRecord[] = [];
    for (let start = 0; start < ids.length; start += pageSize)
      records.push(...(await Promise.all(ids.slice(start, start + pageSize).map(read))));
    return records;
  };

/** Locations of a company in which the app is installed, by its token; the first 2,000. Throws GatewayError. */
export type ReadInstalledLocations = (companyId: string) => Promise<InstalledRows['locations']>;

/** Asked for by people, not by operations: nothing is kept. */
export const createReadInstalledLocations =
  (
    { upstream }: Pick<ReadDeps, 'upstream'>,
    { clientId, causeOf }: { clientId: string; causeOf: () => Cause },
  ): ReadInstalledLocations =>
  (companyId) =>
    allPages(async (page) => {
      const { locations: rows, isLast } = await upstream.call(
        listInstalledLocations,
        { companyId, clientId, ...page },
        causeOf(),
      );
      return { rows, isLast };
    });
