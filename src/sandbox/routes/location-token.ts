import { badRequest, forbidden } from '../errors.ts';
import { textField } from '../route.ts';
import type { BearerRoute } from '../route.ts';

/** An agency token becomes a token of one of its locations, with a refresh token of its own. */
export const locationToken: BearerRoute = {
  name: 'locationToken',
  kind: 'bearer',
  method: 'POST',
  path: '/oauth/locationToken',
  scope: 'oauth.write',
  classes: ['Company'],
  isOAuthOnly: true,
  isVersionOptional: false,
  answer: ({ body }, { grants }, holder) => {
    const companyId = textField(body, 'companyId');
    const locationId = textField(body, 'locationId');
    if (companyId === null) throw badRequest('Missing parameter: companyId');
    if (locationId === null) throw badRequest('Missing parameter: locationId');
    if (companyId !== holder.companyId) throw forbidden('The token does not have access to this company');
    return { status: 200, body: grants.tokenAnswer(grants.installedHolder(locationId), null, true) };
  },
};
