import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery, parse, specifiedRules, validate } from 'graphql';
import { documentLimits, variablesProblem, type DocumentLimits } from '../../src/operation/document-limits.ts';
import { createSchema, readTypeDefs } from '../../src/operation/schema.ts';

const schema = createSchema(readTypeDefs());

const limits: DocumentLimits = {
  tokens: 2_000,
  depth: 4,
  aliases: 3,
  rootFields: 3,
  directives: 3,
  listItems: 4,
  variablesBytes: 100,
  variablesDepth: 3,
};

/** What the limits alone have to say. */
const told = (document: string, more: Partial<DocumentLimits> = {}): readonly string[] =>
  validate(schema, parse(document), [documentLimits({ ...limits, ...more })]).map(({ message }) => message);

/** Together with GraphQL's own rules, as Apollo puts them together. */
const toldByAll = (document: string, more: Partial<DocumentLimits> = {}): readonly string[] =>
  validate(schema, parse(document), [...specifiedRules, documentLimits({ ...limits, ...more })]).map(
    ({ message }) => message,
  );

const repeat = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

describe('a document', () => {
  test.each([
    [
      'of four fields within fields',
      '{ location(id: "a") { tags { nodes { id } } } }',
      '{ location(id: "a") { tags { nodes { location { id } } } } }',
      'The document has 5 fields within fields; 4 are allowed.',
    ],
    [
      'whose fragments nest together with it',
      '{ location(id: "a") { ...L } } fragment L on Location { ... on Location { tags { ...T } } } fragment T on TagConnection { totalCount }',
      '{ location(id: "a") { ...L } } fragment L on Location { ... on Location { tags { ...T } } } fragment T on TagConnection { nodes { location { id } } }',
      'The document has 5 fields within fields; 4 are allowed.',
    ],
    [
      'of three aliases',
      '{ a: viewer { b: subject c: kind } }',
      '{ a: viewer { b: subject c: kind d: scopes } }',
      'The document has 4 aliases; 3 are allowed.',
    ],
    [
      'whose fragment brings its alias each time',
      '{ viewer { ...V ...V ...V } } fragment V on Viewer { a: subject }',
      '{ viewer { ...V ...V ...V ...V } } fragment V on Viewer { a: subject }',
      'The document has 4 aliases; 3 are allowed.',
    ],
    [
      'of two operations, each of which has its own aliases',
      'query A { a: viewer { b: subject } } query B { a: viewer { b: subject } }',
      'query A { a: viewer { b: subject } } query B { a: viewer { b: subject c: kind d: scopes } }',
      'The document has 4 aliases; 3 are allowed.',
    ],
    [
      'of three fields at the top',
      '{ viewer { kind } ...Q } fragment Q on Query { viewer { subject } ... { __typename } }',
      '{ viewer { kind } ...Q ...Q } fragment Q on Query { viewer { subject } ... { __typename } }',
      'The document has 5 fields at the top of an operation; 3 are allowed.',
    ],
    [
      'of three directives, wherever they stand',
      'query ($a: Boolean = true @x) @x { viewer @skip(if: $a) { kind } }',
      'query ($a: Boolean = true @x) @x { viewer @skip(if: $a) { kind ...V @x } } fragment V on Viewer { kind }',
      'The document has 4 directives; 3 are allowed.',
    ],
    [
      'with lists of four items',
      '{ location(id: "a") { tagDetails(ids: ["a", "b", "c", "d"]) { id } } }',
      '{ location(id: "a") { tagDetails(ids: ["a", "b", "c", "d", "e"]) { id } } }',
      'The document has 5 items in one list; 4 are allowed.',
    ],
    [
      'with a list within an object, or as a default',
      'query ($a: [Int] = [1, 2]) { x(y: { z: [[1, 2], [3]] }) }',
      'query ($a: [Int] = [1, 2]) { x(y: { z: [[1, 2, 3, 4, 5], [3]] }) }',
      'The document has 5 items in one list; 4 are allowed.',
    ],
    [
      'that says the same field a hundred times again',
      `{ viewer { ${repeat(101, () => 'subject')} } }`,
      `{ viewer { ${repeat(51, () => 'subject')} ... { ${repeat(51, () => 'subject')} } } }`,
      'The document has 101 fields beside one of the same name; 100 are allowed.',
    ],
    [
      'that comes to five thousand selections',
      // One for the field at the top, and for each use of the fragment one and the field in it.
      `{ viewer { ${repeat(2_499, () => '...V')} } } fragment V on Viewer { kind }`,
      `{ viewer { ${repeat(2_500, () => '...V')} } } fragment V on Viewer { kind }`,
      'The document has 5001 selections with its fragments; 5000 are allowed.',
    ],
  ])('%s is taken, and one more is not', (_what, good, bad, message) => {
    expect(told(good)).toEqual([]);
    expect(told(bad)).toEqual([message]);
  });

  test('that repeats nothing may have as many selections as it may have tokens', () => {
    const document = `{ viewer { ${repeat(6_000, (index) => `f${index}`)} } }`;
    expect(told(document)).toEqual(['The document has 6001 selections with its fragments; 5000 are allowed.']);
    expect(told(document, { tokens: 8_000 })).toEqual([]);
  });

  test('may ask for the schema as deep as tools do, and no deeper', () => {
    expect(told(getIntrospectionQuery())).toEqual([]);
    const types = (count: number) =>
      `{ __type(name: "Tag") ${'{ ofType '.repeat(count)} { name } ${'}'.repeat(count)} }`;
    expect(told(types(14))).toEqual([]);
    expect(told(types(15))).toEqual(['The document has 17 fields within fields of introspection; 16 are allowed.']);
    expect(
      told(
        '{ ...Q } fragment Q on Query { __schema { types { ...T } } } fragment T on __Type { fields { type { name } } }',
      ),
    ).toEqual([]);
  });

  test('over several limits is told each of them once, with nothing of what it says', () => {
    const messages = told(
      `query Secret { ${repeat(5, (index) => `secret${index}: secret @secret @secret { a { b { c { d(secret: [1, 2, 3, 4, 5]) } } } }`)} }`,
    );
    expect(messages).toHaveLength(5);
    expect(messages.join()).not.toMatch(/secret/i);
  });

  test('whose fragments multiply to 2^30 fields is looked at once a fragment', () => {
    const levels = repeat(30, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`);
    const messages = told(`{ ...F0 } ${levels} fragment F30 on Query { viewer { kind } }`);
    expect(messages).toContain('The document has more than 1000000 selections with its fragments; 5000 are allowed.');
  });

  test('whose fragments lead to themselves is told so by the rule for that', () => {
    const document = '{ ...A } fragment A on Query { viewer { kind } ...B } fragment B on Query { ...A }';
    expect(told(document)).toEqual([]);
    expect(toldByAll(document)).toEqual(['Cannot spread fragment "A" within itself via "B".']);
  });

  test('over a limit is not looked at by any other rule', () => {
    const nonsense = `{ ${repeat(4, (index) => `nonsense${index}`)} }`;
    expect(toldByAll(nonsense, { rootFields: 4 })).toHaveLength(4);
    expect(toldByAll(nonsense)).toEqual(['The document has 4 fields at the top of an operation; 3 are allowed.']);
  });
});

describe('variables', () => {
  const within = (depth: number, value: unknown = 1): unknown =>
    depth === 0 ? value : { a: within(depth - 1, value) };

  test.each([
    ['of three values within values', within(3), within(4), 'The variables have more than 3 values within values.'],
    ['with lists among them', { a: [[1]] }, { a: [[[1]]] }, 'The variables have more than 3 values within values.'],
    [
      'with lists of four items',
      { a: { b: [1, 2, 3, 4] } },
      { a: { b: [1, 2, 3, 4, 5] } },
      'The variables have a list of 5 items; 4 are allowed.',
    ],
    [
      'of a hundred bytes',
      { text: 'x'.repeat(89) },
      { text: 'x'.repeat(90) },
      'The variables are larger than 100 bytes.',
    ],
    [
      'of characters that take several bytes',
      { text: '€'.repeat(29) },
      { text: '€'.repeat(30) },
      'The variables are larger than 100 bytes.',
    ],
    [
      'of characters that JSON writes as six',
      { text: '\u0000\ud800'.repeat(7) },
      { text: '\u0000\ud800'.repeat(8) },
      'The variables are larger than 100 bytes.',
    ],
  ])('%s are taken, and one more is not', (_what, good, bad, message) => {
    expect(variablesProblem(good, limits)).toBeNull();
    expect(variablesProblem(bad, limits)).toBe(message);
  });

  test('are measured as JSON writes them', () => {
    const variables = { a: null, b: [true, 1.5e-7, '"\n'], c: {}, d: [], 'ключ €': 'Ω\ud83d' };
    const variablesBytes = Buffer.byteLength(JSON.stringify(variables));
    expect(variablesProblem(variables, { ...limits, variablesBytes })).toBeNull();
    expect(variablesProblem(variables, { ...limits, variablesBytes: variablesBytes - 1 })).not.toBeNull();
  });

  test.each(['__proto__', 'constructor', 'prototype'])('with the name %s anywhere are refused', (name) => {
    const variables: unknown = JSON.parse(`{"a":[{"${name}":1}]}`);
    expect(variablesProblem(variables, limits)).toBe('The variables have a name that no input of this graph has.');
    expect(variablesProblem({ a: name }, limits)).toBeNull(); // a value
  });

  test('that are not there, or are nothing, are no problem', () => {
    for (const variables of [undefined, null, {}]) expect(variablesProblem(variables, limits)).toBeNull();
  });

  test('that nest a hundred thousand levels do not end the stack', () => {
    const text = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(
      variablesProblem(JSON.parse(text), { ...limits, variablesDepth: 1_000_000, variablesBytes: 1e9 }),
    ).toBeNull();
  });
});
