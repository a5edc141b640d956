import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { cacheExchange, Client, fetchExchange } from '@urql/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const query = 'query Dashboard($id: ID!) { location(id: $id) { id tags(first: 2) { totalCount } } }';
const variables = () => ({ id: gateway.sandbox.locations.full });
const answer = () => ({ location: { id: gateway.sandbox.locations.full, tags: { totalCount: expect.any(Number) } } });

describe('clients as their users set them up', () => {
  test('Apollo Client asks by POST', async () => {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: `${gateway.url}/graphql` }),
    });
    const { data } = await client.query({ query: gql(query), variables: variables() });
    expect(data).toMatchObject(answer());
    client.stop();
  });

  test('urql of a signed-in person asks by GET, whose token is the proof that no page of another site sent it', async () => {
    const methods: string[] = [];
    const urql = new Client({
      url: `${gateway.url}/graphql`,
      exchanges: [cacheExchange, fetchExchange],
      fetchOptions: { headers: { authorization: 'Bearer a.b.c' } },
      fetch: (input, init) => {
        methods.push(init?.method ?? 'GET');
        return fetch(input, init);
      },
    });
    const { data, error } = await urql.query(query, variables()).toPromise();
    expect(error).toBeUndefined();
    expect(data).toMatchObject(answer());
    expect(methods).toEqual(['GET']);
  });

  test('urql without a token is told which header is missing, or asks by POST', async () => {
    const client = (preferGetMethod: boolean) =>
      new Client({ url: `${gateway.url}/graphql`, exchanges: [fetchExchange], preferGetMethod });
    const refused = await client(true).query(query, variables()).toPromise();
    expect(refused.error?.message).toMatch(/CSRF|cross-site/i);
    const { data } = await client(false).query(query, variables()).toPromise();
    expect(data).toMatchObject(answer());
  });
});
