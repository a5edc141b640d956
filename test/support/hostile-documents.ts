// What somebody may send who knows GraphQL and means no good: documents, variables, identifiers.
import { getIntrospectionQuery } from 'graphql';
import { ask, repeat, type HostileRequest } from './hostile-sending.ts';

const refused = (name: string, code: string, query: string): HostileRequest => ({
  name,
  status: 400,
  code,
  sent: ask(query),
});
/** Answered with nothing in it that anybody could use. */
const harmless = (name: string, query: string): HostileRequest => ({
  name,
  status: 200,
  code: null,
  sent: ask(query),
});

const [unparsed, invalid] = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'] as const;
const nested = (count: number, open: string, inner: string, close: string) =>
  open.repeat(count) + inner + close.repeat(count);
const fragments = (count: number, write: (index: number) => string, last = 'viewer { kind }') =>
  `{ ...F0 } ${repeat(count, (index) => `fragment F${index} on Query { ${write(index)} }`)} fragment F${count} on Query { ${last} }`;
const similar = ['statistic', 'tagDetail', 'socialAccount', 'timezone', 'countri'];

const longAlias = (location: string): string =>
  `{ location(id: "${location}") { tagDetails(ids: [${repeat(1_000, (index) => `"t${index}"`)}]) { ${'A'.repeat(100_000)}: id } } }`;

// Too long to be searched for; what it must not do is cost its length 1,600 times before that is said.
const longArgument = (location: string): string =>
  `{ location(id: "${location}") { ...A } } ` +
  `fragment A on Location { ${'...B '.repeat(40)} } ` +
  `fragment B on Location { ${'...C '.repeat(40)} } ` +
  `fragment C on Location { tags(search: "${'s'.repeat(200_000)}") { totalCount } }`;

/** `location`: one that the caller may read, so that what stands below it is looked at. */
export const hostileDocuments = (location: string): readonly HostileRequest[] => {
  const own = (fields: string) => `{ location(id: "${location}") { ${fields} } }`;
  const levels = (count: number) => own(nested(count, 'tags { nodes { location { ', 'id', ' } } } '));
  return [
    refused('deep: 14 fields within fields', invalid, levels(4)),
    refused('deep: 600 fields within fields', invalid, levels(200)),
    refused('deep: 30,000 fields within fields', unparsed, `{ ${nested(30_000, 'a{', 'b', '}')} }`),
    refused('deep: 100,000 braces that never close', unparsed, '{'.repeat(100_000)),
    refused('deep: 600 inline fragments within one another', invalid, `{ ${nested(600, '...{', 'x', '}')} }`),
    refused('wide: 1,900 unknown fields', invalid, own(repeat(1_900, (index) => `x${index}`))),
    refused('wide: 100,000 fields', unparsed, `{ ${'a '.repeat(100_000)} }`),
    refused('wide: 21 fields at the top', invalid, `{ ${repeat(21, (index) => `a${index}: viewer { kind }`)} }`),
    refused('aliases: one of 100,000 characters, a thousand times', invalid, longAlias(location)),
    {
      name: 'arguments: 200,000 characters that 1,600 uses of a fragment share',
      status: 200,
      code: 'BAD_USER_INPUT',
      sent: ask(longArgument(location)),
    },
    refused(
      'sizes: one below zero beside one that is too large',
      'OPERATION_TOO_EXPENSIVE',
      `{ x: locations(first: -2147483648) { nodes { id } } y: locations(first: 100) { nodes { tags(first: 100) { nodes { id name details { id } } } } } }`,
    ),
    refused('aliases: 31', invalid, own(repeat(31, (index) => `a${index}: id`))),
    refused(
      'aliases: 180 of a field that costs',
      invalid,
      own(repeat(180, (i) => `a${i}: tags(first: ${i}) { totalCount }`)),
    ),
    refused(
      'aliases: 600 spread by a fragment',
      invalid,
      `{ ${'...V '.repeat(20)} } fragment V on Query { viewer { ${repeat(30, (i) => `a${i}: kind`)} } }`,
    ),
    refused('the same field 1,900 times', invalid, own('id '.repeat(1_900))),
    refused('the same field 490 times, with fields of its own', invalid, own('quota { mode } '.repeat(490))),
    harmless(
      'the same field 101 times, with fields of its own',
      `{ viewer { kind } ${own('installation { status } '.repeat(101)).slice(1)}`,
    ),
    refused('200 fields in conflict', invalid, own(repeat(200, (index) => `tags(first: ${index}) { totalCount }`))),
    refused('fragments: one leads to itself', invalid, '{ ...A } fragment A on Query { ...A }'),
    refused(
      'fragments: 200 lead round',
      invalid,
      fragments(200, (i) => `...F${i + 1}`, 'viewer { kind } ...F0'),
    ),
    refused(
      'fragments: each of 20 leads to all',
      invalid,
      fragments(20, () => repeat(21, (i) => `...F${i}`)),
    ),
    refused(
      'fragments: a bomb of 2^30 fields',
      invalid,
      fragments(30, (i) => `...F${i + 1} ...F${i + 1}`),
    ),
    refused(
      'fragments: a bomb of 10^60 fields',
      invalid,
      fragments(60, (i) => `...F${i + 1} `.repeat(10)),
    ),
    refused(
      'fragments: 150 that nobody uses',
      invalid,
      `{ viewer { kind } } ${repeat(150, (i) => `fragment F${i} on Query { viewer { kind } }`)}`,
    ),
    refused(
      'fragments: 150 of one name',
      invalid,
      `{ ...F } ${'fragment F on Query { viewer { kind } } '.repeat(150)}`,
    ),
    refused(
      'fragments: 10,000 selections of one',
      invalid,
      `{ viewer { ${'...V '.repeat(900)} } } fragment V on Viewer { ${repeat(10, (i) => `x${i}`)} }`,
    ),
    refused('directives: 51', invalid, own(`id ${'@include(if: true) '.repeat(51)}`)),
    refused('directives: 5,000 @skip', unparsed, own(`id ${'@skip(if: false) '.repeat(5_000)}`)),
    refused('directives: 900 unknown ones', invalid, own(`id ${repeat(900, (index) => `@x${index}`)}`)),
    refused('directives: @defer and @stream', invalid, own('... @defer { tags @stream { totalCount } }')),
    refused('lists: 1,001 ids', invalid, own(`tagDetails(ids: [${repeat(1_001, (index) => `"t${index}"`)}]) { id }`)),
    refused('lists: 60,000 numbers', unparsed, own(`tagDetails(ids: [${'1 '.repeat(60_000)}]) { id }`)),
    refused('lists: 900 within one another', invalid, own(`tagDetails(ids: ${nested(900, '[', '1', ']')}) { id }`)),
    refused(
      'input objects: 400 within one another',
      invalid,
      `{ accountStatistics(input: ${nested(400, '{period:', '1', '}')}) { timeZone } }`,
    ),
    refused(
      'input objects: 600 unknown fields',
      invalid,
      `{ accountStatistics(input: { ${repeat(600, (i) => `platform${i}: 1`)} }) { timeZone } }`,
    ),
    refused('numbers: 200,000 digits', invalid, `{ locations(first: ${'9'.repeat(200_000)}) { totalCount } }`),
    refused('numbers: 2^31', invalid, '{ locations(first: 2147483648) { totalCount } }'),
    refused('numbers: 1e400', invalid, '{ locations(first: 1e400) { totalCount } }'),
    refused(
      'numbers: 200,000 digits behind the point',
      invalid,
      `{ locations(first: 1.${'3'.repeat(200_000)}) { totalCount } }`,
    ),
    refused(
      'text: 200 KB in place of a number',
      invalid,
      `{ locations(first: "${'x'.repeat(200_000)}") { totalCount } }`,
    ),
    refused(
      'text: 230 KB of "Did you mean" in place of a number',
      invalid,
      `{ locations(first: "${'Did you mean '.repeat(18_000)}x") { totalCount } }`,
    ),
    refused(
      'text: 20 × 10 KB of "Did you mean"',
      invalid,
      own(repeat(20, (i) => `tags${i}: tags(first: "${' Did you mean ?'.repeat(700)}") { totalCount }`)),
    ),
    harmless('text: a block of 200 KB as an id', `{ location(id: """${'\n x'.repeat(60_000)}""") { name } }`),
    refused('text: a block of 200 KB that never ends', unparsed, `{ location(id: """${'\n x'.repeat(60_000)}`),
    refused('text: half a character', unparsed, String.raw`{ location(id: "\ud800") { id } }`),
    refused('text: a character beyond Unicode', unparsed, String.raw`{ location(id: "\u{110000}") { id } }`),
    refused('text: a zero byte between the words', unparsed, '{ viewer\u0000 { kind } }'),
    harmless('comments: one of 200 KB', `#${'x'.repeat(200_000)}\n{ viewer { kind } }`),
    refused('comments: 80,000', unparsed, `${'#\n'.repeat(80_000)}{ viewer { kind } }`),
    harmless('240,000 commas', `{ viewer ${','.repeat(240_000)} { kind } }`),
    refused('a name of 200 KB', invalid, `{ ${'x'.repeat(200_000)} }`),
    refused('20 names of 10 KB', invalid, own(repeat(20, (index) => `${'x'.repeat(10_000)}${index}`))),
    refused(
      '1,000 unknown fields that sound like known ones',
      invalid,
      own(repeat(1_000, (i) => `${similar[i % 5] ?? ''}${i}`)),
    ),
    refused('1,000 unknown fields, each with arguments', unparsed, own(repeat(1_000, (i) => `x${i}(a: ${i})`))),
    refused(
      '400 variables that are not there',
      invalid,
      own(repeat(20, (i) => `x${i}(a: [${repeat(20, (j) => `$v${i}_${j}`)}])`)),
    ),
    refused(
      '400 variables that nobody uses',
      invalid,
      `query (${repeat(400, (index) => `$v${index}: ID`)}) { viewer { kind } }`,
    ),
    refused('100 operations of one name', invalid, 'query A { viewer { kind } } '.repeat(100)),
    refused('100 operations without a name', invalid, '{ viewer { kind } } '.repeat(100)),
    refused(
      'an operation that is not there',
      'OPERATION_RESOLUTION_FAILURE',
      'query A { viewer { kind } } query B { viewer { kind } }',
    ),
    refused('a schema in place of a question', invalid, 'type Query { a: Int } extend schema @x { query: Query }'),
    refused('a mutation', 'OPERATION_RESOLUTION_FAILURE', 'mutation { deleteEverything }'),
    refused('a subscription', 'OPERATION_RESOLUTION_FAILURE', 'subscription { everything }'),
    refused(
      'introspection: lists within lists',
      invalid,
      `{ __schema { types { ${nested(6, 'fields { type { ', 'name', '} } ')} } } }`,
    ),
    refused(
      'introspection: 20 types within types',
      invalid,
      `{ __type(name: "Query") { ${nested(20, 'ofType { ', 'name', '} ')} } }`,
    ),
    refused(
      'introspection: the usual question 30 times',
      unparsed,
      repeat(30, (i) => getIntrospectionQuery().replaceAll('IntrospectionQuery', `Q${i}`)),
    ),
    refused(
      'introspection: by fragments that lead round',
      invalid,
      '{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...T } } }',
    ),
    refused(
      'an operation of 500 upstream calls',
      'OPERATION_TOO_EXPENSIVE',
      '{ locations(first: 100) { nodes { tags(first: 100) { nodes { details { id } } } statistics { timeZone } } } }',
    ),
    refused(
      'an answer of a million values',
      'OPERATION_TOO_EXPENSIVE',
      own(nested(3, 'tags(first: 100) { nodes { location { ', 'id', ' } } } ')),
    ),
    refused('nothing but spaces', unparsed, ' '.repeat(200_000)),
  ];
};
