import { z } from 'zod';
import type { LocationId } from '../../model/ids.ts';
import type { LocationRecord } from '../../model/location.ts';
import { endpoint, segments } from '../endpoint.ts';
import { invalid, read } from '../read.ts';
import { toLocationRecord, upstreamLocation } from './location-record.ts';

/** GET /locations/{locationId}: a bare object without the envelope. */
export const readLocation = endpoint<{ readonly locationId: LocationId }, LocationRecord>({
  name: 'readLocation',
  method: 'GET',
  scope: 'locations.readonly',
  version: '2021-07-28',
  isRepeatable: true,
  holder: ({ locationId }) => ({ kind: 'location', locationId }),
  path: ({ locationId }) => segments('locations', locationId),
  read: (body, note, { locationId }) => {
    const record = toLocationRecord(read(z.object({ location: upstreamLocation }), body, note, 'body').location);
    if (record.id !== locationId) throw invalid('location.id');
    return record;
  },
});
