import { forbidden } from '../errors.ts';
import { foundLocationRecord } from '../location-record.ts';
import { page } from '../paging.ts';
import type { BearerRoute } from '../route.ts';

/** No total: the last page is the short one. A location token finds itself only. */
export const searchLocations: BearerRoute = {
  name: 'searchLocations',
  kind: 'bearer',
  method: 'GET',
  path: '/locations/search',
  scope: 'locations.readonly',
  classes: ['Location', 'Company'],
  isOAuthOnly: false,
  isVersionOptional: false,
  answer: ({ query }, { state }, { holder }) => {
    const { companyId, email, order } = query;
    if (companyId !== undefined && companyId !== holder.companyId)
      throw forbidden('The token does not have access to this company');
    const found = state.locations
      .filter((location) => location.companyId === holder.companyId)
      .filter(({ id }) => holder.kind === 'Company' || id === holder.locationId)
      .map(foundLocationRecord)
      .filter((record) => email === undefined || record.email === email);
    return { status: 200, body: { locations: page(order === 'desc' ? found.toReversed() : found, query, 10) } };
  },
};
