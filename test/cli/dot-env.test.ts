import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { changed, readDotEnv, writeDotEnv } from '../../src/cli/dot-env.ts';

const folder = mkdtempSync(join(tmpdir(), 'dot-env-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['a word', 'k20261124:a+b/c='],
  ['spaces', 'locations.readonly oauth.write'],
  ['what a shell would expand', '$HOME `id` \\n "quoted" !! #5'],
  ['an apostrophe', "it's"],
])('%s comes through Node and a shell as it is', (_what, value) => {
  const text = changed('', { SECRET: value });
  expect(parseEnv(text)).toEqual({ SECRET: value });
  const path = join(folder, 'shell.env');
  writeFileSync(path, text);
  expect(execFileSync('sh', ['-c', `. ${path}; printf %s "$SECRET"`], { encoding: 'utf8' })).toBe(value);
});

test('a value that Node and shells read differently is refused by its name alone', () => {
  expect(() => changed('', { UPSTREAM_CLIENT_SECRET: `it's $5` })).toThrow(
    /^UPSTREAM_CLIENT_SECRET .*UPSTREAM_CLIENT_SECRET_FILE\.$/,
  );
});

test('what is there stays, a line of the same name is replaced where it stands, and one that is in the way goes', () => {
  const before = '# mine\nPORT=4001\n\nexport GRANT="old"\nSECRET=x\nGRANT=twice\n# GRANT=comment\n';
  expect(changed(before, { GRANT: 'agency', SECRET: null, SECRET_FILE: '/s' })).toBe(
    '# mine\nPORT=4001\n\nGRANT=agency\n# GRANT=comment\nSECRET_FILE=/s\n',
  );
  expect(changed('A=1', { B: '2' })).toBe('A=1\nB=2\n');
});

test('the file is readable by its owner only, also when it was not before, and a link stays a link', async () => {
  const [path, link] = [join(folder, 'real.env'), join(folder, 'link.env')];
  writeFileSync(path, 'A=1\n');
  chmodSync(path, 0o644);
  symlinkSync(path, link);
  await writeDotEnv(readDotEnv(link), 'A=2\n');
  expect(readFileSync(path, 'utf8')).toBe('A=2\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test('what cannot be written or read is one sentence', async () => {
  const path = join(folder, 'nowhere', '.env');
  expect(readDotEnv(path).text).toBe('');
  await expect(writeDotEnv({ path, text: '' }, 'A=1\n')).rejects.toThrow(/cannot be written: check its folder/);
  expect(() => readDotEnv(folder)).toThrow(/cannot be read: check the path/);
});
