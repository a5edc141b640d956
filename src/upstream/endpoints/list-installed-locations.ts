import { z } from 'zod';
import { toLocationId, type LocationId } from '../../model/ids.ts';
import { endpoint, segments } from '../endpoint.ts';
import { flag, idOf, invalid, readRows, text } from '../read.ts';

/** Which page of the locations of an agency in which the app is installed. */
export interface ListInstalledLocationsInput {
  readonly companyId: string;
  readonly clientId: string;
  readonly limit: number;
  readonly skip: number;
}

/** A page; upstream's `count` is that of all locations of the agency, so the last page is the short one. */
export interface InstalledRows {
  readonly locations: readonly { readonly id: LocationId; readonly name: string | null }[];
  readonly isLast: boolean;
}

// A location is `_id` here and `id` everywhere else.
const row = z.object({ _id: idOf(toLocationId), name: text, isInstalled: flag });

/** GET /oauth/installedLocations, on the agency's token and budget. */
export const listInstalledLocations = endpoint<ListInstalledLocationsInput, InstalledRows>({
  name: 'listInstalledLocations',
  method: 'GET',
  scope: 'oauth.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: () => ({ kind: 'company' }),
  path: () => segments('oauth', 'installedLocations'),
  query: ({ companyId, clientId, limit, skip }) => ({
    companyId,
    appId: clientId.split('-', 1)[0] ?? clientId, // the client id up to its hyphen (README §6: sdk)
    skip: String(skip),
    limit: String(limit),
    isInstalled: 'true',
  }),
  read: (body, note, { limit }) => {
    if (typeof body !== 'object' || body === null || !('locations' in body)) throw invalid('locations');
    const { rows, length } = readRows(row, body.locations, { note, field: 'locations' });
    const installed = rows.map(({ value }) => value).filter(({ isInstalled }) => isInstalled !== false);
    return { locations: installed.map(({ _id: id, name }) => ({ id, name })), isLast: length < limit };
  },
});
