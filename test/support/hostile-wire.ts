// What somebody may do with HTTP itself: forms that a page of another site can send, headers, addresses, and bytes that no library sends.
import type { HostileRequest, Sent } from './hostile-sending.ts';
import { repeat } from './hostile-sending.ts';

const question = '{ viewer { kind } }';
const json = JSON.stringify({ query: question });
const badRequest = 'BAD_REQUEST';

const fetched = (path: string, init: RequestInit = {}): Sent => ({
  kind: 'fetch',
  path,
  init: { redirect: 'manual', ...init },
});
const posted = (body: NonNullable<RequestInit['body']>, headers: Readonly<Record<string, string>> = {}): Sent =>
  fetched('/graphql', { method: 'POST', body, headers });
const bytes = (text: string | Uint8Array): Sent => ({ kind: 'bytes', bytes: text });
const row = (name: string, status: number, code: string | null, sent: Sent): HostileRequest => ({
  name,
  status,
  code,
  sent,
});

const form = new FormData();
form.set('operations', json);
form.set('map', '{}');
const preflighted = { 'apollo-require-preflight': '1', accept: 'application/graphql-response+json' };
const search = (fields: Readonly<Record<string, string>>) => `/graphql?${new URLSearchParams(fields).toString()}`;
const unsupported = (name: string, sent: Sent) => row(name, 415, 'UNSUPPORTED_MEDIA_TYPE', sent);

/** A page of another site can send the first nine without being asked. */
const forms: readonly HostileRequest[] = [
  unsupported('form: text/plain', posted(json)),
  unsupported(
    'form: text/plain; charset with JSON behind it',
    posted(json, { 'content-type': 'text/plain;a=application/json' }),
  ),
  unsupported('form: URL-encoded', posted(new URLSearchParams({ query: question }))),
  unsupported('form: multipart', posted(form)),
  unsupported(
    'form: no content type',
    bytes(`POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: ${json.length}\r\nconnection: close\r\n\r\n${json}`),
  ),
  row('form: GET without proof', 400, badRequest, fetched(search({ query: question }))),
  row(
    'form: GET as text/plain',
    400,
    badRequest,
    fetched(search({ query: question }), { headers: { 'content-type': 'text/plain' } }),
  ),
  row('form: GET of a mutation', 400, badRequest, fetched(search({ query: 'mutation { a }' }))),
  row('form: GET without a question', 400, badRequest, fetched('/graphql')),
  row(
    'form: GET of a mutation, with proof',
    405,
    badRequest,
    fetched(search({ query: 'mutation { a }' }), { headers: preflighted }),
  ),
  row(
    'form: GET as text/plain, with proof',
    415,
    badRequest,
    fetched(search({ query: question }), { headers: { ...preflighted, 'content-type': 'text/plain' } }),
  ),
  ...[
    'application/graphql',
    'application/json-evil',
    'application/jsonp',
    'text/json',
    'application/x-json',
    'image/png',
    '*/*',
    'json',
    '\u00ff',
  ].map((type) => unsupported(`content type: ${type}`, posted(json, { 'content-type': type }))),
  row('accept: image/png', 406, badRequest, posted(json, { 'content-type': 'application/json', accept: 'image/png' })),
];

const addresses: readonly HostileRequest[] = [
  row(
    'address: two questions',
    400,
    badRequest,
    fetched(`${search({ query: question })}&query=${encodeURIComponent('{ a }')}`, { headers: preflighted }),
  ),
  row(
    'address: variables that are not JSON',
    400,
    badRequest,
    fetched(search({ query: question, variables: '{' }), { headers: preflighted }),
  ),
  row(
    'address: variables that are a list',
    400,
    badRequest,
    fetched(search({ query: question, variables: '[]' }), { headers: preflighted }),
  ),
  row(
    'address: __proto__ in variables',
    400,
    'BAD_USER_INPUT',
    fetched(search({ query: question, variables: '{"__proto__":{"a":1}}' }), { headers: preflighted }),
  ),
  row(
    'address: 300 levels of variables',
    400,
    'BAD_USER_INPUT',
    fetched(search({ query: question, variables: `{"a":${'['.repeat(300)}${']'.repeat(300)}}` }), {
      headers: preflighted,
    }),
  ),
  row(
    'address: extensions that are a number',
    400,
    badRequest,
    fetched(search({ query: question, extensions: '7' }), { headers: preflighted }),
  ),
  row(
    'address: 10 KB',
    414,
    'URI_TOO_LONG',
    fetched(search({ query: question, a: 'x'.repeat(10_000) }), { headers: preflighted }),
  ),
  row(
    'address: 20 KB',
    431,
    'HEADERS_TOO_LARGE',
    bytes(`GET /graphql?query=${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`),
  ),
  row('address: not decodable', 400, badRequest, fetched('/%zz')),
  row(
    'address: upwards',
    404,
    'NOT_FOUND',
    bytes('GET /graphql/../../etc/passwd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
  ),
  row(
    'address: upwards, encoded',
    404,
    'NOT_FOUND',
    bytes('GET /%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
  ),
  row('address: a zero byte', 404, 'NOT_FOUND', fetched('/graphql%00')),
  row(
    'address: of another host',
    404,
    'NOT_FOUND',
    bytes('GET //127.0.0.1/oauth/token HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'),
  ),
  row('address: __proto__', 404, 'NOT_FOUND', fetched('/__proto__')),
  row('address: constructor', 404, 'NOT_FOUND', fetched('/constructor/prototype')),
  row('address: of administrators', 404, 'NOT_FOUND', fetched('/metrics')),
  ...['PUT', 'PATCH', 'DELETE'].map((method) =>
    row(`method: ${method}`, 405, 'METHOD_NOT_ALLOWED', fetched('/graphql', { method, body: json })),
  ),
  row('method: HEAD', 404, null, fetched('/graphql', { method: 'HEAD' })),
  row(
    'method: in a header',
    404,
    'NOT_FOUND',
    fetched('/livez', { method: 'POST', body: json, headers: { 'x-http-method-override': 'GET' } }),
  ),
];

const head = (lines: readonly string[], body = '', start = 'POST /graphql HTTP/1.1'): Sent =>
  bytes([start, ...lines, 'connection: close', '', body].join('\r\n'));
const ours = ['host: a', 'content-type: application/json', 'accept: application/graphql-response+json'];
const chunk = `${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`;
const long = `content-length: ${json.length}`;

/** Node's parser gives most of these up before they are requests. */
const lines: readonly HostileRequest[] = [
  row('bytes: two hosts', 400, badRequest, head([...ours, 'host: b', long], json)),
  row('bytes: no host', 400, null, head(['content-type: application/json', long], json)),
  row(
    'bytes: two tokens',
    400,
    badRequest,
    head([...ours, 'authorization: Bearer a', 'authorization: Bearer b', long], json),
  ),
  row('bytes: two lengths', 400, badRequest, head([...ours, long, 'content-length: 5'], json)),
  row('bytes: a length and chunks', 400, badRequest, head([...ours, long, 'transfer-encoding: chunked'], chunk)),
  row('bytes: chunked, and then not', 400, badRequest, head([...ours, 'transfer-encoding: chunked, identity'], chunk)),
  row('bytes: almost chunked', 400, badRequest, head([...ours, 'transfer-encoding: xchunked'], chunk)),
  row('bytes: chunked with a vertical tab', 400, badRequest, head([...ours, 'transfer-encoding:\u000bchunked'], chunk)),
  row(
    'bytes: chunked twice',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked', 'transfer-encoding: identity'], chunk),
  ),
  row(
    'bytes: a chunk of no number',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked'], `zz\r\n${json}\r\n0\r\n\r\n`),
  ),
  row(
    'bytes: a chunk of 2^72',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked'], `FFFFFFFFFFFFFFFFFF\r\n${json}`),
  ),
  row(
    'bytes: a chunk of less than nothing',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked'], `-1\r\n${json}`),
  ),
  row(
    'bytes: a chunk with 20 KB beside its length',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked'], `1;${'x'.repeat(20_000)}\r\n{\r\n`),
  ),
  row(
    'bytes: chunks that end with a line feed alone',
    400,
    badRequest,
    head([...ours, 'transfer-encoding: chunked'], chunk.replaceAll('\r\n', '\n')),
  ),
  row('bytes: a length of less than nothing', 400, badRequest, head([...ours, 'content-length: -1'], json)),
  row('bytes: a length in hexadecimal', 400, badRequest, head([...ours, 'content-length: 0x10'], json)),
  row('bytes: a length with a sign', 400, badRequest, head([...ours, `content-length: +${json.length}`], json)),
  row('bytes: a length of 2^70', 400, badRequest, head([...ours, `content-length: ${2n ** 70n}`], json)),
  row('bytes: a length of 10 GB', 413, 'BODY_TOO_LARGE', head([...ours, 'content-length: 10000000000'], json)),
  row(
    'bytes: chunks without end',
    413,
    'BODY_TOO_LARGE',
    head([...ours, 'transfer-encoding: chunked'], `1000\r\n${'x'.repeat(4_096)}\r\n`.repeat(70)),
  ),
  row('bytes: a space before the colon', 400, badRequest, head([...ours, 'x-a : b', long], json)),
  row('bytes: a line that goes on in the next', 400, badRequest, head([...ours, 'x-a: b', ' c: d', long], json)),
  row('bytes: a line feed alone between headers', 400, badRequest, head([...ours, 'x-a: b\nx-c: d', long], json)),
  row('bytes: a carriage return alone in a header', 400, badRequest, head([...ours, 'x-a: b\rx-c: d', long], json)),
  row('bytes: a zero byte in a header', 400, badRequest, head([...ours, 'x-a: b\u0000c', long], json)),
  row('bytes: a header without a name', 400, badRequest, head([...ours, ': b', long], json)),
  row(
    'bytes: 17 KB of one header',
    431,
    'HEADERS_TOO_LARGE',
    head([...ours, `x-a: ${'x'.repeat(17_000)}`, long], json),
  ),
  row(
    'bytes: 1,500 headers',
    431,
    'HEADERS_TOO_LARGE',
    head([...ours, repeat(1_500, (index) => `x-${index}: y\r\n`).replaceAll('\n ', '\n') + long], json),
  ),
  row('bytes: no HTTP at all', 400, badRequest, bytes('hello\r\n\r\n')),
  row('bytes: the beginning of TLS', 400, badRequest, bytes(Buffer.from('160301020001fc0303', 'hex'))),
  row('bytes: the beginning of HTTP/2', 400, badRequest, bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
  row('bytes: HTTP/9.9', 400, badRequest, head([...ours, long], json, 'POST /graphql HTTP/9.9')),
  row('bytes: a method in small letters', 400, badRequest, head([...ours, long], json, 'post /graphql HTTP/1.1')),
  row('bytes: a method that nobody knows', 400, badRequest, head([...ours, long], json, 'HACK /graphql HTTP/1.1')),
  row('bytes: TRACE', 404, 'NOT_FOUND', head(ours, '', 'TRACE /graphql HTTP/1.1')),
  row('bytes: CONNECT, which is closed without a word', 0, null, head(ours, '', 'CONNECT 127.0.0.1:22 HTTP/1.1')),
  row('bytes: a space in the address', 400, badRequest, head([...ours, long], json, 'POST /graphql x HTTP/1.1')),
  row('bytes: a wish that nobody knows', 417, null, head([...ours, 'expect: nonsense', long], json)),
  row(
    'bytes: a second request hidden in the body of a GET',
    400,
    badRequest,
    head(
      ['host: a', 'content-length: 40', 'content-type: application/json'],
      'GET /graphql HTTP/1.1\r\nhost: evil\r\n\r\n    ',
      'GET /graphql HTTP/1.1',
    ),
  ),
];

/** Each alone. */
export const hostileWire: readonly HostileRequest[] = [...forms, ...addresses, ...lines];
