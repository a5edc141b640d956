import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, parse, subscribe } from 'graphql';
import { describe, expect, test } from '@jest/globals';
import { enforceScopes } from '../../src/operation/scopes.ts';
import { readTypeDefs } from '../../src/operation/schema.ts';

const directives = readTypeDefs().filter((text) => text.includes('directive @requiresScopes'));

/** A graph with a scope in each place where one can stand; says which of its resolvers ran. */
const graph = () => {
  const ran: string[] = [];
  const resolver = (name: string) => () => {
    ran.push(name);
    return { inner: name };
  };
  const typeDefs = `
    type Query {
      free: Thing
      one: Thing @requiresScopes(scopes: [["a"]])
      either: Thing @requiresScopes(scopes: [["a", "b"], ["c"]])
      whole: Guarded
    }
    type Thing { inner: String }
    type Guarded @requiresScopes(scopes: [["a"]]) { inner: String twice: String @requiresScopes(scopes: [["b"]]) }
    type Subscription { changes: Thing @requiresScopes(scopes: [["a"]]) }
  `;
  const resolvers = {
    Query: Object.fromEntries(['free', 'one', 'either', 'whole'].map((name) => [name, resolver(name)])),
    Guarded: { inner: resolver('Guarded.inner'), twice: resolver('Guarded.twice') },
    Subscription: {
      changes: {
        subscribe: async function* () {
          ran.push('subscribed');
          yield await Promise.resolve({ changes: { inner: 'first' } });
        },
      },
    },
  };
  return { ran, schema: enforceScopes(makeExecutableSchema({ typeDefs: [...directives, typeDefs], resolvers })) };
};

const caller = (...scopes: string[]) => ({ caller: { scopes } });

describe('a field that needs a scope', () => {
  test.each<[string, readonly string[], string[]]>([
    ['{ free { inner } }', [], ['free']],
    ['{ one { inner } }', [], []],
    ['{ one { inner } }', ['a'], ['one']],
    ['{ one { inner } }', ['A', 'a.b', ' a'], []],
    ['{ either { inner } }', ['a'], []],
    ['{ either { inner } }', ['a', 'b'], ['either']],
    ['{ either { inner } }', ['c'], ['either']],
    ['{ again: one { inner } ...f } fragment f on Query { more: one { inner } }', [], []],
    ['{ whole { inner } }', ['b'], ['whole']],
    ['{ whole { twice } }', ['a'], ['whole']],
    ['{ whole { twice } }', ['a', 'b'], ['whole', 'Guarded.twice']],
  ])('%s with %j runs %j', async (source, scopes, expected) => {
    const { schema, ran } = graph();
    await graphql({ schema, source, contextValue: caller(...scopes) });
    expect(ran).toEqual(expected);
  });

  test('keeps a subscription from beginning', async () => {
    const { schema, ran } = graph();
    const document = parse('subscription { changes { inner } }');
    const refused = await subscribe({ schema, document, contextValue: caller() });
    expect(refused).toMatchObject({ errors: [{ originalError: { code: 'FORBIDDEN' } }] });
    expect(ran).toEqual([]);
    const begun = await subscribe({ schema, document, contextValue: caller('a') });
    expect(begun).toHaveProperty('next');
  });
});
