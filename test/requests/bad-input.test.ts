import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let full: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  ({ full } = gateway.sandbox.locations);
});
beforeEach(() => void gateway.calls());
afterAll(() => gateway.close());

// Tables are made before the sandbox has started: its location's id is put in when asking.
const inLocation = (fields: string) => `{ location(id: "FULL") { ${fields} } }`;
const ask = (query: string, variables: Record<string, unknown> = {}) =>
  gateway.ask(query.replace('FULL', full), variables);
const many = (count: number, id: string) =>
  JSON.stringify(Array.from({ length: count }, (_, index) => `${id}${index}`));

describe('an id that cannot be a location is null, and nothing is sent', () => {
  test.each([
    ['unknown', 'AAAAAAAAAAAAAAAAAAAA'],
    ['a path upwards', '../oauth/token'],
    ['a path', 'a/b'],
    ['an encoded path', 'a%2F..%2Foauth'],
    ['dots', '..'],
    ['a query', 'x?companyId=1'],
    ['a fragment', 'x#y'],
    ['a line break', 'x\r\nX-Other: 1'],
    ['a zero byte', 'x\u0000'],
    ['empty', ''],
    ['65 characters', 'x'.repeat(65)],
    ['a prototype', '__proto__'],
    ['not latin', 'Ѕelf'],
  ])('%s', async (_name, id) => {
    const answer = await ask(
      'query ($id: ID!) { location(id: $id) { name tags { nodes { id } } statistics { likes { total } } } }',
      { id },
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data).toEqual({ location: null });
    expect(gateway.sandbox.calls()).toEqual([]);
  });

  test('a location of another tenant looks like one that is not there', async () => {
    const { otherTenant } = gateway.sandbox.locations;
    const answer = await ask(
      `{ location(id: "${otherTenant}") { name } locations(filter: { ids: ["${otherTenant}", "nowhere"] }) { totalCount nodes { id } } }`,
    );
    expect(answer.data).toEqual({ location: null, locations: { totalCount: 0, nodes: [] } });
    expect(gateway.sandbox.calls()).toEqual([]);
  });
});

describe('a tag id that cannot be one is null, and nothing is sent', () => {
  test.each(['../details', 'a/b', 'a%2F', '', 'x'.repeat(65), '{"$ne":null}'])('%j', async (id) => {
    const answer = await ask(
      `query ($id: ID!, $ids: [ID!]!) ${inLocation('tag(id: $id) { id } tagDetails(ids: $ids) { id }')}`,
      { id, ids: [id] },
    );
    expect(answer.errors).toEqual([]);
    expect(answer.data.location).toEqual({ tag: null, tagDetails: [null] });
    expect(gateway.sandbox.calls()).toEqual([]);
  });
});

describe('an argument out of bounds is refused with a sentence that names it, and nothing is sent', () => {
  test.each([
    ['first: 0', inLocation('tags(first: 0) { totalCount }'), 'BAD_USER_INPUT', /`first` must be 1 to 100, not 0/],
    [
      'first: 101',
      inLocation('tags(first: 101) { totalCount }'),
      'BAD_USER_INPUT',
      /`first` must be 1 to 100, not 101/,
    ],
    ['first: -1 of locations', '{ locations(first: -1) { totalCount } }', 'BAD_USER_INPUT', /`first`/],
    ['first: null', inLocation('tags(first: null) { totalCount }'), 'GRAPHQL_VALIDATION_FAILED', /Int!/],
    ['first: text', inLocation('tags(first: "1") { totalCount }'), 'GRAPHQL_VALIDATION_FAILED', /Int/],
    ['a forged cursor', inLocation('tags(after: "MTk=") { totalCount }'), 'CURSOR_INVALID', /cursor/i],
    ['an empty cursor', inLocation('tags(after: "") { totalCount }'), 'CURSOR_INVALID', /cursor/i],
    ['a forged cursor of locations', '{ locations(after: "x") { totalCount } }', 'CURSOR_INVALID', /cursor/i],
    [
      'a search over 200 characters',
      inLocation(`tags(search: "${'x'.repeat(201)}") { totalCount }`),
      'BAD_USER_INPUT',
      /200/,
    ],
    [
      '1,001 tag ids',
      inLocation(`tagDetails(ids: ${many(1_001, 't')}) { id }`),
      'GRAPHQL_VALIDATION_FAILED',
      /1001 items.*1000/,
    ],
    [
      '101 location ids',
      `{ locations(filter: { ids: ${many(101, 'l')} }) { totalCount } }`,
      'BAD_USER_INPUT',
      /at most 100/,
    ],
    [
      'a period that ends before it starts',
      inLocation('statistics(input: { period: { range: { from: "2026-06-02", to: "2026-06-01" } } }) { timeZone }'),
      'BAD_USER_INPUT',
      /`period` ends before/,
    ],
    [
      'a comparison that ends before it starts',
      inLocation('statistics(input: { compareTo: { range: { from: "2026-06-02", to: "2026-06-01" } } }) { timeZone }'),
      'BAD_USER_INPUT',
      /`compareTo` ends before/,
    ],
    [
      'a period over 366 days',
      inLocation('statistics(input: { period: { range: { from: "2020-01-01", to: "2026-06-01" } } }) { timeZone }'),
      'BAD_USER_INPUT',
      /366/,
    ],
    [
      'a day that does not exist',
      inLocation('statistics(input: { period: { range: { from: "2026-02-30", to: "2026-03-01" } } }) { timeZone }'),
      'GRAPHQL_VALIDATION_FAILED',
      /Date must be/,
    ],
    [
      'both a preset and a range',
      inLocation(
        'statistics(input: { period: { preset: LAST_7_DAYS, range: { from: "2026-01-01", to: "2026-01-02" } } }) { timeZone }',
      ),
      'GRAPHQL_VALIDATION_FAILED',
      /PeriodInput/,
    ],
    ['no profile', inLocation('statistics(input: { profileIds: [] }) { timeZone }'), 'BAD_USER_INPUT', /`profileIds`/],
    [
      '1,001 profiles',
      inLocation(`statistics(input: { profileIds: ${many(1_001, 'p')} }) { timeZone }`),
      'GRAPHQL_VALIDATION_FAILED',
      /1001 items.*1000/,
    ],
    [
      'a profile id that is a path',
      inLocation('statistics(input: { profileIds: ["../x"] }) { timeZone }'),
      'BAD_USER_INPUT',
      /profile id/,
    ],
    ['no platform', inLocation('statistics(input: { platforms: [] }) { timeZone }'), 'BAD_USER_INPUT', /`platforms`/],
    [
      'a platform without statistics',
      inLocation('statistics(input: { platforms: [TWITTER] }) { timeZone }'),
      'BAD_USER_INPUT',
      /TWITTER/,
    ],
    [
      'a one-letter search for locations',
      '{ locations(filter: { search: "x" }) { totalCount } }',
      'BAD_USER_INPUT',
      /2 characters/,
    ],
    [
      'input where upstream takes none',
      '{ accountStatistics(input: {}) { timeZone } }',
      'BAD_USER_INPUT',
      /must be null/,
    ],
    ['an unknown field', inLocation('tagz { id }'), 'GRAPHQL_VALIDATION_FAILED', /tagz/],
    ['not GraphQL', '{ location(', 'GRAPHQL_PARSE_FAILED', /Syntax/],
    ['a mutation', 'mutation { deleteEverything }', 'OPERATION_RESOLUTION_FAILURE', /no mutations/],
    [
      'two operations and no name',
      'query A { viewer { kind } } query B { viewer { kind } }',
      'OPERATION_RESOLUTION_FAILURE',
      /operation/,
    ],
  ])('%s', async (_name, query, code, message) => {
    const answer = await ask(query);
    expect(gateway.codesOf(answer)[0]).toBe(code);
    expect(answer.errors[0]?.message).toMatch(message);
    expect(answer.errors[0]?.extensions['requestId']).toBe(answer.headers.get('x-request-id'));
    expect(gateway.sandbox.calls()).toEqual([]);
  });

  test('a null that arrives through a variable is refused by the field alone', async () => {
    const answer = await ask('query ($first: Int) { location(id: "FULL") { tags(first: $first) { totalCount } id } }', {
      first: null,
    });
    expect(answer.status).toBe(200);
    expect(answer.data.location).toEqual({ tags: null, id: full });
    expect(gateway.codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors[0]?.message).toMatch(/"first".*must not be null/);
  });

  test('a cursor of one list is refused by another', async () => {
    const { large } = gateway.sandbox.locations;
    const cursorQuery = `query ($id: ID!, $after: String, $search: String) { location(id: $id) { tags(first: 1, after: $after, search: $search) { pageInfo { endCursor } } } }`;
    const after = (await ask(cursorQuery, { id: large })).data.location.tags.pageInfo.endCursor as string;
    for (const other of [
      { id: full, after },
      { id: large, after, search: 'a' },
    ]) {
      expect(gateway.codesOf(await ask(cursorQuery, other))).toEqual(['CURSOR_INVALID']);
    }
    expect((await ask(cursorQuery, { id: large, after })).errors).toEqual([]);
  });

  test('more than 100 profiles are read in parts of 100 and merged with a warning', async () => {
    const profileIds = Array.from({ length: 150 }, (_, index) => `p${index}`);
    const answer = await ask(
      `query ($profileIds: [ID!]) ${inLocation('statistics(input: { profileIds: $profileIds }) { quality { warnings { code } } }')}`,
      { profileIds },
    );
    expect(answer.data.location.statistics.quality.warnings).toContainEqual({ code: 'MERGED_FROM_PARTS' });
    const sizes = gateway
      .calls()
      .filter(({ route }) => route === 'readStatistics')
      .map(({ requestBody }) => (requestBody as { profileIds: string[] }).profileIds.length);
    expect(sizes.toSorted()).toEqual([100, 50]);
  });

  test('a good question is answered after all of that', async () => {
    expect((await ask(inLocation('tags(first: 1) { nodes { name } }'))).errors).toEqual([]);
  });
});
