// Grants that rotate, over real stores and a real sandbox: several "processes" are several handles of one store.
import { toTokenAnswer, type AccessToken, type TokenAnswer } from '../../src/tokens/access-token.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { migrate } from '../../src/stores/migrate.ts';
import { openDatabase, StoreUnavailable, type Database, type DatabaseLocation } from '../../src/stores/sql.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { createGrantStore } from '../../src/tokens/grant-store.ts';
import { grantMigrations, type GrantTables } from '../../src/tokens/migrations.ts';
import { createOAuthClient, type OAuthClient } from '../../src/tokens/oauth-client.ts';
import { createRedeem } from '../../src/tokens/redeem.ts';
import { createRenewal, type Need } from '../../src/tokens/renewal.ts';
import { createSeal, type Seal } from '../../src/tokens/seal.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { createTokenEndpoint } from '../../src/tokens/token-endpoint.ts';
import { createDispatcher } from '../../src/upstream/transport.ts';

/** The app whose grants the tests are about. */
export const app = 'app-under-test';
/** Its key ring of one. */
export const seal = createSeal([{ id: 'one', bytes: new Uint8Array(32).fill(1) }]);

/** Opens and migrates. Every query fails while `isAway`, and the next `failing` ones, as if the store could not be reached from here. */
export const openStore = async (location: DatabaseLocation, ring: Seal = seal) => {
  const database = await openDatabase<GrantTables>(location);
  await migrate(database, grantMigrations);
  const switches = { isAway: false, failing: 0 };
  const run: Database<GrantTables>['run'] = (query, limitMs) => {
    if (!switches.isAway && switches.failing === 0) return database.run(query, limitMs);
    switches.failing = Math.max(0, switches.failing - 1);
    return Promise.reject(new StoreUnavailable('The store was cut off'));
  };
  const space = { database: { ...database, run }, app, seal: ring };
  return { database, switches, space, store: createGrantStore(space) };
};

/** What `openStore` gives. */
export type OpenStore = Awaited<ReturnType<typeof openStore>>;

/** A token answer; of a location unless told otherwise. */
export const pairOf = (access: string, refresh?: string, members: Record<string, unknown> = {}): TokenAnswer =>
  toTokenAnswer({ access_token: access, refresh_token: refresh, expires_in: 3_600, ...members });

/** The row as it stands, whatever the store makes of it. */
export const rowOf = ({ database }: OpenStore, key: GrantKey) =>
  database.run((db) =>
    db
      .selectFrom('gateway_grants')
      .selectAll()
      .where('app', '=', app)
      .where('grant_key', '=', key)
      .executeTakeFirstOrThrow(),
  );

/** Changes the row behind everybody's back. */
export const changeRow = async (
  { database }: OpenStore,
  key: GrantKey,
  values: Partial<{
    leased_until: number | null;
    is_redeeming: number;
    reconnect_tried_at: number;
    renew_at: number;
    expires_at: number;
    refreshed_at: number;
    version: number;
  }>,
): Promise<void> => {
  await database.run((db) => db.updateTable('gateway_grants').set(values).where('grant_key', '=', key).execute());
};

/** How a grant stands: `uncertain` is at rest with its journal written. */
export const stateOf = async (opened: OpenStore, key: GrantKey): Promise<string> => {
  const row = await rowOf(opened, key);
  if (row.is_dead === 1) return row.leased_until === null && row.is_redeeming === 0 ? 'dead' : 'dead, yet at work';
  if (row.leased_until !== null) return 'leased';
  return row.is_redeeming === 1 ? 'uncertain' : 'at rest';
};

/** How a process behaves; `onAnswer` happens between an answer of upstream and whatever is done with it. */
export interface ReplicaOptions {
  readonly canReconnect?: boolean;
  readonly timeoutMs?: number;
  readonly url?: string;
  readonly onAnswer?: () => unknown;
}

/** One process over one handle of the store. */
export const startReplica = (sandbox: Sandbox, { space, store }: OpenStore, options: ReplicaOptions = {}) => {
  const { canReconnect = true, timeoutMs = 5_000, url = sandbox.url, onAnswer } = options;
  const lines: string[] = [];
  const log = createLog({ level: 'debug', secrets: [], sink: { write: (line) => lines.push(line) } });
  const dispatcher = createDispatcher();
  const real = createOAuthClient({
    url,
    authorizeUrl: sandbox.authorizeUrl,
    clientId: sandbox.client.id,
    clientSecret: sandbox.client.secret,
    previousSecret: null,
    endpoint: createTokenEndpoint(dispatcher, { timeoutMs }),
  });
  const heard = async (answer: Promise<TokenAnswer>): Promise<TokenAnswer> => {
    const pair = await answer;
    await onAnswer?.();
    return pair;
  };
  const client: Pick<OAuthClient, 'refresh' | 'reconnect'> = {
    refresh: (...request) => heard(real.refresh(...request)),
    reconnect: (who) => heard(real.reconnect(who)),
  };
  const audit = createAudit({ log, tally: createTally() });
  const redeem = createRedeem({ leases: store.leases, client, audit, canReconnect });
  const renewal = createRenewal({ store, redeem, log, tally: createTally() });
  return { space, store, log, lines, redeem, renewal, [Symbol.asyncDispose]: () => dispatcher.destroy() };
};

/** For fake timers that fake the date alone: sockets, queries and deadlines go on. */
export const realTimers = [
  'nextTick',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'hrtime',
  'performance',
] as const;

/** For fake timers that fake the timeouts alone: sockets need none. */
export const realButTimeouts = [
  'nextTick',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'hrtime',
  'performance',
  'Date',
] as const;

/** Nobody has a token yet; or this one is due; or this one was refused. */
export const needs = {
  any: { kind: 'token', held: null, refused: null },
  other: (refused: AccessToken): Need => ({ kind: 'token', held: null, refused }),
  successor: (held: AccessToken): Need => ({ kind: 'token', held, refused: null }),
} as const;

/** What came of it: the token's value, or the code of the error. */
export const outcomeOf = async (work: Promise<AccessToken | TokenAnswer>): Promise<string> => {
  try {
    const result = await work;
    return 'access' in result ? 'token' : result.reveal();
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
  }
};

/** How often upstream was asked for a token, by refresh token or code, and for a reconnect. */
export const askedOf = (sandbox: Sandbox) => {
  const counts = { refresh: 0, code: 0, reconnect: 0 };
  for (const { route, requestBody } of sandbox.calls()) {
    if (route === 'reconnect') counts.reconnect += 1;
    if (route !== 'token') continue;
    const isRefresh = JSON.stringify(requestBody).includes('"grant_type":"refresh_token"');
    counts[isRefresh ? 'refresh' : 'code'] += 1;
  }
  return counts;
};

/** A few rounds of everything that is under way. */
export const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
