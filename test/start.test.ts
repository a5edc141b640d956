import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const folder = mkdtempSync(join(tmpdir(), 'start-'));
const launcher = join(folder, 'start.js');
copyFileSync(fileURLToPath(new URL('../src/start.js', import.meta.url)), launcher);
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
writeFileSync(
  join(folder, 'main.ts'),
  'const words: readonly string[] = process.argv.slice(2);\nconsole.log("main.ts", ...words);\n',
);
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts with a Node that says it is another version. */
const startOn = (version: string) => {
  const disguise = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  // Jest's own options for Node are none of the launcher's.
  const env = { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: join(folder, 'cache') };
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
    expect(startOn(version)).toEqual({ status: 0, stdout: 'main.ts sandbox\n', stderr: '' });
  },
);

test('where the sources were built, the built main is loaded', () => {
  const built = join(folder, 'main.js');
  writeFileSync(built, 'console.log("main.js", ...process.argv.slice(2));\n');
  expect(startOn('24.11.0')).toEqual({ status: 0, stdout: 'main.js sandbox\n', stderr: '' });
  rmSync(built);
});

test('the launcher asks for the Node that package.json asks for', () => {
  const needed = /"node": ">=([\d.]+)"/.exec(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))?.[1];
  expect(startOn('20.20.2').stderr).toContain(`needs Node ${needed ?? 'of package.json'} or newer`);
});
