import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkOperations } from '../../src/cli/check-operations.ts';
import { hashOf } from '../../src/operation/manifests.ts';
import { runCommand } from '../support/command.ts';
import { run } from '../support/process.ts';
import { scratchFolder } from '../support/scratch.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(scratchFolder(), 'operations-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = async (name: string, text: string) => {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
};

// Called from the folder itself, as npm tells it, so that files are named from there.
const check = async (args: readonly string[] = ['.'], env: Readonly<Record<string, string>> = {}) => {
  await using running = runCommand(checkOperations, args, { INIT_CWD: folder, ...env });
  const { code } = await running.exited;
  return { code, text: running.output(), lines: running.output().split('\n') };
};

interface Report {
  readonly operations: readonly {
    readonly name: string;
    readonly isValid: boolean;
    readonly upstreamCalls: { readonly total: number; readonly perLocation: number } | null;
    readonly scopes: readonly string[];
  }[];
  readonly problems: readonly { readonly message: string }[];
  readonly scopes: readonly string[];
}
const report = async (...args: readonly string[]) => JSON.parse((await check(['.', '--json', ...args])).text) as Report;

const costOf = async (text: string) => {
  await put('cost.graphql', text);
  return (await report()).operations[0]?.upstreamCalls;
};

const tags =
  'query Tags($id: ID!) {\n  location(id: $id) {\n    tags {\n      nodes {\n        id\n      }\n    }\n  }\n}\n';

describe('check:operations', () => {
  test('prints a line for each operation and the scopes of all, through every folder', async () => {
    await put('tags.graphql', tags);
    await put('deep/er/name.gql', 'query Name { location(id: "L1") { name } }');
    await put('deep/er/who.graphql', '{ viewer { subject } }');
    await put('node_modules/x/y.graphql', '{ nonsense }');
    await put('.git/x.graphql', '{ nonsense }');
    const { code, lines } = await check();
    expect(lines.slice(0, 8)).toEqual([
      'OPERATION  FILE                 CALLS  PER LOCATION  SCOPES',
      'Name       deep/er/name.gql     1      1             locations.readonly',
      'anonymous  deep/er/who.graphql  0      0             none',
      'Tags       tags.graphql         1      1             socialplanner/tag.readonly',
      '',
      '3 operations, 0 errors, 0 warnings.',
      'Scopes for all of them: locations.readonly socialplanner/tag.readonly',
      expect.stringContaining('Lists and page sizes that come in variables count as'),
    ]);
    expect(code).toBe(0);
  });

  test('names file, line and column of a mistake, with what may have been meant', async () => {
    await put('a.graphql', tags.replace('        id\n', '        nam\n'));
    await put('b.graphql', 'query {\n  viewer {');
    await put('c.graphql', 'mutation Change {\n  change\n}');
    const { code, lines } = await check();
    expect(lines.filter((line) => line.includes('error:'))).toEqual([
      'b.graphql:2:11: error: Syntax Error: Expected Name, found <EOF>.',
      'a.graphql:5:9: error: Cannot query field "nam" on type "Tag". Did you mean "name"?',
      'c.graphql:1:1: error: This graph has no mutations.',
    ]);
    expect(lines).toContain('2 operations, 3 errors, 0 warnings.');
    expect(code).toBe(1);
  });

  test('takes fragments from other files, through other fragments, and tells a mistake in one once', async () => {
    const spread = (name: string) => `query ${name} { location(id: "L1") { ...Page } }`;
    await put('one.graphql', spread('One'));
    await put('two.graphql', spread('Two'));
    await put('page.graphql', 'fragment Page on Location { tags { nodes { ...Row } } }');
    await put('row.graphql', 'fragment Row on Tag { id name }');
    const { operations } = await report();
    expect(operations.map(({ name, scopes }) => [name, scopes])).toEqual([
      ['One', ['socialplanner/tag.readonly']],
      ['Two', ['socialplanner/tag.readonly']],
    ]);
    await put('row.graphql', 'fragment Row on Tag { id nom }');
    const { problems } = await report();
    expect(problems).toEqual([
      {
        file: 'row.graphql',
        line: 1,
        column: 26,
        message: 'Cannot query field "nom" on type "Tag". Did you mean "name"?',
      },
    ]);
  });

  test('notices fragments that are missing, there twice or not used', async () => {
    await put('a.graphql', 'query A { viewer { ...Missing } }');
    await put('b.graphql', 'fragment Idle on Viewer { kind }');
    await put('c.graphql', 'fragment Idle on Viewer { subject }');
    const { lines } = await check();
    expect(lines.filter((line) => line.includes(': '))).toEqual(
      expect.arrayContaining([
        'a.graphql:1:23: error: Unknown fragment "Missing".',
        'c.graphql:1:1: error: The fragment Idle is in b.graphql, too.',
        'b.graphql:1:1: warning: No operation uses the fragment Idle.',
      ]),
    );
  });

  test('passes over what is no operation: types, and JSON of other kinds', async () => {
    await put('who.graphql', '{ viewer { subject } }\ntype Local { a: Int }');
    await put('package.json', '{ "name": "x", "scripts": {} }');
    const { code, lines } = await check();
    expect(lines.filter((line) => line.includes('warning:'))).toEqual([
      'who.graphql:2:1: warning: Definitions of types are passed over.',
      'package.json:1:1: warning: Passed over: it is no manifest: what it has for "scripts" is not a text.',
    ]);
    expect(code).toBe(0);
  });
});

describe('manifests', () => {
  test('of three kinds are read', async () => {
    await using running = runCommand(checkOperations, ['test/fixtures/manifests', '--json'], {
      INIT_CWD: process.cwd(),
    });
    expect(await running.exited).toEqual({ code: 0 });
    const { operations, scopes } = JSON.parse(running.standardOutput()) as Report;
    expect(operations.map(({ name }) => name)).toEqual([
      'TagCount',
      'ViewerKind',
      'TagList',
      'WhoAmI',
      'LocationPageQuery',
    ]);
    expect(scopes).toEqual(['locations.readonly', 'socialplanner/tag.readonly']);
  });

  test('with a wrong hash, with a document that is wrong and not JSON at all are errors', async () => {
    const who = 'query Who { viewer { subject } }';
    await put('a.json', JSON.stringify({ [hashOf(`${who} `)]: who, old: 'query Old {\n  viewer {\n    age\n  }\n}' }));
    await put('b.json', '{');
    const { code, lines } = await check();
    expect(lines.filter((line) => line.includes('error:'))).toEqual([
      `a.json:1:1: error: document "${hashOf(`${who} `)}": the id is not the SHA-256 of its text.`,
      'b.json:1:1: error: is not JSON.',
      'a.json#old:3:5: error: Cannot query field "age" on type "Viewer".',
    ]);
    expect(code).toBe(1);
  });

  test('are found through links, and a link to a folder is not followed', async () => {
    await put('..data/m.json', '{ "a": "query Linked { viewer { kind } }" }');
    await symlink('..data/m.json', join(folder, 'm.json'));
    await symlink('.', join(folder, 'round'));
    expect((await report()).operations.map(({ name }) => name)).toEqual(['Linked']);
  });
});

describe('cost', () => {
  test('is that of the worst: a list or page size that comes in a variable counts as 100', async () => {
    const paged = (variable: string) =>
      `query Q(${variable}) { locations(first: $n) { nodes { tags { nodes { id } } } } }`;
    expect(await costOf(paged('$n: Int!'))).toEqual({ total: 120, perLocation: 1 });
    expect(await costOf(paged('$n: Int! = 7'))).toEqual({ total: 27, perLocation: 1 });
    const details = (ids: string) => `query Q(${ids}) { location(id: "L1") { tagDetails(ids: $ids) { id } } }`;
    expect(await costOf(details('$ids: [ID!]!'))).toEqual({ total: 1, perLocation: 1 });
    const many = JSON.stringify(Array.from({ length: 150 }, (_, index) => `t${index}`));
    expect(await costOf(details(`$ids: [ID!]! = ${many}`))).toEqual({ total: 2, perLocation: 2 });
  });

  test('takes what comes in two variables for two things', async () => {
    expect(
      await costOf('query Q($a: ID!, $b: ID!) { a: location(id: $a) { name } b: location(id: $b) { name } }'),
    ).toEqual({ total: 2, perLocation: 1 });
  });

  test('over the limits of the settings is an error', async () => {
    await put('tags.graphql', `query Two { location(id: "L1") { name tags { nodes { id } } } }`);
    const { code, lines } = await check(['.'], { MAX_UPSTREAM_CALLS_PER_LOCATION: '1' });
    expect(lines).toContain(
      'tags.graphql:1:1: error: Two could cost 2 upstream calls (2 of one location); 200 (1) are allowed.',
    );
    expect(code).toBe(1);
    expect((await check()).code).toBe(0);
  });

  test('is held against settings of a file that is named from where npm was called', async () => {
    await put('tags.graphql', tags);
    await put('settings.env', 'UPSTREAM=sandbox\nMAX_DOCUMENT_DEPTH=3\n');
    const { lines } = await check(['.', '--dot-env', 'settings.env']);
    expect(lines).toContain('tags.graphql:1:1: error: The document has 4 fields within fields; 3 are allowed.');
    expect((await check(['.', '--dot-env', 'other.env'])).text).toBe(
      `${join(folder, 'other.env')} does not exist or is empty.\n`,
    );
  });

  test('counts what the answer can hold as well', async () => {
    const tagsOfTags = 'tags(first: 100) { nodes { id name location { id } } }';
    await put('big.graphql', `query Big { locations(first: 100) { nodes { id ${tagsOfTags} } } }`);
    const { code, lines } = await check();
    expect(lines).toContain('big.graphql:1:1: error: Big could answer 40302 values; 25000 are allowed.');
    expect(code).toBe(1);
  });

  test('is held against the limits of documents, tokens among them', async () => {
    await put('tags.graphql', tags);
    const limits = { MAX_DOCUMENT_DEPTH: '3', MAX_DOCUMENT_TOKENS: '20' };
    const { code, lines } = await check(['.'], limits);
    const told = lines.filter((line) => line.includes('error:'));
    expect(told).toEqual([
      'tags.graphql:1:1: error: The document has 4 fields within fields; 3 are allowed.',
      expect.stringMatching(/^tags\.graphql:1:1: error: Tags: Syntax Error: .*20 tokens/),
    ]);
    expect(code).toBe(1);
  });
});

test.each([
  [[], 2, /^Name one folder\. "npm run check:operations -- --help" says what there is\.\n$/],
  [['a', 'b'], 2, /^Name one folder\./],
  [['.', '--fix'], 2, /^There is no --fix\./],
  [['nowhere'], 2, /nowhere cannot be read: check the path and its permissions\.\n$/],
  [['.'], 1, /^\. holds no operation\.\n$/],
  [['--help'], 0, /^npm run check:operations FOLDER/],
] as const)('the arguments %j end with %i', async (args, code, text) => {
  const said = await check([...args]);
  expect(said.text).toMatch(text);
  expect(said.code).toBe(code);
});

test('it runs as a program, on the folder that it is given', async () => {
  await put('tags.graphql', tags);
  await using running = run('node', ['src/start.js', 'check-operations', relative('.', folder)], {});
  expect(await running.exited).toMatchObject({ code: 0 });
  expect(running.output()).toMatch(/^Tags .* 1 +1 +socialplanner\/tag\.readonly$/m);
});
