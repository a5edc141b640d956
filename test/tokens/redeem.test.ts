import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { createLog } from '../../src/observe/log.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { FaultKind } from '../../src/sandbox/contract.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { createAudit } from '../../src/tokens/audit.ts';
import { createRedeem } from '../../src/tokens/redeem.ts';
import { TokenRefusal } from '../../src/tokens/token-endpoint.ts';
import {
  askedOf,
  changeRow,
  openStore,
  outcomeOf,
  pairOf,
  realButTimeouts,
  realTimers,
  startReplica,
  stateOf,
} from './rotation.ts';
import { idOf } from './upstream.ts';

const gone = await startSandbox();
const goneUrl = gone.url;
await gone.close();
const sandbox: Sandbox = await startSandbox();
const opened = await openStore({ path: ':memory:' });
afterAll(async () => {
  await opened.database.close();
  await sandbox.close();
});

const locationId = idOf(sandbox.locations.full);
const key = `location:${locationId}` as const;

const status = (code: number, message: string): FaultKind => ({
  kind: 'status',
  status: code,
  body: { statusCode: code, message },
});

/** And one that asks for a reconnect. */
const reconnects = {
  works: () => ({ canReconnect: true }),
  off: () => ({ canReconnect: false }),
  refused: () => {
    sandbox.allowReconnect(false);
    return { canReconnect: true };
  },
  'fails with 503': () => {
    sandbox.setFault({ route: 'reconnect', ...status(503, 'down') });
    return { canReconnect: true };
  },
  'was tried just now': async () => {
    await changeRow(opened, key, { reconnect_tried_at: Date.now() });
    return { canReconnect: true };
  },
  'gives a code that fails': () => {
    sandbox.setFault({ route: 'token', ...status(502, 'bad gateway') });
    return { canReconnect: true };
  },
} as const;
type Reconnect = keyof typeof reconnects;

interface Case {
  /** To the refresh token, and to the request for a reconnect. */
  readonly answer?: FaultKind;
  readonly reconnectAnswer?: FaultKind;
  readonly reconnect: Reconnect;
  /** A crash has left the journal behind, and the refresh token was spent by then or not. */
  readonly crash?: 'before' | 'after';
  readonly url?: string;
  readonly lease?: { readonly endsAt: number };
}

/** A fresh grant, redeemed once under its lease. */
const redeemed = async (given: Case) => {
  const { answer, reconnectAnswer, reconnect, crash, url, lease: changed } = given;
  sandbox.clearFaults();
  sandbox.allowReconnect(true);
  const refreshToken = sandbox.issueRefreshToken({ locationId });
  await opened.store.put(key, pairOf('old', refreshToken, { locationId }), refreshToken);
  if (crash === 'after') await spend(refreshToken);
  if (crash) await changeRow(opened, key, { is_redeeming: 1 });
  if (answer) sandbox.setFault({ ...answer, route: 'token', times: 1 });
  if (reconnectAnswer) sandbox.setFault({ ...reconnectAnswer, route: 'reconnect', times: 1 });
  const { canReconnect } = await reconnects[reconnect]();
  const spentBefore = sandbox.spentRefreshTokensPresented();
  sandbox.clearCalls();
  await using replica = startReplica(sandbox, opened, { canReconnect, ...(url !== undefined && { url }) });
  const found = await opened.store.find(key);
  const lease = found && (await opened.store.leases.take(found));
  if (!found || !lease) throw new Error('no lease');
  const work = () => outcomeOf(replica.redeem({ ...lease, ...changed }, found));
  const outcome = answer?.kind === 'hang' ? await whileUpstreamIsSilent(work) : await work();
  const { refresh, code, reconnect: reconnectCount } = askedOf(sandbox);
  return {
    outcome,
    asked: `${refresh} ${reconnectCount} ${code}`,
    state: await stateOf(opened, key),
    spentPresented: sandbox.spentRefreshTokensPresented() - spentBefore,
    lines: replica.lines,
    found,
  };
};

/** The time limit passes as soon as upstream has heard the request. */
const whileUpstreamIsSilent = async (work: () => Promise<string>): Promise<string> => {
  jest.useFakeTimers({ doNotFake: [...realButTimeouts] });
  try {
    const outcome = work();
    const isHeard = () => sandbox.calls().some(({ requestBody }) => requestBody !== undefined);
    while (!isHeard()) await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(5_000);
    return await outcome;
  } finally {
    jest.useRealTimers();
  }
};

const spend = async (refreshToken: string): Promise<void> => {
  const { id, secret } = sandbox.client;
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: id, client_secret: secret };
  const { status: answered } = await fetch(`${sandbox.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  expect(answered).toBe(200);
};

// In `asked`: refresh tokens presented, reconnects asked for, codes redeemed.
describe('a refusal that spends nothing gives the lease back, and asks for no reconnect', () => {
  test.each<[string, FaultKind, string]>([
    ['a paused location', status(400, 'Location is not active'), 'LOCATION_PAUSED'],
    [
      'a client that is not accepted',
      status(401, 'Invalid client: client credentials are invalid'),
      'UPSTREAM_AUTH_FAILED',
    ],
    ['a wrong parameter', status(400, 'Invalid parameter: user_type'), 'UPSTREAM_AUTH_FAILED'],
    ['forbidden', status(403, 'Forbidden'), 'UPSTREAM_AUTH_FAILED'],
    ['too many requests', { kind: 'rate-limit', retryAfter: '1' }, 'UPSTREAM_RATE_LIMITED'],
  ])('%s', async (_name, answer, code) => {
    for (const reconnect of ['works', 'off', 'refused', 'fails with 503', 'was tried just now'] as const) {
      const { outcome, asked, state, spentPresented } = await redeemed({ answer, reconnect });
      expect({ outcome, asked, state, spentPresented }).toEqual({
        outcome: code,
        asked: '1 0 0',
        state: 'at rest',
        spentPresented: 0,
      });
      // Where the journal says that nobody knows, such a refusal does not tell either.
      const later = await redeemed({ answer, reconnect: 'off', crash: 'before' });
      expect([later.outcome, later.asked, later.state]).toEqual([code, '1 0 0', 'uncertain']);
    }
  });

  test('an upstream that was never reached', async () => {
    for (const crash of [undefined, 'before', 'after'] as const) {
      const unreached = { reconnect: 'off', url: goneUrl, ...(crash && { crash }) } as const;
      const { outcome, state } = await redeemed(unreached);
      expect([outcome, state]).toEqual(['UPSTREAM_UNAVAILABLE', crash ? 'uncertain' : 'at rest']);
    }
  });
});

type Row = readonly [reconnect: Reconnect, outcome: string, asked: string, state: string];

describe('after an answer that does not tell, a reconnect is asked for, and nothing is presented again', () => {
  const unknowns: readonly (readonly [string, FaultKind, string])[] = [
    ['500', status(500, 'oops'), 'UPSTREAM_UNAVAILABLE'],
    ['503', status(503, 'down'), 'UPSTREAM_UNAVAILABLE'],
    ['a reset connection', { kind: 'reset' }, 'UPSTREAM_UNAVAILABLE'],
    ['an answer that is cut', { kind: 'cut' }, 'UPSTREAM_UNAVAILABLE'],
    ['HTML', { kind: 'status', status: 200, body: '<h1>Hello</h1>' }, 'UPSTREAM_INVALID_RESPONSE'],
    ['JSON without a token', { kind: 'body', body: { ok: true } }, 'UPSTREAM_INVALID_RESPONSE'],
    ['nonsense', { kind: 'wrong-types' }, 'UPSTREAM_INVALID_RESPONSE'],
    [
      'a redirect',
      { kind: 'status', status: 302, body: {}, headers: { location: '/elsewhere' } },
      'UPSTREAM_INVALID_RESPONSE',
    ],
    ['silence', { kind: 'hang' }, 'UPSTREAM_TIMEOUT'],
  ];
  test.each(unknowns)('%s', async (_name, answer, code) => {
    const rows: readonly Row[] = [
      ['works', 'token', '1 1 1', 'leased'],
      ['off', code, '1 0 0', 'uncertain'],
      ['refused', code, '1 1 0', 'uncertain'],
      ['fails with 503', code, '1 1 0', 'uncertain'],
      ['was tried just now', code, '1 0 0', 'uncertain'],
      ['gives a code that fails', code, '1 1 1', 'uncertain'],
    ];
    for (const [reconnect, ...expected] of rows) {
      const { outcome, asked, state, spentPresented } = await redeemed({ answer, reconnect });
      expect([reconnect, outcome, asked, state]).toEqual([reconnect, ...expected]);
      expect(spentPresented).toBe(0);
    }
  });
});

describe('an invalid grant is lost only where a reconnect is out of the question', () => {
  const rows: readonly Row[] = [
    ['works', 'token', '1 1 1', 'leased'],
    ['off', 'LOCATION_NOT_CONNECTED', '1 0 0', 'dead'],
    ['refused', 'LOCATION_NOT_CONNECTED', '1 1 0', 'dead'],
    ['fails with 503', 'UPSTREAM_UNAVAILABLE', '1 1 0', 'uncertain'],
    ['was tried just now', 'UPSTREAM_UNAVAILABLE', '1 0 0', 'uncertain'],
    ['gives a code that fails', 'UPSTREAM_UNAVAILABLE', '1 1 1', 'uncertain'],
  ];
  test.each(rows)('a reconnect %s: %s', async (reconnect, ...expected) => {
    const answer = status(400, 'Invalid grant: refresh token is invalid');
    const { outcome, asked, state } = await redeemed({ answer, reconnect });
    expect([outcome, asked, state]).toEqual(expected);
  });
});

describe('a grant left uncertain by a crash', () => {
  const rows: readonly (readonly [...Row, number])[] = [
    ['works', 'token', '0 1 1', 'leased', 0],
    ['off', 'LOCATION_NOT_CONNECTED', '1 0 0', 'dead', 1],
    ['refused', 'LOCATION_NOT_CONNECTED', '1 1 0', 'dead', 1],
    ['fails with 503', 'UPSTREAM_UNAVAILABLE', '0 1 0', 'uncertain', 0],
    ['was tried just now', 'UPSTREAM_UNAVAILABLE', '0 0 0', 'uncertain', 0],
    ['gives a code that fails', 'UPSTREAM_UNAVAILABLE', '0 1 1', 'uncertain', 0],
  ];
  test.each(rows)('after its token was spent, a reconnect %s: %s', async (reconnect, ...expected) => {
    const { outcome, asked, state, spentPresented } = await redeemed({ reconnect, crash: 'after' });
    expect([outcome, asked, state, spentPresented]).toEqual(expected);
  });

  test.each(['off', 'refused'] as const)(
    'before its token was spent, a reconnect %s: it is presented once more',
    async (reconnect) => {
      const { outcome, state, spentPresented } = await redeemed({ reconnect, crash: 'before' });
      expect([outcome, state, spentPresented]).toEqual(['token', 'leased', 0]);
    },
  );

  test('a pause or a client that is not accepted now puts the reconnect off, and leaves nothing to be presented', async () => {
    for (const [refusal, code] of [
      [status(400, 'Location is not active'), 'LOCATION_PAUSED'],
      [status(401, 'Invalid client: client credentials are invalid'), 'UPSTREAM_AUTH_FAILED'],
      [{ kind: 'rate-limit', retryAfter: '1' }, 'UPSTREAM_RATE_LIMITED'],
      [{ kind: 'status', status: 200, body: '<h1>Hello</h1>' }, 'UPSTREAM_INVALID_RESPONSE'],
      [{ kind: 'cut' }, 'UPSTREAM_UNAVAILABLE'],
    ] satisfies readonly [FaultKind, string][]) {
      const { outcome, asked, state } = await redeemed({
        reconnect: 'works',
        crash: 'after',
        reconnectAnswer: refusal,
      });
      expect([outcome, asked, state]).toEqual([code, '0 1 0', 'uncertain']);
    }
  });
});

describe('redeeming', () => {
  test('begins nothing with less of the lease left than a request may take', async () => {
    for (const crash of [undefined, 'after'] as const) {
      const endsAt = Date.now() + 6_900;
      const { outcome, asked, state } = await redeemed({
        reconnect: 'off',
        lease: { endsAt },
        ...(crash && { crash }),
      });
      expect([outcome, asked, state]).toEqual(['UPSTREAM_UNAVAILABLE', '0 0 0', crash ? 'uncertain' : 'at rest']);
    }
  });

  test('presents nothing after a reconnect whose refusal has used up the lease', async () => {
    await opened.store.put(key, pairOf('old', 'r1', { locationId }), 'r1');
    await changeRow(opened, key, { is_redeeming: 1 });
    const found = await opened.store.find(key);
    const lease = found && (await opened.store.leases.take(found));
    if (!found || !lease) throw new Error('no lease');
    jest.useFakeTimers({ doNotFake: [...realTimers] });
    try {
      const client = {
        refresh: () => Promise.reject(new Error('it was presented')),
        reconnect: () => {
          jest.setSystemTime(Date.now() + 6_000);
          const cause = new TokenRefusal('other', 'not enabled');
          return Promise.reject(new GatewayError('UPSTREAM_AUTH_FAILED', { cause }));
        },
      };
      const audit = createAudit({ log: createLog({ level: 'silent', secrets: [] }), tally: createTally() });
      const redeem = createRedeem({ leases: opened.store.leases, client, audit, canReconnect: true });
      expect(await outcomeOf(redeem(lease, found))).toBe('UPSTREAM_UNAVAILABLE');
      expect(await stateOf(opened, key)).toBe('uncertain');
    } finally {
      jest.useRealTimers();
    }
  });

  test('leaves a line for each use in the access log, and no token in it', async () => {
    const answer = status(400, 'Invalid grant: refresh token is invalid');
    const { lines, found } = await redeemed({ answer, reconnect: 'works' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { audit: 'grant', action: 'renew', grant: key, by: 'gateway', outcome: 'LOCATION_NOT_CONNECTED' },
      { audit: 'grant', action: 'reconnect', grant: key, outcome: 'done' },
    ]);
    for (const secret of [found.refreshToken(), sandbox.client.secret, ...sandbox.issuedSecrets()])
      expect(lines.join().includes(secret)).toBe(false);
  });

  test('of a grant that does not know whose it is yet asks for no reconnect', async () => {
    const refreshToken = sandbox.issueRefreshToken({ locationId });
    sandbox.clearFaults();
    sandbox.allowReconnect(true);
    await opened.store.seed('seed', { refreshToken, fingerprint: 'f1', companyId: null });
    sandbox.setFault({ route: 'token', kind: 'reset', times: 1 });
    sandbox.clearCalls();
    await using replica = startReplica(sandbox, opened);
    for (const expected of ['UPSTREAM_UNAVAILABLE', 'token']) {
      const found = await opened.store.find('seed');
      const lease = found && (await opened.store.leases.take(found));
      if (!found || !lease) throw new Error('no lease');
      expect(await outcomeOf(replica.redeem(lease, found))).toBe(expected);
    }
    expect(askedOf(sandbox)).toEqual({ refresh: 2, code: 0, reconnect: 0 });
  });

  test('an agency is reconnected by the id of its company', async () => {
    sandbox.clearFaults();
    sandbox.allowReconnect(true);
    const { companyId } = sandbox;
    const refreshToken = sandbox.issueRefreshToken({ companyId });
    await opened.store.put('company', pairOf('old', refreshToken, { companyId }), refreshToken);
    await changeRow(opened, 'company', { is_redeeming: 1 });
    sandbox.clearCalls();
    await using replica = startReplica(sandbox, opened);
    const found = await opened.store.find('company');
    const lease = found && (await opened.store.leases.take(found));
    if (!found || !lease) throw new Error('no lease');
    expect(await outcomeOf(replica.redeem(lease, found))).toBe('token');
    expect(sandbox.calls().map(({ route, requestBody }) => ({ route, requestBody }))).toMatchObject([
      { route: 'reconnect', requestBody: { companyId } },
      { route: 'token', requestBody: { user_type: 'Company' } },
    ]);
  });
});
