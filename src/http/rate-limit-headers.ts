import type { Standing } from '../limiter/allowances.ts';

/** The fields of draft-ietf-httpapi-ratelimit-headers-11 (23 May 2026; lists of RFC 9651) and, for who is refused, `Retry-After` (RFC 9110
 * §10.2.3). Only for a caller's own limits: what is left of a location would tell one caller what the others do. Give such a refusal without
 * its policies. */
export const rateLimitHeaders = ({ policies, retryAfterMs }: Standing): Readonly<Record<string, string>> => ({
  ...(policies.length > 0 && {
    'ratelimit-policy': listOf(policies, ({ limit, windowSeconds }) => `q=${limit};w=${windowSeconds}`),
    ratelimit: listOf(policies, ({ remaining, resetSeconds }) => `r=${remaining};t=${resetSeconds}`),
  }),
  ...(retryAfterMs !== null && { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
});

type Policies = Standing['policies'];

// Names are ours, so that there is nothing to escape, and numbers are whole.
const listOf = (policies: Policies, parameters: (policy: Policies[number]) => string): string =>
  policies.map((policy) => `"${policy.name}";${parameters(policy)}`).join(', ');
