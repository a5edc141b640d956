import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { settings } from '../src/config.ts';
import { freePorts, run } from './support/process.ts';

jest.setTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), 'start-'));
const launcher = join(folder, 'src', 'start.js');
mkdirSync(join(folder, 'src'));
copyFileSync(fileURLToPath(new URL('../src/start.js', import.meta.url)), launcher);
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
writeFileSync(
  join(folder, 'src', 'main.ts'),
  'const words: readonly string[] = process.argv.slice(2);\nconsole.log("main.ts", ...words, process.env["TOLD"] ?? "");\n',
);
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts with a Node that says it is another version. */
const startOn = (version: string, told: Readonly<Record<string, string>> = {}) => {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  // Jest's own options for Node are none of the launcher's.
  const env = { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: join(folder, 'cache'), ...told };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, launcher, 'sandbox'], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

test.each(['12.22.12', '20.20.2', '22.21.1', '24.10.0'])(
  'on Node %s one line says what is needed, what was found and how to get it, and nothing is loaded',
  (version) => {
    const { status, stdout, stderr } = startOn(version);
    expect(stdout).toBe('');
    expect(stderr.match(/\n/g)).toHaveLength(1);
    expect(stderr).toMatch(/needs Node 24\.11 or newer/);
    expect(stderr).toContain(version);
    expect(stderr).toMatch(/npm ci.*nvm install 24/);
    expect(status).toBe(2);
  },
);

test.each(['24.11.0', '24.21.0', '25.0.0', '26.10.1'])(
  'on Node %s main is loaded and gets the arguments',
  (version) => {
    expect(startOn(version)).toEqual({ status: 0, stdout: 'main.ts sandbox \n', stderr: '' });
  },
);

test('where the sources were built, the built main is loaded', () => {
  const built = join(folder, 'src', 'main.js');
  writeFileSync(built, 'console.log("main.js", ...process.argv.slice(2));\n');
  expect(startOn('24.11.0')).toEqual({ status: 0, stdout: 'main.js sandbox\n', stderr: '' });
  rmSync(built);
});

test('the launcher asks for the Node that package.json asks for', () => {
  const needed = /"node": ">=([\d.]+)"/.exec(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))?.[1];
  expect(startOn('20.20.2').stderr).toContain(`needs Node ${needed ?? 'of package.json'} or newer`);
});

test('.env beside package.json is read, the environment stands over it, and DOT_ENV=off leaves it unread', () => {
  writeFileSync(join(folder, '.env'), 'TOLD="by the file"\n');
  expect(startOn('24.11.0').stdout).toBe('main.ts sandbox by the file\n');
  expect(startOn('24.11.0', { TOLD: 'by the environment' }).stdout).toBe('main.ts sandbox by the environment\n');
  expect(startOn('24.11.0', { DOT_ENV: 'off' }).stdout).toBe('main.ts sandbox \n');
  rmSync(join(folder, '.env'));
});

// The other reasons are told by test/cli/listening.test.ts; here it is main.ts that tells, and ends.
describe('a start that cannot work', () => {
  test.each([
    [['--port=hunter2'], 'There is no argument "--port".'],
    [['sandbox', '--verbose'], 'There is no argument "--verbose".'],
  ])('with the arguments %j is refused in one line that points to --help, and starts nothing', async (args, line) => {
    await using refused = run('node', ['src/start.js', ...args], freePorts);
    expect((await refused.exited).code).toBe(2);
    expect(refused.output()).toBe(
      `${line} Settings are environment variables: "npm start -- --help" says what there is.\n`,
    );
  });

  test.each([
    [['sandbox'], 'SANDBOX_PORT'], // with a gateway beside it, it is started by the same function
    [[], 'PORT'],
  ])('with a taken port (arguments %j) is one line that names %s', async (args, name) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    await using refused = run('node', ['src/start.js', ...args], { ...freePorts, [name]: port });
    expect((await refused.exited).code).toBe(1);
    server.close();
    expect(refused.output()).toBe(
      `Port ${port} is taken: choose another one with ${name}, such as ${name}=0, which takes one that is free.\n`,
    );
  });

  test('for a reason that nobody foresaw keeps its stack trace', async () => {
    const refuse = `import { Server } from 'node:net';
      Server.prototype.listen = function () {
        process.nextTick(() => this.emit('error', Object.assign(new Error('EWOBBLE'), { code: 'EWOBBLE', syscall: 'listen' })));
        return this;
      };`;
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(refuse)}`];
    await using failed = run('node', [...preload, 'src/start.js'], freePorts);
    expect((await failed.exited).code).toBe(1);
    expect(failed.output()).toMatch(/EWOBBLE[\s\S]*\n {4}at /);
  });
});

describe('a program that a test starts', () => {
  test('hears of none of the settings of the developer, and reads no .env', async () => {
    const names = settings.flatMap(({ name }) => [name, `${name}_FILE`]);
    const before = { ...process.env };
    for (const name of names) process.env[name] = 'of the developer';
    await using child = run('node', ['-p', 'JSON.stringify(process.env)'], { PORT: '0' });
    process.env = before;
    await child.exited;
    const heard = JSON.parse(child.output()) as Record<string, string>;
    expect(names.filter((name) => name in heard)).toEqual(['PORT', 'ADMIN_PORT']); // a free one, unless told otherwise
    expect(heard).toMatchObject({ PORT: '0', DOT_ENV: 'off', PATH: before['PATH'] });
  });

  test('dies with all that it started when the test process is killed', async () => {
    const asTestDoes = `import { run } from ${JSON.stringify(new URL('./support/process.ts', import.meta.url).href)};
      const child = run('sh', ['-c', 'sleep 60 & echo "started $$ $!"; wait']);
      await child.seen(/started/);
      console.log(child.output());
      setInterval(() => {}, 1_000);`;
    await using tester = run('node', ['--input-type=module', '-e', asTestDoes]);
    const [, ...pids] = await tester.seen(/started (\d+) (\d+)/);
    const alive = () => pids.filter((pid) => isRunning(pid));
    expect(alive()).toEqual(pids);
    tester.kill('SIGKILL');
    const killedAt = performance.now();
    while (alive().length > 0 && performance.now() - killedAt < 10_000) await new Promise(setImmediate);
    expect(alive()).toEqual([]);
  });
});

/** Who is dead and not yet called for by its parent is in /proc as Z. */
const isRunning = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
