import { existsSync } from 'node:fs';
import {
  buildSchema,
  Kind,
  isScalarType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
  type GraphQLScalarType,
  type OperationDefinitionNode,
} from 'graphql';
import { describe, expect, test } from '@jest/globals';
import { requiredScopesOf, upstreamOf } from '../../src/operation/directives.ts';
import { estimate } from '../../src/operation/estimate.ts';
import { createSchema, readTypeDefs } from '../../src/operation/schema.ts';

const schema = createSchema();
const types = Object.values(schema.getTypeMap()).filter(
  ({ name }) => !name.startsWith('__') && !['String', 'Int', 'Float', 'Boolean', 'ID'].includes(name),
);
const fields = types
  .filter(isObjectType)
  .flatMap((type) => Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field] as const));

describe('the contract', () => {
  test('every type, field, argument, input field and enum value is described', () => {
    const bare = types.flatMap((type) => [
      ...(type.description ? [] : [type.name]),
      ...(isObjectType(type) || isInputObjectType(type)
        ? Object.values(type.getFields())
            .filter(({ description }) => !description)
            .map(({ name }) => `${type.name}.${name}`)
        : []),
      ...(isObjectType(type)
        ? Object.values(type.getFields()).flatMap((field) =>
            field.args
              .filter(({ description }) => !description)
              .map(({ name }) => `${type.name}.${field.name}(${name})`),
          )
        : []),
      ...(isEnumType(type)
        ? type
            .getValues()
            .filter(({ description }) => !description)
            .map(({ name }) => `${type.name}.${name}`)
        : []),
    ]);
    expect(bare).toEqual([]);
  });

  test('a field that may ask upstream names an endpoint that exists, is nullable and needs a scope', () => {
    const upstreamFields = fields.flatMap(([name, field]) => {
      const upstream = upstreamOf(schema, field);
      return upstream ? [{ name, field, upstream }] : [];
    });
    expect(upstreamFields.map(({ name }) => name)).toContain('Location.tags');
    const kebab = (endpoint: string) => endpoint.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    for (const { name, field, upstream } of upstreamFields) {
      expect([name, isNonNullType(field.type)]).toEqual([name, false]);
      expect([name, requiredScopesOf(schema, field)]).not.toEqual([name, null]);
      expect(existsSync(`src/upstream/endpoints/${kebab(upstream.endpoint)}.ts`)).toBe(true);
    }
  });

  test('a scalar says of itself what the SDL says', () => {
    const sdl = buildSchema(readTypeDefs().join('\n'));
    for (const scalar of types.filter(isScalarType)) {
      const written = sdl.getType(scalar.name) as GraphQLScalarType;
      expect([scalar.description, scalar.specifiedByURL]).toEqual([written.description, written.specifiedByURL]);
    }
  });

  test('an argument with a default cannot be null', () => {
    const loose = fields.flatMap(([name, field]) =>
      field.args
        .filter((arg) => arg.defaultValue !== undefined && !isNonNullType(arg.type))
        .map((arg) => `${name}(${arg.name})`),
    );
    expect(loose).toEqual([]);
  });
});

describe('the estimate of an operation', () => {
  const cost = (query: string, variables: Record<string, unknown> = {}, rollUpLocations = 0, listingCalls = 0) => {
    const document = parse(query);
    expect(validate(schema, document)).toEqual([]);
    const operation = document.definitions.find(
      (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
    );
    const fragments = Object.fromEntries(
      document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
    );
    return operation && estimate({ schema, operation, fragments, variables, rollUpLocations, listingCalls });
  };

  test.each([
    ['nothing from upstream', '{ viewer { subject } location(id: "a") { id quota { mode } } }', 0, 0],
    ['fields of one record', '{ location(id: "a") { name timeZone city country } }', 1, 1],
    [
      'the same location twice',
      '{ a: location(id: "a") { name } b: location(id: "a") { city tags { totalCount } } }',
      2,
      2,
    ],
    ['two locations', '{ a: location(id: "a") { name } b: location(id: "b") { name } }', 2, 1],
    ['tags with details', '{ location(id: "a") { tags(first: 50) { nodes { details { id } } } } }', 2, 2],
    [
      '20 locations × 50 tags: 20 detail calls, not 10',
      '{ locations(first: 20) { nodes { tags(first: 50) { nodes { details { id } } } } } }',
      41,
      2,
    ],
    ['statistics with what they need', '{ location(id: "a") { statistics { likes { total } } } }', 3, 3],
    [
      'statistics beside accounts and the record',
      '{ location(id: "a") { name socialAccounts { nodes { id } } statistics { likes { total } } } }',
      3,
      3,
    ],
    ['single tags batch', '{ location(id: "a") { x: tag(id: "1") { id } y: tag(id: "2") { id } } }', 1, 1],
    [
      'two pages with details',
      '{ location(id: "a") { x: tags(first: 5) { nodes { details { id } } } y: tags(first: 5, search: "s") { nodes { details { id } } } } }',
      4,
      4,
    ],
    [
      'a location that two lists may both hold',
      '{ locations(first: 2) { nodes { tags(first: 5) { totalCount } } } more: locations(first: 3) { nodes { name tags(first: 5) { totalCount } tag(id: "1") { id } } } }',
      12,
      3,
    ],
    [
      'a location beside a list that may hold it',
      '{ location(id: "a") { tags(first: 5) { totalCount } } locations(first: 2) { nodes { tags(first: 6) { totalCount } } } }',
      4,
      2,
    ],
    [
      'through fragments',
      '{ location(id: "a") { ...F } } fragment F on Location { name ... on Location { tags { totalCount } } }',
      2,
      2,
    ],
  ])('%s', (_name, query, total, perLocation) => {
    expect(cost(query)).toMatchObject({ total, perLocation });
  });

  test('ids and profiles in variables are counted by the hundred', () => {
    const ids = Array.from({ length: 250 }, (_, index) => `t${index}`);
    expect(cost('query ($ids: [ID!]!) { location(id: "a") { tagDetails(ids: $ids) { id } } }', { ids })).toMatchObject({
      total: 3,
      perLocation: 3,
    });
    expect(
      cost('query ($ids: [ID!]) { location(id: "a") { statistics(input: { profileIds: $ids }) { timeZone } } }', {
        ids,
      }),
    ).toMatchObject({ total: 5, perLocation: 5 });
  });

  test('values are counted with every list at its full length, level by level', () => {
    const level = (inner: string) => `tags(first: 100) { nodes { ${inner} } }`;
    const nested = `{ location(id: "a") { ${level(`location { ${level(`location { ${level('id')} }`)} }`)} } }`;
    expect(cost(nested)?.values).toBeGreaterThan(1_000_000);
    expect(cost('{ location(id: "a") { tags(first: 50) { nodes { id name } } } }')?.values).toBe(1 + 1 + 1 + 2 * 50);
  });

  test('a null through a variable costs nothing: execution says what is wrong with it', () => {
    expect(
      cost('query ($first: Int) { location(id: "a") { tags(first: $first) { totalCount } } }', { first: null }),
    ).toMatchObject({ total: 0 });
  });

  test('listing the locations of a live upstream may take several calls', () => {
    expect(cost('{ locations { totalCount } }', {}, 0, 20)).toMatchObject({ total: 20 });
    expect(cost('{ accountStatistics { timeZone } }', {}, 50, 20)).toMatchObject({ total: 170 });
  });

  test('a roll-up costs what its locations cost, upstream’s own endpoint one call', () => {
    const query = '{ accountStatistics { likes { total } } }';
    expect(cost(query)).toMatchObject({ total: 1, perLocation: 0 });
    expect(cost(query, {}, 50)).toMatchObject({ total: 150, perLocation: 0 });
  });
});

describe('what makes an estimate smaller', () => {
  const total = (query: string) => {
    const document = parse(query);
    const operation = document.definitions.find(
      (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
    );
    return (
      operation && estimate({ schema, operation, fragments: {}, variables: {}, rollUpLocations: 0, listingCalls: 0 })
    );
  };

  test('is nothing: a size below 1 counts as 1, one over 100 as 100, whatever execution says of them', () => {
    const list = (first: number) => `locations(first: ${first}) { nodes { tags { totalCount } } }`;
    const one = total(`{ ${list(1)} }`);
    expect(total(`{ ${list(-2_147_483_648)} }`)).toEqual(one);
    expect(total(`{ ${list(0)} }`)).toEqual(one);
    expect(total(`{ ${list(5_000)} }`)).toEqual(total(`{ ${list(100)} }`));
    const large = total(`{ a: ${list(100)} b: ${list(-2_147_483_648)} }`);
    expect(large?.total).toBeGreaterThan(total(`{ ${list(100)} }`)?.total ?? Infinity);
  });
});
