// The tokens room over a store and an upstream, as the product composes it, for a test and for the processes that it kills.
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Database } from '../../src/stores/sql.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { createGrantStore, type GrantStore } from '../../src/tokens/grant-store.ts';
import type { GrantTables } from '../../src/tokens/migrations.ts';
import { createOAuthClient, type OAuthClient } from '../../src/tokens/oauth-client.ts';
import { createRedeem } from '../../src/tokens/redeem.ts';
import { createRenewal, type Renewal } from '../../src/tokens/renewal.ts';
import { createSeal } from '../../src/tokens/seal.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { createTokenEndpoint, type TokenEndpoint } from '../../src/tokens/token-endpoint.ts';
import { startUpkeep } from '../../src/tokens/upkeep.ts';
import { createDispatcher } from '../../src/upstream/transport.ts';

/** One app with one grant, as it goes from process to process. */
export interface RoomSettings {
  /** Tells it from the others of its store. */
  readonly app: string;
  readonly key: GrantKey;
  /** Of upstream. */
  readonly url: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly canReconnect: boolean;
}

/** What the room does, open for whoever wants to step in. */
interface RoomParts {
  readonly store: GrantStore;
  readonly client: OAuthClient;
}

/** A room that is open. */
export interface TokenRoom extends RoomParts {
  readonly renewal: Renewal;
  /** Begins to look after the grant, with nobody asking for it. */
  readonly tend: () => void;
}

/** How to step in: between the room and its token endpoint, and between its parts. */
export interface Intervention {
  readonly endpoint: (endpoint: TokenEndpoint) => TokenEndpoint;
  readonly parts: (parts: RoomParts) => RoomParts;
}

const none: Intervention = { endpoint: (endpoint) => endpoint, parts: (parts) => parts };
const seal = createSeal([{ id: 'test', bytes: new Uint8Array(32).fill(7) }]);
const log = createLog({ level: 'silent', secrets: [] });
const audit = createAudit({ log, tally: createTally() });

/** Over a migrated database. */
export const openRoom = (
  database: Database<GrantTables>,
  { app, url, client: { id, secret }, canReconnect }: RoomSettings,
  intervention = none,
): TokenRoom => {
  const { store, client } = intervention.parts({
    store: createGrantStore({ database, app, seal }),
    client: createOAuthClient({
      url,
      authorizeUrl: `${url}/v2/oauth/chooselocation`,
      clientId: id,
      clientSecret: secret,
      previousSecret: null,
      endpoint: intervention.endpoint(createTokenEndpoint(createDispatcher(), { timeoutMs: 7_000 })),
    }),
  });
  const redeem = createRedeem({ leases: store.leases, client, audit, canReconnect });
  const renewal = createRenewal({ store, redeem, log, tally: createTally() });
  return { store, client, renewal, tend: () => void startUpkeep({ store, renewal, log, onChanged: () => undefined }) };
};
