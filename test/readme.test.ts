import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { isObjectType } from 'graphql';
import { createSchema } from '../src/operation/schema.ts';
import { renderReadme } from '../tools/documents.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';
import { freePorts, run } from './support/process.ts';

const readme = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

// Longer than `seen` waits, so that its rejection tells what the program said.
jest.setTimeout(30_000);

/** The code blocks of a language, each with the JSON block right after it, if there is one. */
const blocksOf = (language: string) =>
  [
    ...readme.matchAll(
      new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\`(?:\\n\\n\`\`\`json\\n([\\s\\S]*?)\`\`\`)?`, 'g'),
    ),
  ].map(([, code = '', json]) => ({ code, json }));

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** What a value looks like, without what it says. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one)]));
};

/** Sandbox mode tells the cost with every answer; the cookbook shows it once. */
const withoutCost = (text: string): unknown => {
  const { extensions, ...answer } = JSON.parse(text) as { extensions: { cost: unknown } };
  expect(extensions.cost).toBeDefined();
  return answer;
};

describe('the README', () => {
  test('has the tables that the code makes: `npm run docs` writes them', () => {
    expect(readme).toBe(renderReadme(readme));
  });

  test.each(blocksOf('graphql').map(({ code, json }, index) => [index + 1, code, json] as const))(
    'query %i of the cookbook answers as shown',
    async (_number, code, json) => {
      const answer = await gateway.ask(code);
      if (json === undefined) expect(answer.errors).toEqual([]);
      else expect(shapeOf(withoutCost(answer.text))).toEqual(shapeOf(JSON.parse(json)));
    },
  );

  test('the example in JavaScript runs', async () => {
    const [block] = blocksOf('js');
    const code = block?.code.replace('http://127.0.0.1:4000', gateway.url) ?? '';
    const { stdout } = await promisify(execFile)('node', ['--input-type=module', '-e', code]);
    expect(stdout).toContain("subject: 'sandbox'");
  });

  test('`npm start` prints the banner shown, and its curl answers when pasted', async () => {
    await using started = run('npm', ['start'], freePorts);
    const [curl] = await started.seen(/curl -s .*/);
    const shown = /users-gateway [\s\S]*?curl -s .*/.exec(readme)?.[0] ?? '';
    const plain = (text: string) =>
      text
        .replace(/node v[\d.]+/, 'node')
        .replace(/127\.0\.0\.1:\d+/g, 'address')
        .trim();
    expect(plain(started.output().slice(started.output().indexOf('users-gateway 0')))).toBe(plain(shown));
    const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
    const answer = /```json\n(\{"data".*)\n/.exec(readme)?.[1] ?? '';
    expect(shapeOf(JSON.parse(stdout))).toEqual(shapeOf(JSON.parse(answer)));
  });

  test('every npm script that it names exists', () => {
    const named = [...readme.matchAll(/npm run (?:-s )?([a-z:-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('every file that it links to exists', () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((path) => !existsSync(path))).toEqual([]);
  });

  test('the field mapping names every field that comes from upstream', () => {
    const types = [
      'Tag',
      'TagDetails',
      'TagConnection',
      'SocialAccount',
      'Statistics',
      'StatisticsMetric',
      'PlatformMetric',
    ];
    const record = ['id', 'name', 'timeZone', 'city', 'country'].map((field) => `Location.${field}`);
    const fields = types.flatMap((name) => {
      const type = createSchema().getType(name);
      return isObjectType(type) ? Object.keys(type.getFields()).map((field) => `${name}.${field}`) : [];
    });
    expect([...record, ...fields].filter((field) => !readme.includes(`\`${field}\``))).toEqual([]);
  });

  test('speaks of every error code', () => {
    for (const code of ['GRAPHQL_PARSE_FAILED', 'BODY_TOO_LARGE', 'INTERNAL_SERVER_ERROR'])
      expect(readme).toContain(code);
  });
});

describe('the other lines', () => {
  test('`npm run sandbox` starts the sandbox alone and says how to point a gateway at it', async () => {
    await using sandbox = run('npm', ['run', 'sandbox'], freePorts);
    const [, url = '', id = '', secret = ''] = await sandbox.seen(
      /AUTH=none UPSTREAM_URL=(\S+) UPSTREAM_CLIENT_ID=(\S+) UPSTREAM_CLIENT_SECRET=(\S+)/,
    );
    await using live = run('node', ['src/start.js'], {
      ...freePorts,
      AUTH: 'none',
      UPSTREAM_URL: url,
      UPSTREAM_CLIENT_ID: id,
      UPSTREAM_CLIENT_SECRET: secret,
    });
    const [, gatewayUrl = ''] = await live.seen(/"url":"([^"]+)","mode":"live"/);
    const response = await fetch(`${gatewayUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: '{ locations(first: 1) { nodes { name } } accountStatistics { posts { total } } }',
      }),
    });
    const { data, errors } = (await response.json()) as { data: { locations: { nodes: unknown[] } }; errors?: unknown };
    expect(errors).toBeUndefined();
    expect(data.locations.nodes).toHaveLength(1);
    expect(live.output()).not.toContain(secret);
  });

  test('`npm start -- --help` says what there is', async () => {
    await using helping = run('npm', ['start', '--', '--help']);
    expect((await helping.exited).code).toBe(0);
    const named = [...helping.output().matchAll(/^ {2}npm (?:run )?([a-z:-]+) {2}/gm)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(named).toEqual(expect.arrayContaining(['start', 'sandbox', 'test:faults', 'bench', 'docs']));
  });

  test('a bad configuration names all its problems, and no value', async () => {
    const bad = { ...freePorts, UPSTREAM_CLIENT_ID: 'app', CACHE: 'maybe', UPSTREAM_CLEINT_SECRET: 'hunter2-hunter2' };
    await using refused = run('node', ['src/start.js'], bad);
    expect((await refused.exited).code).toBe(2);
    expect(refused.output()).toMatch(/UPSTREAM_CLIENT_SECRET is missing/);
    expect(refused.output()).toMatch(/CACHE/);
    expect(refused.output()).toMatch(/UPSTREAM_CLEINT_SECRET.*did you mean/);
    expect(refused.output()).not.toMatch(/hunter2|maybe| {4}at /);
  });
});
