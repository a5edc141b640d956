import { z } from 'zod';
import { toLocationId, type LocationId } from '../../model/ids.ts';
import { endpoint, segments } from '../endpoint.ts';
import { invalid } from '../read.ts';

/** Which location of which agency. */
export interface ExchangeInput {
  readonly companyId: string;
  readonly locationId: LocationId;
}

/** What upstream told about the token. The value is behind a function, so that printing the object never shows it. */
export interface ExchangedToken {
  readonly reveal: () => string;
  /** Null where upstream did not say, here and below. */
  readonly lifeSeconds: number | null;
  readonly scope: string | null;
  readonly locationId: LocationId | null;
}

const answer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().min(1).nullable().catch(null),
  scope: z.string().nullable().catch(null),
  locationId: z.string().nullable().catch(null),
});

/** POST /oauth/locationToken: an agency's token becomes one of a location, on the agency's budget. No grant of OAuth's own, so it goes the
 * way of every other call. A refresh token that comes along is left alone: exchanging again rotates nothing (README §6). */
export const exchangeLocationToken = endpoint<ExchangeInput, ExchangedToken>({
  name: 'exchangeLocationToken',
  method: 'POST',
  scope: 'oauth.write',
  version: '2021-07-28',
  isRepeatable: true,
  holder: () => ({ kind: 'company' }),
  path: () => segments('oauth', 'locationToken'),
  form: ({ companyId, locationId }) => ({ companyId, locationId }),
  read: (body) => {
    const { success, data } = answer.safeParse(body);
    if (!success) throw invalid('access_token'); // the parser's own error would quote the body
    const { access_token: value, expires_in: lifeSeconds, scope, locationId } = data;
    return { reveal: () => value, lifeSeconds, scope, locationId: toLocationId(locationId ?? '') };
  },
});
