import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hashOf } from '../../src/operation/manifests.ts';
import { holdUpkeep, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { scratchFolder } from '../support/scratch.ts';

const tags = 'query Tags($id: ID!) { location(id: $id) { tags(first: 2) { nodes { id } } } }';
const kind = 'query Kind { viewer { kind } }';
const [tagsHash, kindHash] = [hashOf(tags), hashOf(kind)];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(scratchFolder(), 'manifests-'));
  await writeManifest({ [`sha256:${tagsHash}`]: tags, 'tags-1': tags });
});
afterEach(() => rm(folder, { recursive: true }));

const writeManifest = (content: unknown) => writeFile(join(folder, 'app.json'), JSON.stringify(content));

const start = (persisted: 'off' | 'log' | 'only', config = {}) =>
  startTestGateway({ config: { persisted, persistedDocuments: folder, ...config } });

interface Said {
  readonly status: number;
  readonly code: unknown;
  readonly data: unknown;
  readonly text: string;
}

const said = async (response: Response): Promise<Said> => {
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as {
    data?: unknown;
    errors?: readonly { readonly extensions: { readonly code: unknown } }[];
  };
  return { status: response.status, code: errors?.[0]?.extensions.code, data, text };
};

const post = async ({ url }: TestGateway, body: unknown) =>
  said(
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

// As urql sends what it prefers to GET.
const get = async ({ url }: TestGateway, parameters: Readonly<Record<string, unknown>>) => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  const accept = 'application/graphql-response+json, application/graphql+json, application/json';
  return said(
    await fetch(`${url}/graphql?${search.toString()}`, { headers: { accept, 'apollo-require-preflight': '1' } }),
  );
};

const byHash = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
const notTrusted = { status: 400, code: 'DOCUMENT_NOT_TRUSTED', data: undefined };

// What Apollo Client sends, and what comes of it.
const apolloClientOf = ({ url }: TestGateway) => {
  const sent: string[] = [];
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256: (text) => hashOf(text) }),
    new HttpLink({
      uri: `${url}/graphql`,
      fetch: (address, init) => {
        sent.push(typeof init?.body === 'string' ? init.body : '');
        return fetch(address, init);
      },
    }),
  ]);
  return { sent, client: new ApolloClient({ link, cache: new InMemoryCache() }) };
};

describe('where only trusted documents are executed', () => {
  test('one is executed by its id in every way that clients have, and by its text', async () => {
    await using gateway = await start('only');
    const variables = { id: gateway.sandbox.locations.full };
    const namings = [
      { documentId: `sha256:${tagsHash}` },
      { documentId: 'tags-1' },
      { doc_id: tagsHash },
      byHash(tagsHash),
      byHash('tags-1'),
      { query: tags },
      { query: tags, ...byHash(tagsHash) },
    ];
    const answers = [];
    for (const naming of namings)
      for (const ask of [post, get]) answers.push(await ask(gateway, { ...naming, variables }));
    expect(new Set(answers.map(({ text }) => JSON.stringify((JSON.parse(text) as Said).data))).size).toBe(1);
    expect(answers[0]?.data).toMatchObject({ location: { tags: { nodes: [{}, {}] } } });
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  test('any other is refused without an upstream call and without its text in the log', async () => {
    await using gateway = await start('only');
    gateway.calls();
    const other = tags.replace('first: 2', 'first: 3');
    for (const ask of [post, get]) {
      for (const request of [{ query: other }, { documentId: hashOf(other) }, byHash(hashOf(other)), { doc_id: '1' }])
        expect(await ask(gateway, { ...request, variables: { id: 'L' } })).toMatchObject(notTrusted);
      expect(await ask(gateway, { query: other, ...byHash(hashOf(other)) })).toMatchObject(notTrusted);
      expect(await ask(gateway, { query: '{ __schema { types { name } } }' })).toMatchObject(notTrusted);
      expect((await ask(gateway, { documentId: '__proto__' })).code).toBe('DOCUMENT_NOT_TRUSTED');
    }
    expect(gateway.calls()).toEqual([]);
    expect(gateway.logLines.join('')).not.toContain('first: 3');
  });

  test('a list is executed only if all of it is trusted', async () => {
    await using gateway = await start('only', { maxBatch: 3 });
    const variables = { id: gateway.sandbox.locations.full };
    const trusted = [
      { query: tags, variables },
      { documentId: 'tags-1', variables },
    ];
    const all = JSON.parse((await post(gateway, trusted)).text) as Said[];
    expect(all).toMatchObject([{ data: { location: {} } }, { data: { location: {} } }]);
    gateway.calls();
    expect(await post(gateway, [...trusted, { query: kind }])).toMatchObject(notTrusted);
    expect(gateway.calls()).toEqual([]);
  });

  test('Apollo Client asks by hash alone, and is never told to send the text', async () => {
    const text = await readFile('test/fixtures/manifests/apollo.json', 'utf8');
    await writeFile(join(folder, 'app.json'), text);
    await using gateway = await start('only');
    const { client, sent } = apolloClientOf(gateway);
    const query = gql(
      'query TagCount($location: ID!) { location(id: $location) { id tags(first: 1) { totalCount } } }',
    );
    const { data } = await client.query({ query, variables: { location: gateway.sandbox.locations.full } });
    expect(data).toMatchObject({ location: { tags: { totalCount: expect.any(Number) } } });
    await expect(client.query({ query: gql(kind) })).rejects.toThrow('manifests');
    expect(sent.map((body) => Object.keys(JSON.parse(body) as object).includes('query'))).toEqual([false, false]);
  });

  test('a document is executed from when its manifest is there until it is gone, and no store keeps it', async () => {
    const upkeep = holdUpkeep();
    await using gateway = await start('only');
    expect(await get(gateway, byHash(kindHash))).toMatchObject(notTrusted);
    await writeManifest({ [kindHash]: kind });
    const lookedAt = async (text: string) => {
      while (!gateway.logLines.some((line) => line.includes(text))) await upkeep.round();
    };
    await lookedAt('"documents":1');
    expect(await get(gateway, byHash(kindHash))).toMatchObject({ status: 200, data: { viewer: { kind: 'USER' } } });
    await writeManifest({ [kindHash]: tags });
    await lookedAt('not read: those from before stay in force');
    expect((await get(gateway, byHash(kindHash))).status).toBe(200);
    await writeManifest({ [kindHash]: kind, [tagsHash]: tags, more: tags });
    await lookedAt('"documents":3');
    await writeManifest({});
    await lookedAt('"documents":0');
    expect(await get(gateway, byHash(kindHash))).toMatchObject(notTrusted);
  });
});

describe('where other documents are executed, too', () => {
  test('Apollo Client registers one by its hash, once', async () => {
    await using gateway = await start('off');
    for (const more of [1, 0]) {
      const { client, sent } = apolloClientOf(gateway);
      const { data } = await client.query({ query: gql(kind) });
      expect(data).toMatchObject({ viewer: { kind: 'USER' } });
      expect(sent.length).toBe(1 + more);
    }
  });

  test('a trusted one needs no registration, and is in no store after', async () => {
    const upkeep = holdUpkeep();
    await using gateway = await start('off');
    const request = { ...byHash(tagsHash), variables: { id: gateway.sandbox.locations.full } };
    expect((await get(gateway, request)).status).toBe(200);
    await writeManifest({ [kindHash]: kind });
    while (!gateway.logLines.some((line) => line.includes('"documents":1'))) await upkeep.round();
    expect((await get(gateway, request)).code).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test('nobody registers a document under the hash of another', async () => {
    await using gateway = await start('off');
    const poisoned = await post(gateway, { query: '{ viewer { subject } }', ...byHash(kindHash) });
    expect([poisoned.status, poisoned.code]).toEqual([400, 'BAD_REQUEST']);
    expect((await post(gateway, byHash(kindHash))).code).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect((await post(gateway, { query: kind, ...byHash(kindHash) })).data).toEqual({ viewer: { kind: 'USER' } });
    expect((await post(gateway, byHash(kindHash))).data).toEqual({ viewer: { kind: 'USER' } });
    expect(gateway.logLines.filter((line) => line.includes('unforeseen'))).toEqual([]);
  });

  test('an unknown documentId is an error of its own', async () => {
    await using gateway = await start('off');
    const answer = await post(gateway, { documentId: kindHash });
    expect([answer.status, answer.code]).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
  });

  test('mode log reports each once, and the line of the operation says whether it is trusted', async () => {
    await using gateway = await start('log');
    for (const query of [kind, kind]) expect((await post(gateway, { query })).status).toBe(200);
    await post(gateway, { documentId: 'tags-1', variables: { id: gateway.sandbox.locations.full } });
    const lines = gateway.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ msg }) => msg === 'document in no manifest').map(({ hash }) => hash)).toEqual([kindHash]);
    const operations = lines.filter(({ msg }) => msg === 'operation');
    expect(operations.map(({ trusted }) => trusted)).toEqual([false, false, true]);
  });
});

test('a gateway does not start with manifests that are wrong, and says all that is', async () => {
  await writeManifest({ [tagsHash]: kind, old: '{ viewer { age } }' });
  await expect(start('only')).rejects.toMatchObject({
    name: 'ConfigError',
    message: [
      `app.json: document "${tagsHash}": the id is not the SHA-256 of its text.`,
      'app.json: document "old": Cannot query field "age" on type "Viewer". (1:12)',
    ].join('\n'),
  });
});
