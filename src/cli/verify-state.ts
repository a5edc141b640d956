// What stands around the operations: scopes, store, credentials, budget.
import type { Config } from '../config.ts';
import { StoreUnavailable } from '../stores/sql.ts';
import type { CredentialAge } from '../tokens/credential-age.ts';
import type { GrantSummary } from '../tokens/stored-grant.ts';
import { askGateway, type Askable } from './ask-gateway.ts';
import type { OpenGateway } from './command.ts';
import type { Installation } from './verify-look.ts';

/** Scopes, each in the order in which they are wanted. */
interface ScopeState {
  readonly wanted: readonly string[];
  readonly granted: readonly string[];
  readonly missing: readonly string[];
}

/** Where grants are kept and how that is. */
interface StoreState {
  /** Never a password. */
  readonly place: string;
  readonly state: string;
  /** Keys of grants that only a person's consent brings back. */
  readonly dead: readonly string[];
}

/** What is left of the location's budget. */
interface BudgetState {
  readonly mode: string;
  readonly burst: { readonly remaining: number; readonly limit: number; readonly windowSeconds: number };
  readonly daily: { readonly remaining: number; readonly limit: number };
}

/** Everything but the operations. */
export interface GatewayState {
  readonly scopes: ScopeState | null;
  readonly store: StoreState;
  /** Null where they are not known. */
  readonly credentials: readonly CredentialAge[] | null;
  readonly budget: BudgetState | null;
}

/** Asked after the operations, which teach the gateway what upstream allows. `locationId` null leaves out what belongs to one. */
export const readState = async (
  opened: OpenGateway,
  config: Config,
  locationId: string | null,
): Promise<GatewayState> => {
  const { gateway } = opened;
  const summaries = await summariesOf(opened);
  const seen = locationId === null ? null : await askState(gateway, locationId);
  return {
    scopes: scopesOf(config.scopes, seen?.installation ?? null, summaries ?? []),
    store: storeOf(opened, config, summaries),
    credentials: await gateway.credentialAges(),
    budget: seen?.quota ?? null,
  };
};

const stateQuery = `query State($id: ID!) { location(id: $id) {
  installation { status grantKind grantedScopes missingScopes }
  quota { mode burst { remaining limit windowSeconds } daily { remaining limit } }
} }`;

interface SeenState {
  readonly installation: Installation | null;
  readonly quota: BudgetState | null;
}

const askState = async (gateway: Askable, id: string): Promise<SeenState | null> => {
  const { data } = await askGateway(gateway, stateQuery, { id });
  return ((data ?? {}) as { location?: SeenState | null }).location ?? null; // as the query asks
};

const scopesOf = (
  wanted: readonly string[],
  installation: Installation | null,
  summaries: readonly GrantSummary[],
): ScopeState | null => {
  if (installation === null) return null;
  const ofAgency = wanted.filter((scope) => scope.startsWith('oauth.'));
  const agency = summaries.find(({ key }) => key === 'company')?.scopes ?? null;
  const granted = new Set([
    ...installation.grantedScopes,
    ...(agency ?? []).filter((scope) => ofAgency.includes(scope)),
  ]);
  const missing = new Set([
    ...installation.missingScopes,
    ...(agency === null ? [] : ofAgency.filter((scope) => !granted.has(scope))),
  ]);
  const isWanted = (scopes: ReadonlySet<string>) => wanted.filter((scope) => scopes.has(scope));
  return { wanted, granted: isWanted(granted), missing: isWanted(missing) };
};

const summariesOf = async ({ gateway }: OpenGateway): Promise<readonly GrantSummary[] | null> => {
  try {
    return (await gateway.consenting?.store.summaries()) ?? [];
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
};

const storeOf = (
  { access, gateway }: OpenGateway,
  { database }: Config,
  summaries: readonly GrantSummary[] | null,
): StoreState => {
  const file = 'path' in database ? `SQLite, ${database.path}` : placeOf(database.url);
  const place = access.sandbox ? 'memory of the process (sandbox mode)' : file;
  if (summaries === null) return { place, state: 'cannot be reached', dead: [] };
  if (!gateway.consenting) return { place, state: 'not needed for this grant', dead: [] };
  const dead = summaries.filter(({ isDead }) => isDead).map(({ key }) => key);
  const count = `${summaries.length} ${summaries.length === 1 ? 'grant' : 'grants'}`;
  return { place, state: dead.length === 0 ? count : `${count}, ${dead.length} of them dead`, dead };
};

const placeOf = (url: string): string => {
  const parsed = URL.parse(url);
  return parsed === null ? 'PostgreSQL' : `PostgreSQL, ${parsed.host}${parsed.pathname}`;
};
