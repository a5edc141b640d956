import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox, type SandboxFault } from '../../src/sandbox/server.ts';
import { migrate } from '../../src/stores/migrate.ts';
import { openDatabase, type Database, type DatabaseLocation } from '../../src/stores/sql.ts';
import { toTokenAnswer } from '../../src/tokens/access-token.ts';
import { locationGrants } from '../../src/tokens/grants.ts';
import { grantMigrations, type GrantTables } from '../../src/tokens/migrations.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { run } from '../support/process.ts';
import { connect, idOf } from '../tokens/upstream.ts';
import type { Errand, Step } from './mortal.ts';
import { openRoom, type RoomSettings, type TokenRoom } from './token-room.ts';

/** A way for a renewal to end. */
interface Death {
  readonly what: string;
  readonly step: Step;
  readonly afterUs?: number;
  readonly faults?: readonly SandboxFault[];
  /** What must have happened by then: the new pair exists nowhere but in the dead process, is stored, or one of both. */
  readonly leaves: 'nothing' | 'unspent' | 'consumed' | 'saved' | 'consumed or saved';
}

const lostAnswer = { route: 'token', kind: 'cut', times: 1 } as const;
const unheard: SandboxFault = { route: 'token', kind: 'hang', times: 1 };
const slow: SandboxFault = { route: 'token', kind: 'latency', ms: 300, times: 1 };
const slowReconnect: SandboxFault = { route: 'reconnect', kind: 'latency', ms: 300, times: 1 };

const everywhere: readonly Death[] = [
  { what: 'after the lease was taken, before anything is sent', step: 'after take', leaves: 'unspent' },
  { what: 'while upstream has not heard the request', step: 'outside', faults: [unheard], leaves: 'unspent' },
  { what: 'while upstream works on the request', step: 'outside', faults: [slow], leaves: 'consumed' },
  { what: 'between the answer and its saving', step: 'before save', leaves: 'consumed' },
  { what: 'as saving begins', step: 'during save', afterUs: 0, leaves: 'consumed or saved' },
  { what: 'after the answer was saved', step: 'after save', leaves: 'saved' },
];
const withReconnect: readonly Death[] = [
  ...everywhere,
  { what: 'before the lease is taken', step: 'before take', leaves: 'nothing' },
  { what: '1 ms into saving', step: 'during save', afterUs: 1_000, leaves: 'consumed or saved' },
  { what: '3 ms into saving', step: 'during save', afterUs: 3_000, leaves: 'consumed or saved' },
  { what: 'before reconnecting', step: 'before reconnect', faults: [lostAnswer], leaves: 'consumed' },
  { what: 'while reconnecting', step: 'outside', faults: [lostAnswer, slowReconnect], leaves: 'consumed' },
  { what: 'with the code of a reconnect in hand', step: 'code in hand', faults: [lostAnswer], leaves: 'consumed' },
  { what: 'between a reconnect and its saving', step: 'after reconnect', faults: [lostAnswer], leaves: 'consumed' },
];

type Reconnect = 'reconnect' | 'reconnect refused by upstream' | 'reconnect off';
type Engine = 'SQLite' | 'PostgreSQL';

interface Plan extends Death {
  readonly engine: Engine;
  readonly reconnect: Reconnect;
}

const plans: readonly Plan[] = (['SQLite', 'PostgreSQL'] as const).flatMap((engine) => [
  ...withReconnect.map((death) => ({ ...death, engine, reconnect: 'reconnect' as const })),
  ...everywhere.map((death) => ({ ...death, engine, reconnect: 'reconnect refused by upstream' as const })),
  ...everywhere.map((death) => ({ ...death, engine, reconnect: 'reconnect off' as const })),
]);

/** A death that has happened. */
interface Round extends Plan {
  readonly sandbox: Sandbox;
  readonly room: TokenRoom;
  readonly settings: RoomSettings;
  readonly killedAt: number;
}

const untilAsked = async (sandbox: Sandbox, route: string): Promise<void> => {
  const end = Date.now() + 20_000;
  while (Date.now() < end && !sandbox.calls().some((call) => call.route === route && call.status === null))
    await pause(10);
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const launch = (errand: Errand) => run('node', ['test/faults/mortal.ts', JSON.stringify(errand)]);

/** Calls to the token endpoints, as what they asked for. */
const tokenCalls = (sandbox: Sandbox): string[] =>
  sandbox
    .calls()
    .filter(({ route }) => route === 'token' || route === 'reconnect')
    .map(({ route, requestBody }) =>
      route === 'token' ? String((requestBody as { grant_type?: unknown }).grant_type) : route,
    );

const roomIn = (sandbox: Sandbox, app: string, reconnect: Reconnect): RoomSettings => ({
  app,
  key: `location:${idOf(sandbox.locations.full)}`,
  url: sandbox.url,
  client: { id: sandbox.client.id, secret: sandbox.client.secret },
  canReconnect: reconnect !== 'reconnect off',
});

interface Place {
  readonly location: DatabaseLocation;
  readonly database: Database<GrantTables>;
}

/** A grant whose access token has run out, and a process that dies while it renews it. */
const kill = async (plan: Plan, app: string, { location, database }: Place): Promise<Round> => {
  const sandbox = await startSandbox();
  const settings = roomIn(sandbox, app, plan.reconnect);
  const room = openRoom(database, settings);
  const locationId = sandbox.locations.full;
  const spent = toTokenAnswer({ access_token: 'run out', expires_in: 0.001, locationId });
  await room.store.put(settings.key, spent, sandbox.issueRefreshToken({ locationId }));
  for (const fault of plan.faults ?? []) sandbox.setFault(fault);
  const { step, afterUs = 0 } = plan;
  const mortal = launch({ kind: 'die', step, afterUs, database: location, room: settings });
  if (step === 'outside') {
    await untilAsked(sandbox, plan.faults?.at(-1)?.route ?? 'token');
    mortal.kill('SIGKILL');
  }
  expect({ ...(await mortal.exited), said: mortal.output() }).toEqual({ code: null, signal: 'SIGKILL', said: '' });
  const killedAt = Date.now();
  if (plan.faults?.includes(slow) === true) await pause(400); // nobody hears the answer
  sandbox.clearCalls();
  if (plan.reconnect !== 'reconnect') sandbox.allowReconnect(false);
  return { ...plan, sandbox, room, settings, killedAt };
};

/** What became of a grant once somebody has looked after it, and how long that took. */
const settled = async ({ room, settings, killedAt }: Round) => {
  for (;;) {
    const found = await room.store.find(settings.key);
    if (found === null) throw new Error('the grant is gone');
    const isSettled = !found.isLeased && !found.isUncertain;
    if (isSettled) return { state: found.isDead ? 'dead' : 'alive', afterMs: Date.now() - killedAt } as const;
    if (Date.now() - killedAt > 30_000) return { state: 'uncertain', afterMs: Infinity } as const;
    await pause(100);
  }
};

/** What a fresh process, that nobody asks for anything, has made of a grant, and what traffic gets from it then. */
const examined = async (round: Round, { state, afterMs }: Awaited<ReturnType<typeof settled>>) => {
  const { sandbox, room, what, engine, reconnect, leaves } = round;
  const healing = tokenCalls(sandbox).join(' ');
  sandbox.clearCalls();
  sandbox.expireAccessTokens(); // to the point of redeeming what is stored
  await using asker = connect(sandbox, () => locationGrants(room.renewal));
  const tags = await asker.tags(sandbox.locations.full);
  const { status } = await asker.installation(sandbox.locations.full);
  const asking = tokenCalls(sandbox).join(' ');
  const spentPresented = sandbox.spentRefreshTokensPresented();
  await sandbox.close();
  return { what, engine, reconnect, leaves, afterMs, state, healing, tags, status, asking, spentPresented };
};

type Outcome = Awaited<ReturnType<typeof examined>>;

/** What is asked of upstream for a grant of which nobody knows how its renewal ended. */
const inquiries = {
  reconnect: 'reconnect authorization_code',
  'reconnect refused by upstream': 'reconnect refresh_token',
  'reconnect off': 'refresh_token',
} as const;

const working = { state: 'alive', tags: 'data', status: 'CONNECTED', asking: 'refresh_token', spentPresented: 0 };
const reported = {
  state: 'dead',
  tags: 'LOCATION_NOT_CONNECTED',
  status: 'REAUTHORIZATION_REQUIRED',
  asking: '',
  spentPresented: 1,
};

/** What is owed, the healing included: one of these. */
const owed = ({ leaves, reconnect }: Plan | Outcome): readonly object[] => {
  const untouched = { ...working, healing: '' };
  const healing = inquiries[reconnect];
  const healed = { ...working, healing };
  const lost = reconnect === 'reconnect' ? healed : { ...reported, healing };
  return {
    nothing: [untouched],
    saved: [untouched],
    unspent: [healed],
    consumed: [lost],
    'consumed or saved': [lost, untouched],
  }[leaves];
};

const upkeepRoundMs = 5_000;

describe('a renewal that is killed', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 30_000);
  afterAll(() => postgres.stop());

  const openPlaces = async (path: string) => {
    const open = async (location: DatabaseLocation): Promise<Place> => {
      const database = await openDatabase<GrantTables>(location);
      await migrate(database, grantMigrations);
      return { location, database };
    };
    return { SQLite: await open({ path }), PostgreSQL: await open({ url: await postgres.createDatabase() }) };
  };

  /** Ten deaths at once, and one fresh process for each store after them. */
  const wave = async (some: readonly Plan[], name: string, path: string) => {
    const places = await openPlaces(path);
    const rounds = await Promise.all(some.map((plan, index) => kill(plan, `${name}-${index}`, places[plan.engine])));
    const look = async () => {
      const byEngine = [...Map.groupBy(rounds, ({ engine }) => engine)];
      const fresh = byEngine.map(([engine, ofEngine]) =>
        launch({ kind: 'tend', database: places[engine].location, rooms: ofEngine.map(({ settings }) => settings) }),
      );
      const states = await Promise.all(rounds.map(async (round) => [round, await settled(round)] as const));
      await pause(1.2 * upkeepRoundMs); // whoever cannot leave a dead grant alone has his chance
      const outcomes = await Promise.all(states.map(([round, state]) => examined(round, state)));
      const said = fresh.map(({ output }) => output()).join('');
      for (const process of fresh) await process[Symbol.asyncDispose]();
      for (const { database } of Object.values(places)) await database.close();
      return { outcomes, said };
    };
    return { outcome: look() };
  };

  test('at any step, fifty times, is healed within 30 s, or reported where it cannot be', async () => {
    await using store = await createStoreFolder();
    const waves: Promise<{ outcomes: Outcome[]; said: string }>[] = [];
    for (let number = 0; number < 5; number += 1) {
      const some = plans.filter((_plan, index) => index % 5 === number);
      // The next ten die while the last ten are looked after.
      const { outcome } = await wave(some, String(number), `${store.path}-${number}`);
      outcome.catch(() => undefined); // it is told below
      waves.push(outcome);
    }
    const looked = await Promise.all(waves);
    const outcomes = looked.flatMap((one) => one.outcomes);
    expect(looked.map(({ said }) => said).join('')).toBe('');
    expect(outcomes).toHaveLength(50);
    const wrong = outcomes.filter((outcome) => !owed(outcome).some((expected) => isLike(outcome, expected)));
    expect(wrong).toEqual([]);
    console.log(figures(outcomes));
    expect(Math.max(...outcomes.map(({ afterMs }) => afterMs))).toBeLessThan(30_000);
  }, 180_000);
});

const isLike = (outcome: object, expected: object): boolean =>
  Object.entries(expected).every(([name, value]) =>
    Object.entries(outcome).some(([n, v]) => n === name && v === value),
  );

const figures = (outcomes: readonly Outcome[]): string => {
  const healed = outcomes.filter(({ state, healing }) => state === 'alive' && healing !== '');
  const lost = outcomes.filter(({ state }) => state === 'dead');
  const seconds = (some: readonly Outcome[]) => (Math.max(...some.map(({ afterMs }) => afterMs)) / 1_000).toFixed(1);
  return [
    `${outcomes.length} renewals killed`,
    `${healed.length} healed, the longest after ${seconds(healed)} s`,
    `${lost.length} consumed ones reported, the longest after ${seconds(lost)} s`,
    `${outcomes.length - healed.length - lost.length} without need`,
  ].join('; ');
};
