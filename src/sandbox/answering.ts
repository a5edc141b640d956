import { UNAUTHORIZED, unauthorized, VendorError } from './errors.ts';
import type { Misfortune } from './faults.ts';
import { answerOf, findGrant } from './guard.ts';
import type { Limits, Spent } from './limits.ts';
import { nonsenseOf } from './nonsense.ts';
import { newTraceId, traced } from './reply.ts';
import type { Outgoing } from './reply.ts';
import type { Call, Route, World } from './route.ts';

type Fault = Misfortune['fault'];

const TOO_MANY = { statusCode: 429, message: 'Too Many Requests' }; // the vendor documents no body

/** The answer a fault puts in place of the route's own, null when it leaves the route to work. */
const replacement = (fault: Fault, budget: Readonly<Record<string, string>>): Outgoing | VendorError | null => {
  switch (fault?.kind) {
    case 'status': {
      const { status, body = { statusCode: status }, headers = {} } = fault;
      return { status, body, headers, isHtml: typeof body === 'string' };
    }
    case 'rate-limit': {
      const retry = fault.retryAfter === undefined ? {} : { 'Retry-After': fault.retryAfter };
      return { status: 429, body: TOO_MANY, headers: { ...budget, 'X-RateLimit-Remaining': '0', ...retry } };
    }
    case 'unauthorized':
      return unauthorized(UNAUTHORIZED[fault.reason]);
    default:
      return null;
  }
};

/** What the fault leaves of an answer that was given. */
const distorted = (fault: Fault, body: unknown): unknown => {
  if (fault?.kind === 'body') return fault.body;
  return fault?.kind === 'wrong-types' ? nonsenseOf(body) : body;
};

/** What is said to a call. A budget is spent by every call with a live token, also when it is refused later on. */
export const createAnswering = (world: World, limits: Limits) => {
  const spend = (route: Route, call: Call): Spent | null => {
    const grant = route.kind === 'open' || route.kind === 'page' ? null : findGrant(call, world);
    if (grant === null) return null;
    return limits.spend(grant.holder.kind === 'Location' ? grant.holder.locationId : grant.holder.companyId);
  };

  return (route: Route, call: Call, fault: Fault): Outgoing => {
    const spent = spend(route, call);
    const headers = { traceId: newTraceId(), ...spent?.headers };
    const failed = (error: VendorError): Outgoing => ({
      status: error.status,
      body: traced(error.body, headers.traceId),
      headers,
    });
    try {
      const replaced = replacement(fault, spent?.headers ?? limits.untouched());
      if (replaced instanceof VendorError) throw replaced;
      if (replaced !== null) return { ...replaced, headers: { ...headers, ...replaced.headers } };
      if (spent?.isAllowed === false) throw new VendorError(429, TOO_MANY);
      if (route.kind === 'page') {
        const { status, html, headers: own } = route.answer(call, world);
        return { status, body: html, isHtml: true, headers: { ...headers, ...own } };
      }
      const { status, body } = answerOf(route, call, world);
      return { status, body: distorted(fault, traced(body, headers.traceId)), headers };
    } catch (error) {
      if (!(error instanceof VendorError)) throw error;
      const refusal = failed(error);
      return { ...refusal, body: distorted(fault, refusal.body) };
    }
  };
};
