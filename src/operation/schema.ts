import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { resolvers } from '../resolvers/index.ts';
import { enforceScopes } from './scopes.ts';

const folder = new URL('../../schema/', import.meta.url);

/** The contract: every SDL file, in the order of their names. */
export const readTypeDefs = (): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));

/** The contract with its resolvers, and scopes enforced. Throws when a resolver has no field. */
export const createSchema = (typeDefs = readTypeDefs()): GraphQLSchema =>
  enforceScopes(makeExecutableSchema({ typeDefs, resolvers }));
