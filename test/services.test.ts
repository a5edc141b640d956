import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { locate, plan } from '../tools/services.mjs';

const folder = mkdtempSync(join(tmpdir(), 'services-'));
afterAll(() => rmSync(folder, { recursive: true }));

const debian = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
const bareDebian = {
  suite: 'test' as const,
  found: [],
  uid: 0,
  osRelease: debian,
  isTerminal: false,
  isCi: false,
  platform: 'linux',
  managers: ['apt-get'],
};
const aptLine = 'apt-get update && apt-get install -y --no-install-recommends redis-server postgresql curl jq';
const names = 'redis-server, postgres, curl and jq';

test('only what is missing is installed', () => {
  const sight = { ...bareDebian, found: ['redis-server'] };
  expect(plan(sight)).toMatchObject({ kind: 'install', packages: ['postgresql', 'curl', 'jq'] });
});

test('where every service is found there is nothing to do', () => {
  expect(plan({ ...bareDebian, found: ['redis-server', 'postgres', 'curl', 'jq'] })).toEqual({ kind: 'ready' });
});

test('the tests that take time need promtool, too', () => {
  const found = ['redis-server', 'postgres', 'curl', 'jq'];
  expect(plan({ ...bareDebian, found, suite: 'faults' })).toMatchObject({ kind: 'install', packages: ['prometheus'] });
  expect(plan({ ...bareDebian, found: [...found, 'promtool'], suite: 'faults' })).toEqual({ kind: 'ready' });
});

test.each([
  ['on Debian without a terminal', {}],
  ['on Debian in CI, even at a terminal', { isTerminal: true, isCi: true }],
  ['on Ubuntu', { osRelease: 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n' }],
  ['on what is like Ubuntu', { osRelease: 'ID=linuxmint\nID_LIKE="ubuntu debian"\n' }],
])('root %s gets the service installed, in one announced line', (_, sight) => {
  expect(plan({ ...bareDebian, ...sight })).toEqual({
    kind: 'install',
    packages: ['redis-server', 'postgresql', 'curl', 'jq'],
    command: aptLine,
    announcement: `The tests need ${names}: installing it now (${aptLine})`,
  });
});

test.each([
  ['root at a terminal', { isTerminal: true }, aptLine],
  ['a person on Debian', { uid: 1000, isTerminal: true }, `sudo sh -c '${aptLine}'`],
  ['CI without root', { uid: 1000, isCi: true }, `sudo sh -c '${aptLine}'`],
  [
    'a Mac',
    { platform: 'darwin', uid: 501, osRelease: '', managers: ['brew'] },
    'brew install redis postgresql@17 curl jq',
  ],
  ['root on Fedora', { osRelease: 'ID=fedora\n', managers: ['dnf'] }, 'dnf install -y redis postgresql-server curl jq'],
  ['root on Alpine', { osRelease: 'ID=alpine\n', managers: ['apk'] }, 'apk add redis postgresql curl jq'],
  ['an apt that is not Debian’s', { osRelease: 'ID=debianesque\n' }, aptLine],
])('%s is told the exact command and nothing is installed', (_, sight, command) => {
  expect(plan({ ...bareDebian, ...sight })).toEqual({
    kind: 'stop',
    message: `The tests need ${names}. To install it, run: ${command}`,
  });
});

test('a system without a known package manager is told what is missing', () => {
  expect(plan({ ...bareDebian, platform: 'win32', uid: null, osRelease: '', managers: [] })).toEqual({
    kind: 'stop',
    message: `The tests need ${names}: install it and put it on the PATH, then run them again.`,
  });
});

test('a service is found on the PATH, and in folders that carry a version in their name', () => {
  const bin = join(folder, 'lib', '15', 'bin');
  mkdirSync(bin, { recursive: true });
  const file = join(bin, 'server');
  writeFileSync(file, '');
  const versioned = { binary: 'server', folders: [join(folder, 'lib/*/bin'), join(folder, 'absent/*/bin')] };
  expect(locate(versioned, '')).toBeNull();
  chmodSync(file, 0o755);
  expect(locate(versioned, '')).toBe(file);
  expect(locate({ binary: 'server', folders: [] }, `/nowhere:${bin}`)).toBe(file);
  expect(locate({ binary: 'server', folders: [] }, '/nowhere')).toBeNull();
});
