import { visibleLocation } from '../guard.ts';
import type { BearerRoute } from '../route.ts';
import { locationRecord } from '../location-record.ts';

/** A bare object, with the personal data the vendor sends along. */
export const readLocation: BearerRoute = {
  name: 'readLocation',
  kind: 'bearer',
  method: 'GET',
  path: '/locations/:locationId',
  scope: 'locations.readonly',
  classes: ['Location', 'Company'],
  isOAuthOnly: false,
  isVersionOptional: false,
  answer: ({ params }, world, { holder }) => ({
    status: 200,
    body: { location: locationRecord(visibleLocation(params['locationId'] ?? '', holder, world)) },
  }),
};
