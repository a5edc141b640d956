import { execFileSync } from 'node:child_process';
import { mkdtemp, open as openFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createLog } from '../../src/observe/log.ts';
import { hashOf } from '../../src/operation/manifests.ts';
import { createSchema } from '../../src/operation/schema.ts';
import { createTrustedDocuments, type TrustedDocuments } from '../../src/operation/trusted-documents.ts';
import { scratchFolder } from '../support/scratch.ts';

const schema = createSchema();
const who = 'query Who { viewer { subject } }';
const kind = 'query Kind { viewer { kind } }';
const [whoId, kindId] = [hashOf(who), hashOf(kind)];

let folder: string;
let lines: { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[];
let opened: TrustedDocuments[];

beforeEach(async () => {
  folder = await mkdtemp(join(scratchFolder(), 'manifests-'));
  lines = [];
  opened = [];
});
afterEach(async () => {
  jest.useRealTimers();
  for (const one of opened) one.close();
  await rm(folder, { recursive: true });
});

const put = (name: string, content: unknown) =>
  writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));

const log = () =>
  createLog({ level: 'debug', secrets: [], sink: { write: (line) => void lines.push(JSON.parse(line) as never) } });

const open = async (mode: TrustedDocuments['mode'] = 'only', from: string | null = folder) => {
  const documents = await createTrustedDocuments({ folder: from, mode, schema, log: log() });
  opened.push(documents);
  return documents;
};

const problemsAtStart = async (): Promise<readonly string[]> => {
  const error: unknown = await open().catch((thrown: unknown) => thrown);
  if (!(error instanceof Error)) throw new Error('it starts');
  return error.message.split('\n');
};

// The interval alone: files need every other timer.
const holdPolling = () =>
  jest.useFakeTimers({ doNotFake: ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', ...oneShot] });
const oneShot = ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout'] as const;

/** Looks, until so many lines are in the log in all. */
const lookUntil = async (count: number) => {
  jest.advanceTimersByTime(2_000);
  while (lines.length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe('trusted documents', () => {
  test('are found by every spelling of their hash, and by their text letter by letter', async () => {
    await put('a.json', { [`sha256:${whoId}`]: who, short: kind });
    const documents = await open();
    for (const id of [`sha256:${whoId}`, whoId, whoId.toUpperCase()]) expect(documents.textOf(id)).toBe(who);
    expect(documents.textOf('short')).toBe(kind);
    expect([documents.has(who), documents.has(kind), documents.has(`${who} `)]).toEqual([true, true, false]);
    expect([...documents.names()].sort()).toEqual(['Kind', 'Who']);
    for (const id of [kindId, 'Short', '__proto__', 'constructor', '']) expect(documents.textOf(id)).toBeNull();
  });

  test('may have the id __proto__ or constructor', async () => {
    await put('a.json', `{ "__proto__": ${JSON.stringify(who)}, "constructor": ${JSON.stringify(kind)} }`);
    const documents = await open();
    expect([documents.textOf('__proto__'), documents.textOf('constructor')]).toEqual([who, kind]);
    expect(documents.textOf('toString')).toBeNull();
  });

  test('are none where there is no folder', async () => {
    const documents = await open('off', null);
    expect([documents.textOf(whoId), documents.has(who), documents.names().size]).toEqual([null, false, 0]);
  });

  test('the examples of manifests are valid', async () => {
    const documents = await open('only', 'test/fixtures/manifests');
    expect([...documents.names()].sort()).toEqual(['LocationPageQuery', 'TagCount', 'TagList', 'ViewerKind', 'WhoAmI']);
  });
});

describe('a start', () => {
  test('tells all problems at once, each with file and id', async () => {
    await put('a.json', { [whoId]: kind, x: 'query Old { viewer { age } }', y: '{ viewer {' });
    await put('b.json', '{');
    await put('c.json', { z: 'mutation Change { change }', x: kind });
    await put('d.json', [who]);
    await put('e.txt', 'not looked at');
    await put('.f.json', 'not looked at');
    expect(await problemsAtStart()).toEqual([
      `a.json: document "${whoId}": the id is not the SHA-256 of its text.`,
      'b.json: is not JSON.',
      'c.json: document "x": a.json has another text for this id.',
      'd.json: is no manifest: it is not an object.',
      'a.json: document "x": Cannot query field "age" on type "Viewer". (1:22)',
      'a.json: document "y": Syntax Error: Expected Name, found <EOF>. (1:11)',
      'c.json: document "z": This graph has no mutations. (1:1)',
    ]);
  });

  test('does not print a screen full', async () => {
    await put('a.json', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`id${index}`, '{'])));
    const problems = await problemsAtStart();
    expect(problems.length).toBe(21);
    expect(problems.at(-1)).toBe('… and 30 more problems.');
  });

  test('takes an empty folder, an absent one and too many documents for a mistake', async () => {
    expect(await problemsAtStart()).toEqual(['PERSISTED_DOCUMENTS: the folder holds no *.json.']);
    await put('a.json', Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`id${index}`, who])));
    expect(await problemsAtStart()).toEqual(['There are 10001 documents in the manifests; 10000 are allowed.']);
    await put('a.json', `{"a": "${'#'.repeat(20_000_000)}"}`);
    expect(await problemsAtStart()).toEqual(['PERSISTED_DOCUMENTS: the folder holds more than 20 MB.']);
    await rm(folder, { recursive: true });
    expect(await problemsAtStart()).toEqual([
      'PERSISTED_DOCUMENTS: the folder, or a file in it, cannot be read (ENOENT).',
    ]);
    folder = await mkdtemp(join(scratchFolder(), 'manifests-'));
  });
});

describe('a folder that changes', () => {
  test('is read again, once, and not while it stays as it is', async () => {
    await put('a.json', { [whoId]: who });
    holdPolling();
    const documents = await open();
    expect(lines.map(({ msg }) => msg)).toEqual(['trusted documents read']);
    await put('b.json', { [kindId]: kind });
    await lookUntil(2);
    expect([documents.textOf(whoId), documents.textOf(kindId)]).toEqual([who, kind]);
    expect(documents.names()).toEqual(new Set(['Who', 'Kind']));
    jest.advanceTimersByTime(10_000);
    await rm(join(folder, 'a.json'));
    await lookUntil(3);
    expect([documents.textOf(whoId), documents.has(who), documents.textOf(kindId)]).toEqual([null, false, kind]);
    expect(lines.map(({ documents: count }) => count)).toEqual([1, 2, 1]);
  });

  test('is read again when a link is turned to a file of the same size and time', async () => {
    const at = new Date('2026-01-01');
    for (const [name, text] of [
      ['one', 'query Aaaa { viewer { kind } }'],
      ['two', kind.replace('Kind', 'Bbbb')],
    ] as const) {
      await put(name, { a: text });
      await utimes(join(folder, name), at, at);
    }
    await symlink('one', join(folder, 'a.json'));
    holdPolling();
    const documents = await open();
    expect([...documents.names()]).toEqual(['Aaaa']);
    await symlink('two', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'a.json'));
    await lookUntil(2);
    expect([...documents.names()]).toEqual(['Bbbb']);
  });

  test('and is broken leaves what was in force, says so once, and is read once it is mended', async () => {
    await put('a.json', { [whoId]: who });
    holdPolling();
    const documents = await open();
    await put('a.json', { [whoId]: kind, more: kind });
    await lookUntil(2);
    expect(lines[1]).toMatchObject({
      level: 'error',
      msg: 'trusted documents not read: those from before stay in force',
      problems: [`a.json: document "${whoId}": the id is not the SHA-256 of its text.`],
    });
    expect([documents.textOf(whoId), documents.textOf('more'), documents.has(kind)]).toEqual([who, null, false]);
    await rm(join(folder, 'a.json'));
    await lookUntil(3);
    expect(lines[2]).toMatchObject({ level: 'error', problems: ['PERSISTED_DOCUMENTS: the folder holds no *.json.'] });
    expect(documents.textOf(whoId)).toBe(who);
    await put('a.json', { [kindId]: kind });
    await lookUntil(4);
    expect([documents.textOf(whoId), documents.textOf(kindId)]).toEqual([null, kind]);
    expect(lines.length).toBe(4);
  });

  test('is not read by a second look while the first one is at work', async () => {
    await put('a.json', { [whoId]: who });
    holdPolling();
    const documents = await open();
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'b.json')]);
    jest.advanceTimersByTime(2_000);
    const pipe = await openFile(join(folder, 'b.json'), 'w'); // opens once the look reads at its other end
    await put('c.json', { [kindId]: kind });
    jest.advanceTimersByTime(2_000);
    for (let turn = 0; turn < 50; turn += 1) await stat(folder); // by then another look would read, too
    await pipe.write('{}');
    await pipe.close();
    while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(documents.textOf(kindId)).toBeNull();
    await rm(join(folder, 'b.json'));
    await lookUntil(3);
    expect(lines.map(({ msg }) => msg)).toEqual(Array.from({ length: 3 }, () => 'trusted documents read'));
    expect(documents.textOf(kindId)).toBe(kind);
  });

  test('is not looked at after the end', async () => {
    await put('a.json', { [whoId]: who });
    holdPolling();
    (await open()).close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('documents in no manifest', () => {
  test('are told in mode log, each once and by its hash alone', async () => {
    await put('a.json', { [whoId]: who });
    const documents = await open('log');
    for (const text of [kind, who, kind]) documents.note(text);
    expect(lines.slice(1)).toEqual([
      expect.objectContaining({ level: 'warn', msg: 'document in no manifest', hash: kindId }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('viewer');
  });

  test.each(['off', 'only'] as const)('are not told in mode %s', async (mode) => {
    await put('a.json', { [whoId]: who });
    (await open(mode)).note(kind);
    expect(lines.length).toBe(1);
  });
});
