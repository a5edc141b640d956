import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { keys } from '../../src/cli/keys.ts';
import { openGrantSpace } from '../../src/compose-stored-grants.ts';
import { readConfig, type Config } from '../../src/config.ts';
import { createGrantStore } from '../../src/tokens/grant-store.ts';
import type { SealKey } from '../../src/tokens/seal.ts';
import type { GrantKey } from '../../src/tokens/stored-grant.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { runCommand } from '../support/command.ts';
import { run } from '../support/process.ts';

jest.setTimeout(30_000);

const url = 'http://127.0.0.1:1'; // nobody is asked
const clientId = 'app-keys';
const older = { id: 'k2025', bytes: new Uint8Array(32).fill(1) };
const newer = { id: 'k2026', bytes: new Uint8Array(32).fill(2) };
type Ring = readonly [SealKey, ...SealKey[]];

const ringText = (ring: Ring) =>
  ring.map(({ id, bytes }) => `${id}:${Buffer.from(bytes).toString('base64')}`).join(',');

const withStore = async <T>(
  database: Config['database'],
  ring: Ring,
  work: (store: ReturnType<typeof createGrantStore>) => Promise<T>,
): Promise<T> => {
  const space = await openGrantSpace({ database, tokenKeys: ring }, { url, sandbox: null }, { clientId });
  try {
    return await work(createGrantStore(space));
  } finally {
    await space.database.close();
  }
};

const put = (database: Config['database'], ring: Ring, key: GrantKey) =>
  withStore(database, ring, (store) => {
    const life = { obtainedAt: 1, renewAt: 2, expiresAt: 3, scopes: null, locationId: null };
    return store.put(
      key,
      { access: { ...life, reveal: () => 'at-of-test' }, refreshToken: null, companyId: 'c' },
      'rt-of-test',
    );
  });

const settingsOf = (database: Config['database'], ring: Ring) => ({
  AUTH: 'none',
  UPSTREAM_URL: url,
  UPSTREAM_GRANT: 'agency',
  UPSTREAM_CLIENT_ID: clientId,
  UPSTREAM_CLIENT_SECRET: 'not-asked-for',
  TOKEN_KEYS: ringText(ring),
  ...('url' in database ? { DATABASE_URL: database.url } : { DATA_DIR: database.path.replace(/\/gateway\.db$/, '') }),
});

const keysOf = (database: Config['database'], ring: Ring, ...args: string[]) =>
  runCommand(keys, args, settingsOf(database, ring));

const program = ['src/start.js', 'keys'];

const said = async (child: ReturnType<typeof run> | ReturnType<typeof runCommand>) => {
  await using running = child;
  const { code } = await running.exited;
  return { code, text: running.output() };
};

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe.each(['SQLite', 'PostgreSQL'])('keys over %s', (engine) => {
  test('a new key in front is reported, reseals all, and then stands alone', async () => {
    await using folder = await createStoreFolder();
    const database = engine === 'SQLite' ? { path: folder.path } : { url: await postgres.createDatabase() };
    await put(database, [older], 'company');
    await put(database, [older], 'seed');
    const both: Ring = [newer, older];

    const before = await said(keysOf(database, both));
    expect(before.text).toMatch(/k2026 +0 grants +seals whatever is new\n +k2025 +2 grants +opens only\n/);
    expect(before.text).toMatch(/Restart every gateway.*"npm run keys -- reseal"/);
    expect(before.code).toBe(1);

    const resealed = await said(keysOf(database, both, 'reseal'));
    expect(resealed).toEqual({
      code: 0,
      text: '2 grants sealed anew with "k2026".\nOnce every gateway has this order, nothing needs the older keys: remove k2025 from TOKEN_KEYS.\n',
    });
    expect((await said(keysOf(database, both, 'reseal'))).text).toMatch(/^0 grants sealed anew/);
    const after = await said(keysOf(database, [newer]));
    expect(after.text).toMatch(/k2026 +2 grants[^]*All is well\.\n$/);
    expect(after.code).toBe(0);
    const found = await withStore(database, [newer], (store) => store.find('company'));
    expect(found?.refreshToken()).toBe('rt-of-test');
  });
});

test('a key that is gone too early is named, by the status and by reseal, and nothing is touched', async () => {
  await using folder = await createStoreFolder();
  await put(folder, [older], 'company');
  const status = await said(run('node', program, settingsOf(folder, [newer])));
  expect(status.text).toMatch(/k2025 +1 grant +NOT IN TOKEN_KEYS[^]*Add the key "k2025" to TOKEN_KEYS again/);
  expect(status.code).toBe(1);
  const refused = await said(keysOf(folder, [newer], 'reseal'));
  expect(refused.text).toMatch(/sealed with key "k2025": add that key to TOKEN_KEYS\.\n$/);
  expect(refused.text).not.toContain('    at ');
  expect(refused.code).toBe(1);
  expect((await withStore(folder, [older], (store) => store.find('company')))?.refreshToken()).toBe('rt-of-test');
});

test('`keys new` gives an entry that TOKEN_KEYS takes, alone on standard output, with an id that the ring has not', async () => {
  const shell = ['-c', `node ${program.join(' ')} new 2>/dev/null`];
  const first = await said(run('sh', shell, { TOKEN_KEYS: '' }));
  expect(first.text).toMatch(/^k\d{8}-[\da-f]{4}:[A-Za-z0-9+/]{43}=\n$/);
  expect(first.code).toBe(0);
  const taken = first.text.trim();
  await using running = runCommand(keys, ['new'], { TOKEN_KEYS: taken });
  expect(await running.exited).toEqual({ code: 0 });
  const [second, advice] = [running.standardOutput(), running.standardError()];
  expect(second.split(':')[0]).not.toBe(taken.split(':')[0]);
  expect(advice).toMatch(/at the end of what TOKEN_KEYS holds.*"npm run keys -- reseal"/);
  expect(advice).not.toContain('=\n');
  expect(() => readConfig({ TOKEN_KEYS: `${second.trim()},${taken}` })).not.toThrow();
});

test.each([
  ['in sandbox mode', {}, /^SANDBOX MODE: grants live in memory/],
  [
    'for a grant that stores nothing',
    { AUTH: 'none', UPSTREAM_CLIENT_ID: 'a', UPSTREAM_CLIENT_SECRET: 'hunter2-hunter2' },
    /^The client-credentials grant stores no tokens/,
  ],
])('%s there is nothing to look after', async (_when, env, line) => {
  const { code, text } = await said(runCommand(keys, [], env));
  expect(text).toMatch(line);
  expect(code).toBe(0);
});

test.each([
  [['rotate'], 'The argument is neither new nor reseal.'],
  [['--key=hunter2'], 'There is no --key.'],
])('the arguments %j are refused without their values', async (args, line) => {
  const { code, text } = await said(runCommand(keys, args));
  expect({ code, text }).toEqual({ code: 2, text: `${line} "npm run keys -- --help" says what there is.\n` });
});
