import { z } from 'zod';
import type { RouteName } from './contract.ts';
import { ROUTES } from './routes/index.ts';

/** Every route a fault may be set for, in the order of the page's list. */
export const ROUTE_NAMES: readonly RouteName[] = [...new Set(ROUTES.map(({ name }) => name))];

const name = z.string().trim().min(1).max(200);

/** Body of POST /tags. */
export const NewTag = z.strictObject({ locationId: z.string(), name });

/** Body of PATCH /tags/:locationId/:tagId. */
export const TagName = z.strictObject({ name });

/** Body of PATCH /limits. */
export const LimitChange = z.strictObject({
  burst: z
    .strictObject({ limit: z.int().min(0).max(1_000_000), windowMs: z.int().min(1).max(3_600_000) })
    .exactOptional(),
  dailyLimit: z.int().min(0).max(100_000_000).exactOptional(),
});

/** Body of POST /install and /uninstall. */
export const ChosenLocation = z.strictObject({ locationId: z.string() });

/** Body of POST /revoke-grants: one location's, or the company's own. */
export const ChosenHolder = z.union([ChosenLocation, z.strictObject({ companyId: z.string() })]);

/** Body of PATCH /reconnect. */
export const ReconnectChange = z.strictObject({ isAllowed: z.boolean() });

/** Query of GET /calls. */
export const CallsQuery = z.object({ after: z.coerce.number().int().min(0).default(0) });

/** Query of GET /tags/:locationId. */
export const TagsQuery = z.object({
  searchText: z.string().max(200).default(''),
  skip: z.coerce.number().int().min(0).default(0),
});

const target = {
  route: z.enum(['*', ...ROUTE_NAMES]),
  locationId: z.string().min(1).exactOptional(),
  times: z.int().min(1).max(1_000_000).exactOptional(),
  rate: z.number().min(0).max(1).exactOptional(),
};

// Names and values that Node would refuse to send are refused here, where somebody reads the message.
const headerValue = z.string().regex(/^[\t\x20-\x7e]*$/);
const headers = z.record(z.string().regex(/^[A-Za-z0-9-]+$/), headerValue);

/** Body of POST /faults. */
export const Fault = z.discriminatedUnion('kind', [
  z.strictObject({ ...target, kind: z.literal('latency'), ms: z.int().min(0).max(600_000) }),
  z.strictObject({
    ...target,
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    body: z.json().exactOptional(),
    headers: headers.exactOptional(),
  }),
  z.strictObject({ ...target, kind: z.literal('rate-limit'), retryAfter: headerValue.exactOptional() }),
  z.strictObject({ ...target, kind: z.literal('cut') }),
  z.strictObject({ ...target, kind: z.literal('reset') }),
  z.strictObject({ ...target, kind: z.literal('hang') }),
  z.strictObject({ ...target, kind: z.literal('wrong-types') }),
  z.strictObject({ ...target, kind: z.literal('body'), body: z.json() }),
  z.strictObject({
    ...target,
    kind: z.literal('unauthorized'),
    reason: z.enum(['expired', 'scope', 'version', 'token-class', 'private-token']),
  }),
]);
