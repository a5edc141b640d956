import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from '@jest/globals';
import { createStoreFolder } from '../support/gateway.ts';
import { startPostgres } from '../support/postgres.ts';
import { firstToken, launch, pause, startAmpleSandbox, startLive, tokenCalls, until } from './live.ts';
import type { Live, LiveOptions } from './live.ts';

/** A sandbox, and settings for gateways that keep their grants in one folder. */
const inFolder = async () => {
  const store = await createStoreFolder();
  const sandbox = await startAmpleSandbox();
  const options: LiveOptions = { sandbox, refreshToken: firstToken(sandbox), store: { DATA_DIR: store.folder } };
  return {
    sandbox,
    options,
    folder: store.folder,
    [Symbol.asyncDispose]: async () => {
      await sandbox.close();
      await store[Symbol.asyncDispose]();
    },
  };
};

/** A store with one grant that works. */
const fill = async (options: LiveOptions): Promise<void> => {
  await using gateway = await startLive(options);
  await until(async () => (await gateway.ask()).outcome === 'data', 5_000);
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toEqual({ code: 0, signal: null });
};

/** How a start ended that had to. */
const refusal = async (options: LiveOptions) => {
  const startedAt = performance.now();
  await using gateway = launch(options);
  const { code } = await gateway.exited;
  return { code, said: gateway.output(), tookMs: performance.now() - startedAt };
};

describe('a gateway that cannot use its store ends with 2 and says what to do', () => {
  test.each(['refuses connections', 'is silent'])('PostgreSQL that %s: within 10 s', async (what) => {
    await using postgres = await startPostgres();
    await using sandbox = await startAmpleSandbox();
    if (what === 'is silent') postgres.pause();
    else await postgres.stop();
    const store = { DATABASE_URL: postgres.url };
    const { code, said, tookMs } = await refusal({ sandbox, refreshToken: firstToken(sandbox), store });
    expect(said).toMatch(/check DATABASE_URL or DATA_DIR, and that the store runs/);
    expect(said).not.toContain('    at '); // no stack
    expect(code).toBe(2);
    expect(tookMs).toBeLessThan(10_000);
    console.log(`PostgreSQL that ${what}: ended after ${Math.round(tookMs)} ms`);
  });

  test('a store from a newer version, and a key ring without the key that sealed it', async () => {
    await using at = await inFolder();
    await fill(at.options);
    const otherKey = `other:${Buffer.alloc(32, 8).toString('base64')}`;
    const keyless = await refusal({ ...at.options, env: { TOKEN_KEYS: otherKey } });
    expect(keyless.said).toMatch(/TOKEN_KEYS lacks the key "test", which has sealed 1 of the stored grants: add it/);
    expect(keyless.code).toBe(2);
    const database = new DatabaseSync(join(at.folder, 'gateway.db'));
    database.exec(`insert into gateway_migrations (name, executed_at) values ('999-later', 0)`);
    database.close();
    const tooNew = await refusal(at.options);
    expect(tooNew.said).toMatch(
      /newer version of users-gateway \(migration 999-later\): start that version or a newer/,
    );
    expect(tooNew.code).toBe(2);
  });
});

test('the store of `npm start` under umask 000 is its owner’s alone and holds no token that can be read', async () => {
  await using at = await inFolder();
  const folder = join(at.folder, 'data');
  await using gateway = await startLive({
    ...at.options,
    store: { DATA_DIR: folder },
    command: ['sh', '-c', 'umask 000; exec npm start'],
  });
  await until(async () => (await gateway.ask()).outcome === 'data', 5_000);
  at.sandbox.expireAccessTokens();
  expect((await gateway.ask()).outcome).toBe('data');
  const paths = ['gateway.db', 'gateway.db-wal', 'gateway.db-shm'].map((name) => join(folder, name));
  expect(paths.map((path) => existsSync(path))).toEqual([true, true, true]);
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect([folder, ...paths].map(modeOf)).toEqual(['700', '600', '600', '600']);
  const bytes = Buffer.concat(paths.map((path) => readFileSync(path)));
  expect(bytes.includes('grants_key')).toBe(true);
  const secrets = [at.sandbox.client.secret, ...at.sandbox.issuedSecrets()];
  expect(secrets.length).toBeGreaterThanOrEqual(6);
  for (const secret of secrets)
    for (const part of [secret, secret.slice(0, 24), secret.slice(-24)])
      for (const text of [
        part,
        Buffer.from(part).toString('base64').replaceAll('=', ''),
        Buffer.from(part).toString('hex'),
      ])
        expect(bytes.includes(text)).toBe(false);
});

/** A gateway that has just begun to renew its token, for the question that comes with it. */
const renewing = async ({ sandbox, options }: Awaited<ReturnType<typeof inFolder>>, signal?: AbortSignal) => {
  const gateway = await startLive(options);
  await until(async () => (await gateway.ask()).outcome === 'data', 5_000);
  sandbox.expireAccessTokens();
  sandbox.clearCalls();
  const outcome = gateway.ask(signal).then(
    (told) => told.outcome,
    () => 'left',
  );
  await until(() => tokenCalls(sandbox).length === 1, 5_000);
  return { ...gateway, outcome };
};

/** How long it took to end, in milliseconds. */
const terminated = async ({ kill, exited }: Pick<Live, 'kill' | 'exited'>): Promise<number> => {
  const toldAt = performance.now();
  kill('SIGTERM');
  expect(await exited).toEqual({ code: 0, signal: null });
  return Math.round(performance.now() - toldAt);
};

const terminateInTime = async (asker: 'who waits' | 'who has left') => {
  await using at = await inFolder();
  at.sandbox.setFault({ route: 'token', kind: 'latency', ms: 2_000 });
  const leaving = new AbortController();
  await using gateway = await renewing(at, leaving.signal);
  if (asker === 'who has left') leaving.abort();
  const tookMs = await terminated(gateway);
  expect(await gateway.outcome).toBe(asker === 'who waits' ? 'data' : 'left');
  await using next = await startLive(at.options);
  expect((await next.ask()).outcome).toBe('data');
  expect(tokenCalls(at.sandbox)).toEqual(['refresh_token']); // its pair is in the store
  at.sandbox.expireAccessTokens();
  expect((await next.ask()).outcome).toBe('data');
  expect(at.sandbox.spentRefreshTokensPresented()).toBe(0);
  return tookMs;
};

const terminateHung = async () => {
  await using at = await inFolder();
  await fill(at.options);
  at.sandbox.setFault({ route: 'token', kind: 'hang' });
  at.sandbox.setFault({ route: 'reconnect', kind: 'hang' });
  await using gateway = await renewing(at);
  const tookMs = await terminated(gateway);
  at.sandbox.clearFaults();
  at.sandbox.clearCalls();
  const restartedAt = performance.now();
  await using next = await startLive(at.options);
  while (tokenCalls(at.sandbox).length < 2 && performance.now() - restartedAt < 30_000) await pause(50);
  const healedMs = Math.round(performance.now() - restartedAt);
  expect(tokenCalls(at.sandbox)).toEqual(['reconnect', 'authorization_code']); // nobody has asked anything
  expect((await next.ask()).outcome).toBe('data');
  expect(at.sandbox.spentRefreshTokensPresented()).toBe(0);
  return { tookMs, healedMs };
};

test('SIGTERM during a renewal: what comes is stored, what hangs is healed by the next start, and it is gone within 15 s', async () => {
  const [waiting, left, hung] = await Promise.all([
    terminateInTime('who waits'),
    terminateInTime('who has left'),
    terminateHung(),
  ]);
  console.log(
    `gone after ${waiting} ms with somebody waiting, ${left} ms with nobody, ` +
      `${hung.tookMs} ms while upstream hangs; healed ${hung.healedMs} ms after the next start`,
  );
  expect(Math.max(waiting, left, hung.tookMs)).toBeLessThan(15_000);
}, 60_000);
