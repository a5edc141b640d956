import { describe, expect, test } from '@jest/globals';
import { withDocument } from '../../src/http/document-id.ts';
import { hashOf, idOf } from '../../src/operation/manifests.ts';
import type { TrustedDocuments } from '../../src/operation/trusted-documents.ts';

const who = 'query Who { viewer { subject } }';
const other = 'query Kind { viewer { kind } }';
const [whoHash, otherHash] = [hashOf(who), hashOf(other)];
const known = new Map([
  [whoHash, who],
  ['custom-1', who],
  ['__proto__', who],
]);

const trustedIn = (mode: TrustedDocuments['mode']) => {
  const noted: string[] = [];
  const trusted: TrustedDocuments = {
    mode,
    textOf: (id) => known.get(idOf(id)) ?? null,
    has: (text) => text === who,
    names: () => new Set(['Who']),
    note: (text) => void noted.push(text),
    close: () => undefined,
  };
  return { trusted, noted };
};

const persisted = (sha256Hash: unknown, more: object = {}) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash, ...more } },
});

type Fields = Readonly<Record<string, unknown>>;

/** The same request as a body and as an address; what becomes of it as query and extensions, or as a code. */
const ways: Readonly<Record<string, (request: Fields, trusted: TrustedDocuments) => unknown>> = {
  POST: (request, trusted) => {
    const chosen = withDocument({ body: request, search: '' }, trusted);
    if (chosen.kind !== 'document') return chosen.kind === 'refused' ? chosen.problem.code : 'as-is';
    const { query, extensions, ...rest } = chosen.asked.body as Fields;
    return { query, extensions, variables: rest['variables'] };
  },
  GET: (request, trusted) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(request))
      search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    const chosen = withDocument({ body: undefined, search: `?${search.toString()}` }, trusted);
    if (chosen.kind !== 'document') return chosen.kind === 'refused' ? chosen.problem.code : 'as-is';
    expect(chosen.asked.body).toBeUndefined();
    const asked = new URLSearchParams(chosen.asked.search);
    const json = (name: string): unknown => JSON.parse(asked.get(name) ?? 'null') ?? undefined;
    return { query: asked.get('query'), extensions: json('extensions'), variables: json('variables') };
  },
};

describe.each(Object.entries(ways))('a document in a %s', (_way, choose) => {
  const modes = ['off', 'log', 'only'] as const;

  test.each<[string, Fields]>([
    ['documentId with its prefix', { documentId: `sha256:${whoHash}` }],
    ['documentId', { documentId: whoHash }],
    ['documentId in capitals', { documentId: whoHash.toUpperCase() }],
    ['a documentId of their own', { documentId: 'custom-1' }],
    ['doc_id', { doc_id: 'custom-1' }],
    ['documentId __proto__', { documentId: '__proto__' }],
  ])('that is known by %s is filled in', (_name, naming) => {
    for (const mode of modes)
      expect(choose({ ...naming, variables: { a: 1 } }, trustedIn(mode).trusted)).toEqual({
        query: who,
        extensions: undefined,
        variables: { a: 1 },
      });
  });

  test("that is known by Apollo's hash is filled in, and only that extension is taken out", () => {
    for (const mode of modes)
      for (const hash of [whoHash, 'custom-1']) {
        const request = { extensions: { ...persisted(hash).extensions, trace: 'x' } };
        expect(choose(request, trustedIn(mode).trusted)).toMatchObject({ query: who, extensions: { trace: 'x' } });
      }
  });

  test("that is not known is left to Apollo's registration only where others are executed, too", () => {
    const request = persisted(otherHash);
    expect(modes.map((mode) => choose(request, trustedIn(mode).trusted))).toEqual([
      'as-is',
      'as-is',
      'DOCUMENT_NOT_TRUSTED',
    ]);
  });

  test.each(['documentId', 'doc_id'])('that is not known by %s is refused', (name) => {
    for (const id of [otherHash, 'constructor', 'toString', '']) {
      const codes = modes.map((mode) => choose({ [name]: id }, trustedIn(mode).trusted));
      expect(codes).toEqual(['PERSISTED_QUERY_NOT_FOUND', 'PERSISTED_QUERY_NOT_FOUND', 'DOCUMENT_NOT_TRUSTED']);
    }
  });

  test('that is there in full is executed as it is if it is trusted or need not be', () => {
    for (const mode of modes) expect(choose({ query: who }, trustedIn(mode).trusted)).toBe('as-is');
    expect(choose({ query: other }, trustedIn('off').trusted)).toBe('as-is');
    for (const query of [other, `${who} `, who.toLowerCase()])
      expect(choose({ query }, trustedIn('only').trusted)).toBe('DOCUMENT_NOT_TRUSTED');
  });

  test('that is in no manifest is told in log mode', () => {
    const { trusted, noted } = trustedIn('log');
    expect(choose({ query: other }, trusted)).toBe('as-is');
    expect(choose({ query: who }, trusted)).toBe('as-is');
    expect(noted).toEqual([other]);
  });

  test('that comes to be registered is passed on to be, but where nothing is registered it is only executed', () => {
    expect(choose({ query: other, ...persisted(otherHash) }, trustedIn('off').trusted)).toBe('as-is');
    const only = trustedIn('only').trusted;
    expect(choose({ query: who, ...persisted(whoHash) }, only)).toMatchObject({ query: who, extensions: {} });
    expect(choose({ query: other, ...persisted(otherHash) }, only)).toBe('DOCUMENT_NOT_TRUSTED');
  });

  test.each<[string, Fields]>([
    ['a hash of another text', { query: other, ...persisted(whoHash) }],
    ['the hash of a text that is trusted with one that is not', { query: other, ...persisted('custom-1') }],
    ['no hash at all', { query: who, ...persisted(undefined) }],
    ['a hash that is a list', persisted([whoHash])],
    ['another version', persisted(whoHash, { version: 2 })],
    ['an extension that is a text', { extensions: { persistedQuery: whoHash } }],
    ['the id of another document', { query: other, documentId: whoHash }],
    ['an unknown id', { query: who, documentId: otherHash }],
  ])('with %s is refused', (_what, request) => {
    for (const mode of modes) expect(choose(request, trustedIn(mode).trusted)).toBe('BAD_REQUEST');
  });

  test('and its own id are taken together', () => {
    for (const mode of modes)
      expect(choose({ query: who, documentId: 'custom-1' }, trustedIn(mode).trusted)).toBe('as-is');
  });

  test('that is missing is for Apollo to word', () => {
    for (const mode of modes) {
      for (const request of [{ variables: {} }, { query: '' }, { query: '', extensions: {} }])
        expect(choose(request, trustedIn(mode).trusted)).toBe('as-is');
    }
  });
});

describe('bodies', () => {
  const only = trustedIn('only').trusted;

  test.each([
    [null],
    [1],
    ['x'],
    [{}],
    [{ query: { kind: 'Document' } }],
    [{ query: null, documentId: null, doc_id: null }],
  ])('%j names no document', (body) => expect(withDocument({ body, search: '' }, only)).toEqual({ kind: 'as-is' }));

  test.each([[{ documentId: 7 }], [{ doc_id: [whoHash] }], [{ documentId: { toString: whoHash } }]])(
    '%j is refused',
    (body) => expect(withDocument({ body, search: '' }, only)).toMatchObject({ problem: { code: 'BAD_REQUEST' } }),
  );

  test('Relay sends null for what it does not use', () => {
    const asked = { body: { doc_id: 'custom-1', query: null, variables: {} }, search: '' };
    expect(withDocument(asked, only)).toMatchObject({ asked: { body: { query: who } } });
    expect(withDocument({ body: { doc_id: null, query: who }, search: '' }, only)).toEqual({ kind: 'as-is' });
  });

  test('extensions that are none are left to Apollo', () => {
    const asked = { body: { documentId: 'custom-1', extensions: 'x' }, search: '' };
    expect(withDocument(asked, only)).toMatchObject({ asked: { body: { query: who, extensions: 'x' } } });
  });

  test('in a list are looked at one by one, and one refusal refuses all', () => {
    const list = (...body: readonly unknown[]) => withDocument({ body, search: '' }, only);
    expect(list({ query: who }, { documentId: 'custom-1', variables: { a: 1 } })).toMatchObject({
      asked: { body: [{ query: who }, { query: who, variables: { a: 1 } }] },
    });
    expect(list({ query: who }, { query: other })).toMatchObject({ problem: { code: 'DOCUMENT_NOT_TRUSTED' } });
  });
});

describe('addresses', () => {
  const choose = (search: string, mode: TrustedDocuments['mode'] = 'only') =>
    withDocument({ body: undefined, search }, trustedIn(mode).trusted);

  test.each(['query', 'documentId', 'doc_id', 'extensions'])('that give %s twice are refused', (name) => {
    const value = encodeURIComponent(name === 'query' ? who : '{}');
    expect(choose(`?${name}=${value}&${name}=${value}`)).toMatchObject({ problem: { code: 'BAD_REQUEST' } });
  });

  test('keep whatever else they say', () => {
    const chosen = choose(`?documentId=custom-1&operationName=Who&variables=%7B%22a%22%3A%22b%26c%22%7D`);
    if (chosen.kind !== 'document') throw new Error('not filled in');
    const asked = new URLSearchParams(chosen.asked.search);
    expect([asked.get('operationName'), asked.get('variables'), asked.get('query')]).toEqual([
      'Who',
      '{"a":"b&c"}',
      who,
    ]);
  });

  test.each(['', '?', '?variables={', '?extensions={', '?extensions=[]'])('%j is for Apollo to word', (search) => {
    expect(choose(search)).toEqual({ kind: 'as-is' });
  });
});

test('no refusal asks the client to register or repeats what it sent', () => {
  for (const request of [{ query: other }, persisted(otherHash), { documentId: 'my-secret-id' }]) {
    const chosen = withDocument({ body: request, search: '' }, trustedIn('only').trusted);
    if (chosen.kind !== 'refused') throw new Error('not refused');
    const { message, status } = chosen.problem;
    expect(status).toBe(400);
    expect(message).not.toMatch(/PersistedQuery|my-secret-id|viewer/);
  }
});
