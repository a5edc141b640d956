import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { verify } from '../../src/cli/verify.ts';
import type { Report } from '../../src/cli/verify-report.ts';
import { runCommand } from '../support/command.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { run } from '../support/process.ts';

jest.setTimeout(40_000);

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const verified = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
  await using folder = await createStoreFolder();
  await using running = runCommand(verify, args, { DATA_DIR: folder.folder, ...env });
  const { code } = await running.exited;
  return { code, text: running.output() };
};

const verifiedJson = async (env: Readonly<Record<string, string>>, ...args: string[]) => {
  const { code, text } = await verified(env, '--json', ...args);
  return { code, text, report: JSON.parse(text) as Report };
};

const live = () => ({
  AUTH: 'none',
  UPSTREAM_URL: sandbox.url,
  UPSTREAM_CLIENT_ID: sandbox.client.id,
  UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
  UPSTREAM_COMPANY_ID: sandbox.companyId,
});

const catalogueSize = readdirSync('examples/operations').length;

test('against a live upstream every operation answers, the calls are counted, and everything around is told', async () => {
  sandbox.clearCalls();
  const { code, report, text } = await verifiedJson(live());
  expect(report.problems).toEqual([]);
  expect(code).toBe(0);
  expect(report.operations.map(({ status }) => status)).toEqual(Array(catalogueSize).fill('ok'));
  const dataCalls = sandbox.calls().filter(({ route }) => route !== 'token');
  expect(report.upstreamCalls).toBe(dataCalls.length);
  expect(report.tokenRequests).toBe(sandbox.calls().length - dataCalls.length);
  const spent = report.operations.reduce((total, { upstreamCalls }) => total + upstreamCalls, 0);
  expect(spent).toBeGreaterThan(catalogueSize);
  expect(spent).toBeLessThan(report.upstreamCalls); // the look for a location is no operation's
  expect(report).toMatchObject({
    mode: 'live',
    upstreamUrl: sandbox.url,
    grant: 'client-credentials',
    scopes: { missing: [], granted: expect.arrayContaining(['socialplanner/tag.readonly']) },
    credentials: [{ name: 'UPSTREAM_CLIENT_SECRET', ageDays: 0 }],
    budget: { mode: 'NORMAL', burst: { limit: 100 } },
  });
  // The sandbox sends changes as strings, as the vendor does.
  expect(Object.keys(report.deviations)).toContainEqual(expect.stringMatching(/^readStatistics .*change$/i));
  for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets()]) expect(text).not.toContain(secret);
});

test('without any setting it verifies a sandbox of its own and says so, as a table, in a process', async () => {
  await using running = run('node', ['src/start.js', 'verify']);
  const { code } = await running.exited;
  const text = running.output();
  expect(text).toMatch(/^SANDBOX MODE: a sandbox of its own, all data is invented\n\nAsking about /);
  expect(text.match(/^\w+ +ok +\d+ +\d+ ms$/gm)).toHaveLength(catalogueSize);
  expect(text).toMatch(/^Spent +\d+ upstream calls, \d+ token requests$/m);
  expect(text).toMatch(/^Scopes +4 of 4 granted$/m);
  expect(text).toMatch(/\n\nAll is well\.\n$/);
  expect(code).toBe(0);
});

test('a wanted scope that is not granted is named with what to do, and fails', async () => {
  const { full } = sandbox.locations;
  const all = ['locations.readonly', 'socialplanner/tag.readonly', 'socialplanner/account.readonly'];
  const statistics = 'socialplanner/statistics.readonly';
  sandbox.grantScopes(full, all);
  const { code, report } = await verifiedJson(live(), '--location', full);
  sandbox.grantScopes(full, [...all, statistics]);
  expect(code).toBe(1);
  expect(report.location?.id).toBe(full);
  expect(report.scopes?.missing).toEqual([statistics]);
  expect(report.problems).toEqual([
    expect.stringMatching(/LiveReporting, LocationStatistics.*: UPSTREAM_SCOPE_MISSING: .*statistics\.readonly/),
    expect.stringMatching(/^The scope socialplanner\/statistics\.readonly is not granted: add it/),
  ]);
  expect(report.operations.find(({ operation }) => operation === 'CurrentTags')?.status).toBe('ok');
});

test('credentials that upstream refuses are one cause with a remedy, and what has no location is skipped', async () => {
  const { code, text } = await verified({ ...live(), UPSTREAM_CLIENT_SECRET: 'not-the-secret' });
  expect(code).toBe(1);
  expect(text).toMatch(/^MyLocations +failed +\d+ +\d+ ms {2}UPSTREAM_AUTH_FAILED$/m);
  expect(text).toMatch(/^CurrentTags +skipped +no location can be read$/m);
  expect(text).toMatch(
    /^- The look for a location, MyLocations, SystemWideMetrics: UPSTREAM_AUTH_FAILED: .*The operator must check/m,
  );
  expect(text).not.toContain('not-the-secret');
});

test('a grant that upstream refuses for good is named with the way out, and a store by its place without its password', async () => {
  const { full } = sandbox.locations;
  const dead = { UPSTREAM_GRANT: 'refresh-token', UPSTREAM_REFRESH_TOKEN: 'rt-of-nobody', UPSTREAM_RECONNECT: 'off' };
  const keys = { TOKEN_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}` };
  const buried = await verifiedJson({ ...live(), ...dead, ...keys }, '--location', full);
  expect(buried.code).toBe(1);
  expect(buried.report.problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/LOCATION_NOT_CONNECTED: /),
      'The grant "seed" is dead: connect it again with "npm run connect -- --again".',
    ]),
  );
  expect(buried.report.store.state).toBe('1 grant, 1 of them dead');

  const away = await verifiedJson({ ...live(), DATABASE_URL: 'postgres://gateway:hunter2@127.0.0.1:1/grants' });
  expect(away.report.store.place).toBe('PostgreSQL, 127.0.0.1:1/grants');
  expect(away.report.credentials).toBeNull();
  expect(away.code).toBe(0); // client credentials need no store
  expect(buried.text + away.text).not.toMatch(/rt-of-nobody|hunter2/);
});

describe('each command', () => {
  test.each(['connect', 'verify', 'keys'])('%s explains itself with --help', async (name) => {
    await using helping = run('node', ['src/start.js', name, '--help']);
    expect((await helping.exited).code).toBe(0);
    expect(helping.output()).toMatch(new RegExp(`^npm run ${name} \\[--[^]*Exit code: 0 `));
  });
});
