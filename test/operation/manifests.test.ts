import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { hashOf, idOf, listManifests, readListed, readManifests } from '../../src/operation/manifests.ts';

const text = 'query Who { viewer { subject } }';
const other = 'query Kind { viewer { kind } }';
const hash = hashOf(text);
const folder = 'test/fixtures/manifests';

const read = (...contents: readonly unknown[]) =>
  readManifests(
    contents.map((content, index) => ({
      file: `m${index}.json`,
      json: typeof content === 'string' ? content : JSON.stringify(content),
    })),
  );
const apollo = (...operations: readonly unknown[]) => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations,
});

describe('manifests', () => {
  test("Codegen's, Relay's and Apollo's are read side by side", async () => {
    const { documents, problems, strangers } = readManifests(await readListed(await listManifests(folder)));
    expect([problems, strangers]).toEqual([[], []]);
    const byFile = Map.groupBy(documents, ([, { file }]) => file);
    expect([...byFile].map(([file, rows]) => [file, rows.length])).toEqual([
      ['apollo.json', 2],
      ['codegen.json', 2],
      ['relay.json', 1],
    ]);
    expect(documents.get('viewer-kind-1')?.text).toMatch(/^query ViewerKind/);
    const [relayId, relayText] = Object.entries(
      JSON.parse(readFileSync(`${folder}/relay.json`, 'utf8')) as Record<string, string>,
    )[0] ?? ['', ''];
    expect(relayId).toMatch(/^[0-9a-f]{32}$/);
    expect(documents.get(relayId)?.text).toBe(relayText);
  });

  test.each([`sha256:${hash}`, hash, hash.toUpperCase(), `SHA256:${hash}`])('%s is one id', (id) => {
    expect([...read({ [id]: text }).documents.keys()]).toEqual([hash]);
    expect(idOf(id)).toBe(hash);
  });

  test.each(['__proto__', 'constructor', 'toString', 'operations', 'format', 'ABC', '0'])(
    '%s is an id like any other',
    (id) => {
      for (const content of [`{${JSON.stringify(id)}: ${JSON.stringify(text)}}`, apollo({ id, body: text })]) {
        const { documents, problems, strangers } = read(content);
        expect([problems, strangers]).toEqual([[], []]);
        expect([...documents]).toEqual([[id, { file: 'm0.json', text }]]);
      }
    },
  );

  test('what no manifest lists is not found under the names that every object has', () => {
    const { documents } = read({});
    for (const id of ['__proto__', 'constructor', 'hasOwnProperty']) expect(documents.get(id)).toBeUndefined();
  });

  test('the same document in two files is one', () => {
    expect(read({ [hash]: text }, apollo({ id: hash, body: text })).problems).toEqual([]);
  });

  test.each<[string, readonly unknown[], string]>([
    [
      'a hash that is not that of the text',
      [{ [`sha256:${hash}`]: other }],
      `document "sha256:${hash}": the id is not the SHA-256 of its text.`,
    ],
    ['a bare one', [apollo({ id: hash, body: other })], `document "${hash}": the id is not the SHA-256 of its text.`],
    ['half a hash', [{ 'sha256:1234': text }], 'document "sha256:1234": the id is not the SHA-256 of its text.'],
    ['two texts for one id', [{ a: text }, { a: other }], 'document "a": m0.json has another text for this id.'],
    [
      'two texts for one id in one list',
      [{}, apollo({ id: 'a', body: text }, { id: 'a', body: other })],
      'document "a": m1.json has another text for this id.',
    ],
    ['no id', [{ '': text }], 'a document has no id.'],
    ['what is not JSON', ['{"a": '], 'is not JSON.'],
    [
      'an operation without a body',
      [apollo({ id: 'a', body: text }, { id: 'b' })],
      'operation 2 of its list has no id or no body.',
    ],
    ['an operation that is null', [apollo(null)], 'operation 1 of its list has no id or no body.'],
    [
      "another version of Apollo's",
      [{ ...apollo(), version: 2 }],
      'has operations, but is not what is read: "format": "apollo-persisted-query-manifest", "version": 1 and a list of operations.',
    ],
  ])('%s is a problem', (_what, contents, message) => {
    const { problems, documents } = read(...contents);
    expect(problems.map((problem) => problem.message)).toEqual([message]);
    expect(problems[0]?.file).toBe(`m${contents.length - 1}.json`);
    expect([...documents.values()].filter((document) => document.text === other)).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['a list', [text], 'is no manifest: it is not an object.'],
    ['null', null, 'is no manifest: it is not an object.'],
    ['a text', '"x"', 'is no manifest: it is not an object.'],
    ['a map to other things', { a: text, b: { c: text } }, 'is no manifest: what it has for "b" is not a text.'],
  ])('%s is JSON of some other kind', (_what, content, message) => {
    expect(read(content)).toEqual({ documents: new Map(), problems: [], strangers: [{ file: 'm0.json', message }] });
  });
});
