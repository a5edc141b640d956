import type { LocationRecord } from '../../model/location.ts';
import { endpoint, segments } from '../endpoint.ts';
import { invalid, readRows } from '../read.ts';
import { toLocationRecord, upstreamLocation } from './location-record.ts';

/** Which page of the company's locations. */
export interface SearchLocationsInput {
  readonly companyId: string | null;
  readonly limit: number;
  readonly skip: number;
}

/** A page; upstream gives no total, the last page is the short one. */
export interface LocationRows {
  readonly records: readonly LocationRecord[];
  readonly isLast: boolean;
}

/** GET /locations/search, on the company's token and budget. */
export const searchLocations = endpoint<SearchLocationsInput, LocationRows>({
  name: 'searchLocations',
  method: 'GET',
  scope: 'locations.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: () => ({ kind: 'company' }),
  path: () => segments('locations', 'search'),
  query: ({ companyId, limit, skip }) => ({
    companyId: companyId ?? undefined,
    skip: String(skip),
    limit: String(limit),
    order: 'asc',
  }),
  read: (body, note, { limit }) => {
    if (typeof body !== 'object' || body === null || !('locations' in body)) throw invalid('locations');
    const { rows, length } = readRows(upstreamLocation, body.locations, { note, field: 'locations' });
    return { records: rows.map(({ value }) => toLocationRecord(value)), isLast: length < limit };
  },
});
