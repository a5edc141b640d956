import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createServiceTokens } from '../../src/auth/service-tokens.ts';
import { tokens } from '../../src/cli/tokens.ts';
import { openCallerDatabase } from '../../src/compose-database.ts';
import { readCallerDatabase } from '../../src/config.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { runCommand } from '../support/command.ts';
import { run } from '../support/process.ts';

jest.setTimeout(30_000);

type Settings = Readonly<Record<string, string>>;

const said = async (args: readonly string[], env: Settings) => {
  await using running = runCommand(tokens, args, env);
  const { code } = await running.exited;
  return { code, out: running.standardOutput(), err: running.standardError() };
};

const scope = 'socialplanner/tag.readonly';
const reporting = ['create', '--name', 'reporting', '--scope', scope];

/** As a gateway does that finds the same settings. */
const callerOf = async (token: string, env: Settings) => {
  const database = await openCallerDatabase(readCallerDatabase(env));
  try {
    return await createServiceTokens(database).verify(token);
  } finally {
    await database.close();
  }
};

const folderSettings = ({ folder }: { readonly folder: string }): Settings => ({ DATA_DIR: folder });

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly createdAt: string;
  readonly expiresAt: string;
}

const listed = async (env: Settings) => JSON.parse((await said(['list', '--json'], env)).out) as Listed[];

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

describe.each(['SQLite', 'PostgreSQL'])('tokens over %s', (engine) => {
  test('a token is made, alone on standard output, is good, is listed without its secret, and is revoked', async () => {
    await using folder = await createStoreFolder();
    const env = engine === 'SQLite' ? folderSettings(folder) : { DATABASE_URL: await postgres.createDatabase() };
    expect(await said(['list'], env)).toEqual({
      code: 0,
      out: 'There is no token yet: "npm run tokens -- create" makes one.\n',
      err: '',
    });

    const more = ['--scope', 'locations.readonly', '--scope', scope, '--location', 'L1', '--location', 'L2'];
    const made = await said([...reporting, ...more, '--expires', '12h'], env);
    expect(made.out).toMatch(/^ugw_[0-9a-z]{10}_[A-Za-z0-9_-]{43}\n$/);
    const token = made.out.trim();
    const id = token.slice(4, 14);
    expect(made.err).toMatch(
      new RegExp(`^Token ${id} of "reporting" is good until .* UTC for ${scope}, locations.readonly in L1 L2\\.\n`),
    );
    expect(made.err).not.toContain(token.slice(15));
    expect(made.code).toBe(0);
    expect(await callerOf(token, env)).toMatchObject({
      subject: 'service:reporting',
      scopes: [scope, 'locations.readonly'],
      locations: new Set(['L1', 'L2']),
    });

    const table = await said(['list'], env);
    const [heads, ...rows] = table.out.trimEnd().split('\n');
    expect(heads).toMatch(/^id +name +state +created +expires +last used +scopes +locations$/);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(new RegExp(`^${id}  reporting  valid .* UTC .* UTC .*${scope} locations.readonly  L1 L2$`));
    expect(table.out).not.toContain(token.slice(15));

    expect(await said(['revoke', id], env)).toEqual({ code: 0, out: `Token ${id} is revoked.\n`, err: '' });
    await expect(callerOf(token, env)).rejects.toHaveProperty('code', 'UNAUTHENTICATED');
    expect((await listed(env)).map((one) => [one.id, one.state])).toEqual([[id, 'revoked']]);
    expect(await said(['revoke', '0000000000'], env)).toEqual({
      code: 1,
      out: 'There is no token of that id: "npm run tokens -- list" shows all.\n',
      err: '',
    });
  });
});

test('a third token of one name is refused with the way out, which works, also with a token in place of its id', async () => {
  await using folder = await createStoreFolder();
  const env = folderSettings(folder);
  const create = () => said([...reporting, '--all-locations'], env);
  const first = await create();
  await create();
  const refused = await create();
  expect(refused.out).toBe('');
  expect(refused.err).toMatch(
    /^"reporting" has two valid tokens already: revoke [0-9a-z]{10} or [0-9a-z]{10}, or wait until .*Z\. "npm run tokens -- revoke ID" revokes one\.\n$/,
  );
  expect(refused.code).toBe(1);
  const revoked = await said(['revoke', first.out.trim()], env);
  expect(revoked.out).toBe(`Token ${first.out.slice(4, 14)} is revoked.\n`);
  expect((await create()).code).toBe(0);
});

test.each([
  [[], 90 * 24],
  [['--expires', '1h'], 1],
  [['--expires', '365d'], 365 * 24],
  [['--expires', '8760h'], 365 * 24],
])('with %j it is good for %d hours', async (args, hours) => {
  await using folder = await createStoreFolder();
  const env = folderSettings(folder);
  const { out } = await said([...reporting, '--all-locations', ...args], env);
  const [row] = await listed(env);
  expect(Date.parse(row?.expiresAt ?? '') - Date.parse(row?.createdAt ?? '')).toBe(hours * 3_600_000);
  expect(await callerOf(out.trim(), env)).toMatchObject({ locations: 'all' });
});

test('no other setting is asked for, and a bad one of the store is told', async () => {
  await using folder = await createStoreFolder();
  const live = { UPSTREAM_URL: 'https://users.example', UPSTREAM_CLIENT_ID: 'without-a-secret', PORT: 'nonsense' };
  expect((await said([...reporting, '--all-locations'], { ...folderSettings(folder), ...live })).code).toBe(0);
  expect(await said(['list'], { DATABASE_URL: 'mysql://me:hunter2@host/db' })).toEqual({
    code: 2,
    out: '',
    err: 'DATABASE_URL must be a postgres:// or postgresql:// URL.\n',
  });
});

test('a shell takes the token from standard output, also beside settings that stop a gateway', async () => {
  await using folder = await createStoreFolder();
  const command = `node src/start.js tokens ${reporting.join(' ')} --all-locations`;
  const script = `TOKEN=$(${command} 2>/dev/null); echo "[$TOKEN]"`;
  const env = { ...folderSettings(folder), UPSTREAM_CLIENT_ID: 'without-a-secret' };
  await using shell = run('sh', ['-c', script], env);
  expect((await shell.exited).code).toBe(0);
  expect(shell.output()).toMatch(/^\[ugw_[0-9a-z]{10}_[A-Za-z0-9_-]{43}\]\n$/);
  expect((await callerOf(shell.output().slice(1, -2), env)).subject).toBe('service:reporting');
});

test('a store that cannot be opened is told as a setting is', async () => {
  const { code, out, err } = await said(['list'], { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/db' });
  expect(err).toMatch(/^The store cannot be used: .*: check DATABASE_URL or DATA_DIR, and that the store runs\.\n$/);
  expect(err).not.toContain('hunter2');
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

test('--help says what there is, whatever stands beside it', async () => {
  for (const args of [['--help'], ['create', '-h'], ['revoke', '--help'], ['list', '--json', '--help']]) {
    const { code, out } = await said(args, {});
    expect(out).toMatch(/^npm run tokens -- create \| list \| revoke/);
    expect(code).toBe(0);
  }
});

const all = '--all-locations';

test.each([
  [[], 'The first argument is create, list or revoke.'],
  [['hunter2'], 'The first argument is create, list or revoke.'],
  [['list', '--name', 'hunter2'], '--name is not for list.'],
  [['revoke', '0123456789', '--json'], '--json is not for revoke.'],
  [['list', 'hunter2'], 'After list everything has a name, such as --name NAME.'],
  [['create', '--name', 'Hunter2', '--scope', scope, all], '--name must be 1 to 64 of a-z, 0-9 and -.'],
  [['create', '--scope', scope, all], '--name must be 1 to 64 of a-z, 0-9 and -.'],
  [
    ['create', '--name', 'a', all],
    'Each --scope must be one of locations.readonly, socialplanner/account.readonly, socialplanner/statistics.readonly, socialplanner/tag.readonly.',
  ],
  [
    ['create', '--name', 'a', '--scope', scope, '--scope', 'hunter2', all],
    'Each --scope must be one of locations.readonly, socialplanner/account.readonly, socialplanner/statistics.readonly, socialplanner/tag.readonly.',
  ],
  [reporting, 'Give --location ID, once or several times, or --all-locations.'],
  [[...reporting, all, '--location', 'L1'], 'Give --location ID, once or several times, or --all-locations.'],
  [[...reporting, '--location', '../hunter2'], '--location must be 1 to 64 letters, digits, _ and -.'],
  ...['0h', '366d', '8761h', '90', '1.5d', '1w', '-1d'].map((expires): [string[], string] => [
    [...reporting, all, `--expires=${expires}`],
    '--expires must be hours or days from 1h to 365d, such as 12h or 90d.',
  ]),
  [['revoke'], 'After revoke stands the id of one token.'],
  [['revoke', '0123456789', 'abcdefghij'], 'After revoke stands the id of one token.'],
  [['revoke', 'hunter2'], 'After revoke stands the id of one token.'],
  [['create', '--secret=hunter2'], 'There is no --secret.'],
])('the arguments %j are refused without their values, and no store is made', async (args, line) => {
  await using folder = await createStoreFolder();
  expect(await said(args, folderSettings(folder))).toEqual({
    code: 2,
    out: '',
    err: `${line} "npm run tokens -- --help" says what there is.\n`,
  });
  expect(readdirSync(folder.folder)).toEqual([]);
});
