import { buildSchema } from 'graphql';
import { expect, test } from '@jest/globals';
import { checkOperations } from '../../src/operation/client-operations.ts';

const schema = buildSchema(`
  directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
  type Query { person: Person, either: Int @requiresScopes(scopes: [["a", "b"], ["c"]]) }
  type Person @requiresScopes(scopes: [["of.type"]]) {
    name: String @requiresScopes(scopes: [["of.field"]])
    title: String @deprecated(reason: "Use name.")
  }
`);
const limits = { tokens: 100, depth: 5, aliases: 5, rootFields: 5, directives: 5, listItems: 5 };
const check = (sources: Readonly<Record<string, string>>, manifest: Readonly<Record<string, string>> = {}) =>
  checkOperations(
    {
      sources: Object.entries(sources).map(([file, text]) => ({ file, text })),
      manifests: [{ file: 'm.json', json: JSON.stringify(manifest) }],
    },
    {
      schema,
      documentLimits: { ...limits, variablesBytes: 1, variablesDepth: 1 },
      costLimits: { maxUpstreamCalls: 1, maxUpstreamCallsPerLocation: 1, rollUpLocations: 0, listingCalls: 0 },
    },
  );

test('a deprecated field is a warning with its reason', () => {
  const { problems, warnings, operations } = check({ 'a.graphql': '{\n  person {\n    title\n  }\n}' });
  expect(problems).toEqual([]);
  expect(warnings).toEqual([
    { file: 'a.graphql', line: 3, column: 5, message: 'The field Person.title is deprecated. Use name.' },
  ]);
  expect(operations[0]?.needs).not.toBeNull();
});

test('scopes are those of fields and of the types that they are on, the first of each choice', () => {
  const { operations } = check({
    'a.graphql': 'query A { either } query B { person { name } } query C { person { title } }',
  });
  expect(operations.map(({ name, needs }) => [name, needs?.scopes])).toEqual([
    ['A', ['a', 'b']],
    ['B', ['of.field', 'of.type']],
    ['C', ['of.type']],
  ]);
});

test('each operation of a document in a manifest needs what it asks itself', () => {
  const text = 'query A { either } query B { person { ...P } } fragment P on Person { name }';
  const { operations, problems } = check({}, { both: text });
  expect(problems).toEqual([]);
  expect(operations.map(({ file, needs }) => [file, needs?.scopes])).toEqual([
    ['m.json#both', ['a', 'b']],
    ['m.json#both', ['of.field', 'of.type']],
  ]);
});

test('a document in a manifest is judged as the gateway does: whole', () => {
  const { problems } = check(
    {},
    {
      idle: 'query A { either } fragment P on Person { name }',
      none: 'fragment P on Person { name }',
      typed: 'query A { either } type Local { a: Int }',
    },
  );
  expect(problems.map(({ file, message }) => `${file} ${message}`)).toEqual([
    'm.json#idle Fragment "P" is never used.',
    'm.json#none There is no operation.',
    'm.json#typed The "Local" definition is not executable.',
  ]);
});
