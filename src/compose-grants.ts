// How the gateway comes by access tokens: the grant that was chosen.
import type { UpstreamAccess } from './compose.ts';
import type { Config } from './config.ts';
import type { LocationId } from './model/ids.ts';
import type { Log } from './observe/log.ts';
import type { Tally } from './observe/tally.ts';
import type { Database } from './stores/sql.ts';
import type { AccessToken } from './tokens/access-token.ts';
import { createAudit, type Audit } from './tokens/audit.ts';
import type { GrantStore } from './tokens/grant-store.ts';
import { clientCredentials, privateToken, type Grant } from './tokens/grants.ts';
import type { Installs } from './tokens/install.ts';
import type { GrantTables } from './tokens/migrations.ts';
import { createOAuthClient, type OAuthClient } from './tokens/oauth-client.ts';
import type { Tickets } from './tokens/ticket.ts';
import type { TokenEndpoint } from './tokens/token-endpoint.ts';
import type { UpkeepDeps } from './tokens/upkeep.ts';

/** What the grants are composed with. */
export interface GrantSurroundings {
  readonly log: Log;
  readonly tally: Tally;
  readonly endpoint: TokenEndpoint;
  /** Where browsers reach the gateway, once it listens: an origin. */
  readonly publicUrl: () => string;
  /** Gives a location's token for the agency's. */
  readonly exchange: (companyId: string, locationId: LocationId) => Promise<AccessToken>;
  /** Hears of grants that have another access token than before. */
  readonly onChanged: UpkeepDeps['onChanged'];
}

/** What consents bring about. */
export interface Consenting {
  readonly installs: Installs;
  readonly tickets: Tickets;
  readonly store: GrantStore;
}

/** The grant, ready. */
export interface ComposedGrants {
  readonly grant: Grant;
  /** Null for grants that need no consent. */
  readonly consenting: Consenting | null;
  /** The store, where the grant has one open. */
  readonly database: Database<GrantTables> | null;
  /** The locations that are connected one by one; null where a token of the company lists them. */
  readonly connectedIds: (() => Promise<readonly LocationId[]>) | null;
  readonly close: () => Promise<void>;
}

/** The grants that are kept in a store. */
export type StoredGrantConfig = Extract<
  UpstreamAccess['grant'],
  { readonly kind: 'authorization-code' | 'agency' | 'refresh-token' }
>;

/** What stored grants are composed with beyond. */
export interface StoredSurroundings extends GrantSurroundings {
  readonly grant: StoredGrantConfig;
  readonly client: OAuthClient;
  readonly audit: Audit;
}

/** Opens the store where the grant has one. Throws ConfigError for a store that this version or these keys cannot read. */
export const composeGrants = async (
  config: Config,
  access: UpstreamAccess,
  surroundings: GrantSurroundings,
): Promise<ComposedGrants> => {
  const { grant } = access;
  const without = { consenting: null, database: null, connectedIds: null, close: () => Promise.resolve() };
  if (grant.kind === 'private-token') return { ...without, grant: privateToken(grant.privateToken) };
  const audit = createAudit(surroundings);
  const client = toClient(config, { ...access, grant }, surroundings);
  if (grant.kind === 'client-credentials') {
    const { companyId } = grant;
    return { ...without, grant: clientCredentials({ client, audit }, { companyId, scopes: config.scopes }) };
  }
  const { composeStoredGrants } = await import('./compose-stored-grants.ts'); // SQL takes 0.15 s, which most starts do without
  return composeStoredGrants(config, access, { ...surroundings, grant, client, audit });
};

type AppAccess = UpstreamAccess & { readonly grant: Exclude<UpstreamAccess['grant'], { kind: 'private-token' }> };

const toClient = (config: Config, { url, grant, sandbox }: AppAccess, { log, endpoint }: GrantSurroundings) =>
  createOAuthClient({
    clientId: grant.clientId,
    clientSecret: grant.clientSecret,
    previousSecret: grant.previousSecret,
    url,
    endpoint,
    authorizeUrl: sandbox?.authorizeUrl ?? config.authorizeUrl,
    onSecretChange: (accepted) => log.warn(secretNews[accepted]),
  });

const secretNews = {
  previous:
    'Upstream does not accept UPSTREAM_CLIENT_SECRET; UPSTREAM_CLIENT_SECRET_PREVIOUS is used until that changes.',
  current: 'Upstream accepts UPSTREAM_CLIENT_SECRET now: UPSTREAM_CLIENT_SECRET_PREVIOUS can be removed.',
};
