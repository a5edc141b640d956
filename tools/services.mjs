// Looks for the real services and programs that the tests need, before they run. Silent when all are there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where PostgreSQL's programs are: Debian keeps them off the PATH, and Homebrew those of a formula with a version. */
export const postgresFolders = ['/usr/lib/postgresql/*/bin', '/opt/homebrew/opt/*/bin', '/usr/local/opt/*/bin'];

// One row each. `folders` are looked into beside PATH; a `*` stands for any one folder.
const services = [
  {
    binary: 'redis-server',
    folders: [],
    packages: { 'apt-get': 'redis-server', brew: 'redis', dnf: 'redis', apk: 'redis' },
  },
  {
    binary: 'postgres',
    folders: postgresFolders,
    packages: { 'apt-get': 'postgresql', brew: 'postgresql@17', dnf: 'postgresql-server', apk: 'postgresql' },
  },
  // The README's line is pasted as it stands.
  { binary: 'curl', folders: [], packages: { 'apt-get': 'curl', brew: 'curl', dnf: 'curl', apk: 'curl' } },
  // The commands that a review of the access log proposes are run.
  { binary: 'jq', folders: [], packages: { 'apt-get': 'jq', brew: 'jq', dnf: 'jq', apk: 'jq' } },
];

// The tests that take time need more: its package is 23 MB to fetch and 330 MB on disk, which a first `npm test` should do without.
const forFaults = {
  binary: 'promtool',
  folders: [],
  packages: { 'apt-get': 'prometheus', brew: 'prometheus', dnf: 'golang-github-prometheus', apk: 'prometheus' },
};
const servicesOf = (suite) => (suite === 'faults' ? [...services, forFaults] : services);

const installers = {
  'apt-get': (packages) => `apt-get update && apt-get install -y --no-install-recommends ${packages}`,
  brew: (packages) => `brew install ${packages}`,
  dnf: (packages) => `dnf install -y ${packages}`,
  apk: (packages) => `apk add ${packages}`,
};

/** The binary's path, or null. */
export const locate = ({ binary, folders }, path = process.env.PATH ?? '') =>
  [...path.split(delimiter).filter((folder) => folder !== ''), ...folders.flatMap(expand)]
    .map((folder) => join(folder, binary))
    .find(isRunnable) ?? null;

const expand = (pattern) => {
  const [parent, rest] = pattern.split('/*/');
  if (rest === undefined) return [pattern];
  return existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name, rest)) : [];
};

const isRunnable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/**
 * What to do, from what was seen: nothing, install (with one line that says so), or stop with the command to run.
 * It installs by itself only on a machine that nobody sits at, and only where it can: as root on Debian or Ubuntu.
 */
export const plan = ({ suite, found, uid, osRelease, isTerminal, isCi, platform, managers }) => {
  const missing = servicesOf(suite).filter(({ binary }) => !found.includes(binary));
  if (missing.length === 0) return { kind: 'ready' };

  const names = new Intl.ListFormat('en-GB').format(missing.map(({ binary }) => binary));
  const manager = Object.keys(installers).find((candidate) => managers.includes(candidate));
  if (manager === undefined) {
    return {
      kind: 'stop',
      message: `The tests need ${names}: install it and put it on the PATH, then run them again.`,
    };
  }
  const packages = missing.map((service) => service.packages[manager]).join(' ');
  const needsSudo = uid !== 0 && manager !== 'brew';
  const command = needsSudo ? `sudo sh -c '${installers[manager](packages)}'` : installers[manager](packages);
  const isDebian =
    platform === 'linux' && manager === 'apt-get' && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(osRelease);
  if (uid === 0 && isDebian && (!isTerminal || isCi)) {
    const announcement = `The tests need ${names}: installing it now (${command})`;
    return { kind: 'install', packages: packages.split(' '), command, announcement };
  }
  return { kind: 'stop', message: `The tests need ${names}. To install it, run: ${command}` };
};

const look = (suite) => ({
  suite,
  found: servicesOf(suite)
    .filter((service) => locate(service) !== null)
    .map(({ binary }) => binary),
  uid: process.getuid?.() ?? null,
  osRelease: existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '',
  isTerminal: process.stdin.isTTY === true,
  isCi: !['', '0', 'false'].includes(process.env.CI ?? ''),
  platform: process.platform,
  managers: Object.keys(installers).filter((binary) => locate({ binary, folders: [] }) !== null),
});

/** Null when it went well, else the end of what apt said. */
const install = (packages) => {
  // RUNLEVEL=1 keeps the packages from starting their services: the tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...words) => {
    const run = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=120', ...words], { env, encoding: 'utf8' });
    return { isDone: run.status === 0, said: `${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}` };
  };
  // One unreachable source fails the update; the packages may be had nevertheless, so only the install decides.
  const update = apt('update');
  const { isDone, said } = apt('install', '-y', '--no-install-recommends', ...packages);
  return isDone ? null : `${update.said}${said}`.trimEnd().split('\n').slice(-20).join('\n');
};

const run = (suite) => {
  const decision = plan(look(suite));
  if (decision.kind === 'ready') return 0;
  if (decision.kind === 'stop') {
    console.error(decision.message);
    return 1;
  }
  console.log(decision.announcement);
  const failure = install(decision.packages);
  if (failure === null && plan(look(suite)).kind === 'ready') return 0;
  console.error(failure ?? 'It was installed and still cannot be found on the PATH.');
  console.error(`This failed. To see why, run: ${decision.command}`);
  return 1;
};

// A path with a symbolic link in it would not be equal to the module's own.
const isCalled = process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
if (isCalled) process.exitCode = run(process.argv[2] ?? 'test');
