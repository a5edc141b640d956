import { audience, startIssuer } from './issuer.ts';
import type { Asking } from './crowd.ts';
import { boundless, boundlessSettings, startLoadedGateway, type LoadedGateway } from './loaded-gateway.ts';

/** A gateway in a process of its own, and two callers that it can tell apart. */
export interface Tenants extends AsyncDisposable {
  readonly gateway: LoadedGateway;
  /** What the greedy one does: 64 connections without a rest, large answers, every third question a new one. */
  readonly greedy: Omit<Asking, 'ms'>;
  /** What the modest one does: a dashboard of a location of its own, five times a second. */
  readonly modest: Omit<Asking, 'ms'>;
}

const scope =
  'locations.readonly socialplanner/tag.readonly socialplanner/statistics.readonly socialplanner/account.readonly';
const dashboard = `query Dashboard($id: ID!, $first: Int!) { location(id: $id) {
  name
  tags(first: $first) { nodes { name details { updatedAt } } }
  socialAccounts { nodes { name platform } }
  statistics(input: { period: { preset: LAST_30_DAYS } }) { likes { total series { date value } } } } }`;
const large = `query Large($id: ID!) { ${Array.from(
  { length: 5 },
  (_, index) => `a${index}: location(id: $id) { tags(first: 50) { nodes { id name details { updatedAt } } } }`,
).join(' ')} }`;
const search = `query Search($id: ID!, $search: String!) { location(id: $id) {
  tags(first: 20, search: $search) { nodes { name details { updatedAt } } } } }`;

/** Nobody's allowance is in the way, unless `settings` say so; upstream's budgets are, where `isBudgetKept`. */
export const startTenants = async (
  settings: Readonly<Record<string, string>> = {},
  { isBudgetKept = false } = {},
): Promise<Tenants> => {
  const issuer = await startIssuer();
  const names = ['CALLER_REQUESTS', 'CALLER_COST', 'LOCATION_REQUESTS', 'LOCATION_COST'];
  const unlimited = Object.fromEntries(names.map((name) => [`${name}_PER_MINUTE`, '0']));
  const auth = { AUTH: 'jwt', AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URL: issuer.jwksUrl };
  const gateway = await startLoadedGateway(
    { ...unlimited, ...auth, ...(isBudgetKept ? {} : boundlessSettings), ...settings },
    { extraLocations: 2, ...(isBudgetKept ? {} : boundless) },
  );
  const [mine = '', theirs = ''] = gateway.sandbox.extraLocationIds;
  const common = { url: gateway.url, coldShare: 1 / 3 };
  return {
    gateway,
    greedy: {
      ...{ ...common, clients: 64, everyMs: null },
      token: issuer.token({ sub: 'greedy', scope, locationId: theirs }),
      warm: [{ query: large, variables: { id: theirs } }],
      cold: { query: search, variables: { id: theirs } },
    },
    modest: {
      ...{ ...common, clients: 16, everyMs: 200 },
      token: issuer.token({ sub: 'modest', scope, locationId: mine }),
      warm: [{ query: dashboard, variables: { id: mine, first: 20 } }],
      cold: null,
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await issuer[Symbol.asyncDispose]();
    },
  };
};
