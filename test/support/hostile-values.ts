// What somebody may put in the places for values: identifiers, variables, and bodies that are no question at all.
import { gzipSync } from 'node:zlib';
import { ask, post, repeat, type HostileRequest, type Sent } from './hostile-sending.ts';

const [badInput, badRequest] = ['BAD_USER_INPUT', 'BAD_REQUEST'] as const;
const refused = (name: string, code: string, sent: Sent, status = 400): HostileRequest => ({
  name,
  status,
  code,
  sent,
});
const harmless = (name: string, sent: Sent): HostileRequest => ({ name, status: 200, code: null, sent });

/** Texts that are a path, a line, a key or a program somewhere, and never an id. */
const hostileIds: readonly string[] = [
  ...[
    '..',
    '.',
    '../oauth/token',
    '../../oauth/token',
    '/oauth/token',
    '//oauth',
    'a/b',
    './a',
    'a/',
    '..\\oauth',
    'a/../b',
  ],
  ...[
    '%2e%2e%2foauth%2ftoken',
    '%2E%2E',
    '..%2foauth',
    'a%2fb',
    'a%5cb',
    '%252e%252e%252f',
    '%00',
    '%0d%0aX-A: b',
    '..;/oauth',
  ],
  ...[
    'x?companyId=1',
    'x#y',
    'x&y=1',
    'x;y',
    'http://127.0.0.1/',
    '@127.0.0.1',
    'x\r\nX-Other: 1',
    'x\ny',
    'x\u0000',
    'x y',
  ],
  ...['', ' ', '*', '{"$ne":null}', "' OR 1=1 --", '${7*7}', '<script>', '__proto__', 'constructor'],
  ...[
    '\u2025/oauth',
    '\uff0e\uff0e\uff0foauth',
    'Ѕelf',
    '\u202eabc',
    '\ud800',
    '\u{1f600}',
    'x'.repeat(65),
    'x'.repeat(60_000),
  ],
];

// To upstream a tag may be called so; nothing happens to a text in its place in a body.
const mayBeId = /^(__proto__|constructor)$/;

const shown = (text: string): string =>
  JSON.stringify(text.length > 40 ? `${text.slice(0, 8)}… (${text.length})` : text);

const everyId = (location: string): readonly HostileRequest[] => {
  const question = `query ($id: ID!) {
    location(id: $id) { name tags { totalCount } statistics { timeZone } }
    own: location(id: "${location}") { tag(id: $id) { id } tagDetails(ids: [$id]) { id } }
    locations(filter: { ids: [$id] }) { nodes { id } }
  }`;
  return hostileIds.map((id) => ({
    ...harmless(`as an id: ${shown(id)}`, ask(question, { id })),
    ...(mayBeId.test(id) && { reaches: ['readTagDetails'] }),
  }));
};

// A field alone fails: the operation as such is right.
const elsewhere = (location: string): readonly HostileRequest[] =>
  hostileIds
    .filter((text) => /[/\r\n]/.test(text))
    .flatMap((text) => [
      {
        name: `as a cursor: ${shown(text)}`,
        status: 200,
        code: 'CURSOR_INVALID',
        sent: ask(`query ($text: String) { location(id: "${location}") { tags(after: $text) { totalCount } } }`, {
          text,
        }),
      },
      {
        name: `as a profile: ${shown(text)}`,
        status: 200,
        code: badInput,
        sent: ask(
          `query ($id: ID!) { location(id: "${location}") { statistics(input: { profileIds: [$id] }) { timeZone } } }`,
          { id: text },
        ),
      },
    ]);

const viewer = '{ viewer { kind } }';
const unused = (variables: unknown): Sent => ask(viewer, variables);
const deep = (count: number, inner: unknown = 1): unknown => (count === 0 ? inner : { a: deep(count - 1, inner) });
const body = (text: string): Sent => post(text);
const withIds = (ids: unknown): Sent =>
  ask('query ($ids: [ID!]!) { location(id: "a") { tagDetails(ids: $ids) { id } } }', { ids });

const variables: readonly HostileRequest[] = [
  refused('variables: __proto__', badRequest, body(`{"query":"${viewer}","variables":{"__proto__":{"a":1}}}`)),
  refused(
    'variables: __proto__ written with an escape',
    badRequest,
    body(`{"query":"${viewer}","variables":{"__pr\\u006fto__":{"a":1}}}`),
  ),
  refused('variables: constructor.prototype', badRequest, unused({ a: { constructor: { prototype: { a: 1 } } } })),
  refused('variables: constructor', badInput, unused({ a: [{ constructor: 1 }] })),
  refused('variables: prototype', badInput, unused({ prototype: 1 })),
  refused('variables: 11 levels', badInput, unused(deep(11))),
  refused('variables: 38 levels', badInput, unused(deep(38))),
  refused(
    'variables: 100,000 levels',
    badRequest,
    body(`{"query":"${viewer}","variables":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
  ),
  refused('variables: a list of 1,001', badInput, withIds(Array.from({ length: 1_001 }, (_, index) => `t${index}`))),
  refused('variables: a list of 100,000', badInput, withIds(Array.from({ length: 100_000 }, () => 1))),
  refused('variables: 1,000 ids of the wrong type', badInput, withIds(Array.from({ length: 1_000 }, () => ({})))),
  refused('variables: 65 KB of text', badInput, unused({ a: 'x'.repeat(65 * 1_024) })),
  refused('variables: 230 KB of text that JSON writes long', badInput, unused({ a: '\u0001'.repeat(38_000) })),
  refused(
    'variables: 10,000 of them',
    badInput,
    unused(Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`v${index}`, index]))),
  ),
  refused(
    'variables: an object as an id',
    badInput,
    ask('query ($id: ID!) { location(id: $id) { id } }', { id: { toString: 'x' } }),
  ),
  refused(
    'variables: a list as an id',
    badInput,
    ask('query ($id: ID!) { location(id: $id) { id } }', { id: [['a']] }),
  ),
  refused('variables: true as an id', badInput, ask('query ($id: ID!) { location(id: $id) { id } }', { id: true })),
  refused(
    'variables: 1e400 as a number',
    badInput,
    body('{"query":"query ($n: Int!) { locations(first: $n) { totalCount } }","variables":{"n":1e400}}'),
  ),
  refused(
    'variables: half a number',
    badInput,
    ask('query ($n: Int!) { locations(first: $n) { totalCount } }', { n: 1.5 }),
  ),
  refused(
    'variables: two of a choice',
    badInput,
    ask('query ($p: PeriodInput) { accountStatistics(input: { period: $p }) { timeZone } }', {
      p: { preset: 'LAST_7_DAYS', range: { from: '2026-01-01', to: '2026-01-02' } },
    }),
  ),
  refused(
    'variables: 60 KB of "Did you mean"',
    badInput,
    ask('query ($p: PeriodPreset!) { accountStatistics(input: { period: { preset: $p } }) { timeZone } }', {
      p: ' Did you mean ?'.repeat(4_000),
    }),
  ),
  refused('variables: a list', badRequest, unused([1])),
  refused('variables: a text', badRequest, unused('{}')),
  refused('variables: a number', badRequest, unused(7)),
];

const bodies: readonly HostileRequest[] = [
  refused('body: nothing', badRequest, body('')),
  ...[
    '{',
    'null',
    '7',
    '"text"',
    'true',
    '{}',
    '{"query":}',
    "{'query':'{a}'}",
    '{"query":"{a}"}{"query":"{a}"}',
    'NaN',
    '<xml/>',
  ].map((text) => refused(`body: ${text}`, badRequest, body(text))),
  refused('body: 100,000 brackets', badRequest, body('['.repeat(100_000))),
  refused('body: __proto__ beside the query', badRequest, body(`{"query":"${viewer}","__proto__":{"a":1}}`)),
  refused(
    'body: __proto__ in extensions',
    badRequest,
    body(`{"query":"${viewer}","extensions":{"a":{"__proto__":{"a":1}}}}`),
  ),
  refused('body: 257 KB', 'BODY_TOO_LARGE', body(JSON.stringify({ query: viewer, a: 'x'.repeat(257 * 1_024) })), 413),
  refused('batch: 2', 'BATCH_NOT_ALLOWED', body(JSON.stringify([{ query: viewer }, { query: viewer }]))),
  refused(
    'batch: 5,000',
    'BATCH_NOT_ALLOWED',
    body(JSON.stringify(Array.from({ length: 5_000 }, () => ({ query: viewer })))),
  ),
  refused('batch: none', badRequest, body('[]')),
  refused('batch: lists within lists', 'BATCH_NOT_ALLOWED', body(`[[[[{"query":"${viewer}"}]]]]`)),
  ...[[viewer], 7, { kind: 'Document', definitions: [] }, { length: 3 }, true].map((query) =>
    refused(`query: ${JSON.stringify(query)}`, badRequest, ask(query)),
  ),
  ...[null, '', 0, false].map((query) => refused(`query: ${JSON.stringify(query)}`, badRequest, ask(query))),
  ...[7, ['A'], { a: 1 }, true].map((operationName) =>
    refused(
      `operationName: ${JSON.stringify(operationName)}`,
      badRequest,
      body(JSON.stringify({ query: viewer, operationName })),
    ),
  ),
  ...['A\r\nX-Other: 1', '__proto__', 'x'.repeat(200_000)].map((operationName) =>
    refused(
      `operationName: ${shown(operationName)}`,
      'OPERATION_RESOLUTION_FAILURE',
      body(JSON.stringify({ query: `query A ${viewer}`, operationName })),
    ),
  ),
  ...['text', 7, [1]].map((extensions) =>
    refused(
      `extensions: ${JSON.stringify(extensions)}`,
      badRequest,
      body(JSON.stringify({ query: viewer, extensions })),
    ),
  ),
];

const utf16 = Buffer.from(JSON.stringify({ query: viewer }), 'utf16le');
const notUtf8 = Buffer.concat([
  Buffer.from('{"query":"{ location(id: \\"'),
  Buffer.from([0xff, 0xc0, 0xaf, 0xed, 0xa0, 0x80]),
  Buffer.from('\\") { id } }"}'),
]);
const unsupported = (name: string, bytes: string | Uint8Array, headers: Readonly<Record<string, string>>) =>
  refused(name, 'UNSUPPORTED_MEDIA_TYPE', post(bytes, headers), 415);
const json = JSON.stringify({ query: viewer });

const encodings: readonly HostileRequest[] = [
  unsupported('encoding: UTF-16, and says so', utf16, { 'content-type': 'application/json; charset=utf-16' }),
  refused('encoding: UTF-16, and does not say so', badRequest, post(utf16)),
  unsupported('encoding: UTF-7', json, { 'content-type': 'application/json; charset=utf-7' }),
  unsupported('encoding: latin1 in quotes', json, { 'content-type': 'application/json;charset="iso-8859-1"' }),
  unsupported('encoding: gzip', gzipSync(json), { 'content-encoding': 'gzip' }),
  unsupported('encoding: gzip, 50 KB of 50 MB', gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }),
  unsupported('encoding: 100 at once', json, { 'content-encoding': repeat(100, () => 'gzip,') }),
  refused('encoding: gzip, and does not say so', badRequest, post(gzipSync(json))),
  harmless('encoding: bytes that are not UTF-8, as an id', post(notUtf8)),
];

const persisted = (persistedQuery: unknown, query?: string): Sent =>
  body(JSON.stringify({ query, extensions: { persistedQuery } }));
const unknownHash = 'a'.repeat(64);
const notFound = 'PERSISTED_QUERY_NOT_FOUND';

const registered: readonly HostileRequest[] = [
  refused(
    'persisted: a document under the hash of another',
    badRequest,
    persisted({ version: 1, sha256Hash: unknownHash }, viewer),
  ),
  refused('persisted: a hash that is none', badRequest, persisted({ version: 1, sha256Hash: { length: 64 } })),
  refused('persisted: another version', badRequest, persisted({ version: 2, sha256Hash: unknownHash })),
  refused('persisted: true', badRequest, persisted(true)),
  refused('persisted: an unknown hash', notFound, persisted({ version: 1, sha256Hash: unknownHash }), 200),
  refused('persisted: __proto__ as a hash', notFound, persisted({ version: 1, sha256Hash: '__proto__' }), 200),
  refused('persisted: 200 KB as a hash', notFound, persisted({ version: 1, sha256Hash: 'a'.repeat(200_000) }), 200),
  refused('persisted: __proto__ as an id', notFound, body('{"documentId":"__proto__"}')),
  refused('persisted: a list as an id', badRequest, body('{"documentId":["a"]}')),
];

/** `location`: one that the caller may read. */
export const hostileValues = (location: string): readonly HostileRequest[] => [
  ...everyId(location),
  ...elsewhere(location),
  ...variables,
  ...bodies,
  ...encodings,
  ...registered,
];
