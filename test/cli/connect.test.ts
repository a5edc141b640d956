import { readFileSync, statSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { connect } from '../../src/cli/connect.ts';
import { verify } from '../../src/cli/verify.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { runCommand, type RunningCommand } from '../support/command.ts';
import { consent } from '../support/consent.ts';
import { freePort } from '../support/free-port.ts';
import { byAgency, createStoreFolder, startTestGateway, testKey } from '../support/gateway.ts';
import { run, type Running } from '../support/process.ts';

jest.setTimeout(40_000);

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.clearCalls());

/** As `--sandbox` wants it. */
const vendor = () => ({
  UPSTREAM_URL: sandbox.url,
  UPSTREAM_CLIENT_ID: sandbox.client.id,
  UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
});

const begin = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  runCommand(connect, ['--no-browser', ...args], { PORT: '0', ...env });

const installAddress = /^http:\S+\/oauth\/install(\?ticket=\S+)?$/m;

const expectNoSecret = (running: Running | RunningCommand, ...more: readonly string[]) => {
  for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets(), ...more]) {
    if (secret !== '') expect(running.output()).not.toContain(secret);
  }
};

test('an agency is led from nothing to a first answer, and the file it leaves starts a gateway that is connected', async () => {
  await using folder = await createStoreFolder();
  const file = join(folder.folder, 'settings.env');
  writeFileSync(file, '# of a person\nLOG_LEVEL=info\n', { mode: 0o644 });
  const args = ['--sandbox', '--grant', 'agency', '--dot-env', file];
  await using connecting = begin(args, { ...vendor(), DATA_DIR: folder.folder });
  const [address] = await connecting.seen(installAddress);
  await connecting.seen(/Waiting for the consent/);
  const scopes = `locations.readonly
socialplanner/tag.readonly
socialplanner/statistics.readonly
socialplanner/account.readonly
oauth.readonly
oauth.write`;
  expect(connecting.output()).toContain(`\n${new URL('/oauth/callback', address).href}\n`);
  expect(connecting.output()).toContain(`\n${scopes}\n`);

  expect((await consent(address, { holder: 'company' })).status).toBe(200);
  expect((await connecting.exited).code).toBe(0);
  const text = connecting.output();
  expect(text).toContain(`agency ${sandbox.companyId}; the app is installed in 4 of its locations`);
  expect(text).toContain(sandbox.locations.full);
  expect(text).not.toContain(sandbox.locations.notInstalled);
  expect(text).toMatch(/Scopes +6 of 6 granted\nToken +runs out \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  expect(text).toMatch(/Answer +\{"locations":\{"nodes":\[\{"name":"[^]*"tags":\{"nodes":\[\{"name":/);

  const written = readFileSync(file, 'utf8');
  expect(written).toMatch(/^# of a person\nLOG_LEVEL=info\nUPSTREAM_URL=/);
  expect(written).toMatch(/^TOKEN_KEYS=k\d{8}-[\da-f]{4}:[A-Za-z0-9+/]{43}=$/m);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expectNoSecret(connecting, /^TOKEN_KEYS=\w+:(.*)$/m.exec(written)?.[1] ?? '');

  const start = [`--env-file=${file}`, 'src/start.js'];
  await using started = run('node', start, { PORT: '0', DATA_DIR: folder.folder, DRAIN_DELAY_MS: '0' });
  const [, url = ''] = await started.seen(/"url":"([^"]+)","mode":"live"/);
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ locations(first: 1) { nodes { name } } }"}',
  });
  expect(await answer.json()).toEqual({ data: { locations: { nodes: [{ name: expect.any(String) }] } } });

  sandbox.clearCalls();
  await using again = begin(args, { ...vendor(), DATA_DIR: folder.folder });
  expect((await again.exited).code).toBe(0);
  expect(again.output()).toMatch(/has everything already[^]*Connected already: company\n[^]*First query/);
  expect(readFileSync(file, 'utf8')).toBe(written);
  expect(sandbox.calls().filter(({ route }) => route === 'token')).toEqual([]);
});

test('an agency that withholds a scope of its own is connected all the same, and verify fails for that scope', async () => {
  await using folder = await createStoreFolder();
  const file = join(folder.folder, 'settings.env');
  const env = { ...vendor(), DATA_DIR: folder.folder };
  await using connecting = begin(['--sandbox', '--grant', 'agency', '--dot-env', file], env);
  const [address] = await connecting.seen(installAddress);
  const granted = ['locations.readonly', 'socialplanner/tag.readonly', 'socialplanner/account.readonly', 'oauth.write'];
  const scopes = [...granted, 'socialplanner/statistics.readonly'];
  expect((await consent(address, { holder: 'company', scopes })).status).toBe(200);
  await connecting.exited;
  expect(connecting.output()).toMatch(/its locations cannot be listed: .*scope[^]*missing: oauth\.readonly/);
  await using verifying = runCommand(verify, ['--dot-env', file], { DATA_DIR: folder.folder });
  expect((await verifying.exited).code).toBe(1);
  expect(verifying.output()).toMatch(/5 of 6 granted\n +missing: oauth\.readonly\n/);
  expect(verifying.output()).toMatch(/^- The scope oauth\.readonly is not granted: add it/m);
  expect(verifying.output()).toMatch(/SQLite, .*gateway\.db: 1 grant$/m);
});

test('a location is connected from a browser elsewhere by a printed ticket, and scopes that were left out are named', async () => {
  await using folder = await createStoreFolder();
  const port = String(await freePort());
  const [file, secretFile] = [join(folder.folder, 'settings.env'), join(folder.folder, 'secret')];
  writeFileSync(secretFile, `${sandbox.client.secret}\n`);
  const { UPSTREAM_URL, UPSTREAM_CLIENT_ID } = vendor();
  const flags = [
    '--client-id',
    UPSTREAM_CLIENT_ID,
    '--client-secret-file',
    secretFile,
    '--grant',
    'authorization-code',
  ];
  const env = { UPSTREAM_URL, PORT: port, PUBLIC_URL: `http://localhost:${port}`, DATA_DIR: folder.folder };
  await using connecting = begin(['--print', '--sandbox', '--dot-env', file, ...flags], env);
  const [address] = await connecting.seen(installAddress);
  expect(address).toMatch(new RegExp(`^http://localhost:${port}/oauth/install\\?ticket=`));
  await connecting.seen(new RegExp(`http://localhost:${port} must lead to this gateway`));
  const holder = `location:${sandbox.locations.full}`;
  const granted = ['locations.readonly', 'socialplanner/tag.readonly', 'socialplanner/account.readonly'];
  expect((await consent(address, { holder, scopes: granted })).status).toBe(200);
  expect((await connecting.exited).code).toBe(0);
  expect(connecting.output()).toMatch(new RegExp(`Connected +location .+ \\(${sandbox.locations.full}\\)`));
  expect(connecting.output()).toMatch(/3 of 4 granted\n +missing: socialplanner\/statistics\.readonly\n/);
  const written = readFileSync(file, 'utf8');
  expect(written).toContain(`UPSTREAM_CLIENT_SECRET_FILE=${secretFile}\n`);
  expect(written).not.toContain(sandbox.client.secret);
  expectNoSecret(connecting);

  await using another = begin(['--again', '--dot-env', file], { ...env, PUBLIC_URL: '' });
  const [next] = await another.seen(installAddress);
  expect(another.output()).toContain(`Connected already: ${holder}\n`);
  expect((await consent(next, { holder: `location:${sandbox.locations.large}` })).status).toBe(200);
  expect((await another.exited).code).toBe(0);
  expect(another.output()).toMatch(new RegExp(`Connected +location .+ \\(${sandbox.locations.large}\\)`));
  expect(another.output()).toMatch(/4 of 4 granted\n/);
});

test('a consent that cannot be redeemed is told in the terminal, and Ctrl-C then ends the process cleanly', async () => {
  await using folder = await createStoreFolder();
  const file = join(folder.folder, 'settings.env');
  const env = { ...vendor(), UPSTREAM_CLIENT_SECRET: 'not-the-secret', DATA_DIR: folder.folder };
  const program = ['src/start.js', 'connect', '--no-browser', '--sandbox', '--grant', 'agency', '--dot-env', file];
  await using connecting = run('node', program, { PORT: '0', ...env });
  const [address] = await connecting.seen(installAddress);
  await connecting.seen(/Waiting for the consent/);
  expect((await consent(address, { holder: 'company' })).status).toBe(502);
  await connecting.seen(/Nothing was stored \(upstream-failed\): the browser says what to do\./);
  connecting.kill('SIGINT');
  expect((await connecting.exited).code).toBe(1);
  expect(connecting.output()).toMatch(/Stopped\. Nothing was connected; what was told is kept for the next time\.\n$/);
  expect(connecting.output()).not.toContain('    at ');
  expect(readFileSync(file, 'utf8')).toContain('UPSTREAM_GRANT=agency');
  expectNoSecret(connecting, 'not-the-secret');
});

test('beside a live gateway that runs, --print gives a link that is good there', async () => {
  await using folder = await createStoreFolder();
  await using gateway = await startTestGateway({ sandbox, access: byAgency });
  const file = join(folder.folder, 'settings.env');
  const port = new URL(gateway.url).port;
  const TOKEN_KEYS = `${testKey.id}:${Buffer.from(testKey.bytes).toString('base64')}`;
  const env = { ...vendor(), UPSTREAM_GRANT: 'agency', TOKEN_KEYS, PORT: port, DATA_DIR: folder.folder };
  await using printing = begin(['--print', '--dot-env', file], env);
  expect((await printing.exited).code).toBe(0);
  const [link = ''] = installAddress.exec(printing.output()) ?? [];
  expect(link).toContain('?ticket=');
  expect((await consent(link, { holder: 'company' })).status).toBe(200);
  expect(existsSync(file)).toBe(false);

  await using refused = begin(['--dot-env', file], env);
  expect((await refused.exited).code).toBe(1);
  expect(refused.output()).toMatch(
    /^A gateway \(live\) already answers at .*"npm run connect -- --print" with its settings/,
  );
});

describe('what cannot work is said at once, and nothing is written', () => {
  test.each([
    [
      'answers are missing and nobody can be asked',
      [],
      {},
      2,
      /no terminal[^]*--grant[^]*--client-id ID[^]*--client-secret-file/,
    ],
    [
      'the grant needs nobody',
      ['--grant', 'client-credentials'],
      { UPSTREAM_CLIENT_ID: 'app' },
      2,
      /none that people consent to/,
    ],
    ['the sandbox is set', ['--grant', 'agency'], { UPSTREAM: 'sandbox' }, 2, /UPSTREAM=sandbox is set/],
    ['--sandbox has no sandbox', ['--sandbox'], {}, 2, /npm run sandbox/],
    [
      'a setting is bad',
      ['--grant', 'agency', '--client-id', 'app'],
      { UPSTREAM_CLIENT_SECRET: 'hunter2', PORT: 'x' },
      2,
      /^PORT must be/,
    ],
    ['a secret stands on the command line', ['--client-secret', 'hunter2'], {}, 2, /^There is no --client-secret\./],
  ])('where %s', async (_when, args, env, exitCode, text) => {
    await using folder = await createStoreFolder();
    const file = join(folder.folder, 'settings.env');
    await using refused = begin(['--dot-env', file, ...args], { ...env, DATA_DIR: folder.folder });
    expect((await refused.exited).code).toBe(exitCode);
    expect(refused.output()).toMatch(text);
    expect(refused.output()).not.toMatch(/hunter2| {4}at /);
    expect(existsSync(file)).toBe(false);
  });

  test('where DOT_ENV=off keeps .env out of reach', async () => {
    await using refused = begin(['--grant', 'agency'], vendor());
    expect((await refused.exited).code).toBe(2);
    expect(refused.output()).toBe('DOT_ENV=off leaves .env alone: name another file with --dot-env FILE.\n');
  });

  test('where a gateway in sandbox mode answers on PORT already', async () => {
    await using folder = await createStoreFolder();
    await using gateway = await startTestGateway({ sandbox });
    const file = join(folder.folder, 'settings.env');
    const env = { ...vendor(), PORT: new URL(gateway.url).port, DATA_DIR: folder.folder };
    await using refused = begin(['--sandbox', '--grant', 'agency', '--dot-env', file], env);
    expect((await refused.exited).code).toBe(1);
    expect(refused.output()).toBe(
      `A gateway (sandbox) already answers at ${gateway.url}, with invented data: stop it, or set PORT to another port.\n`,
    );
    expect(existsSync(file)).toBe(false);
  });
});
