import { defaultFieldResolver, isObjectType, type GraphQLSchema } from 'graphql';
import { holdsScopes } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import type { GatewayContext } from '../resolvers/context.ts';
import { requiredScopesOf } from './directives.ts';

/** Puts a check before each field with `@requiresScopes`: without the scope it is null with FORBIDDEN, and no upstream call is spent. */
export const enforceScopes = (schema: GraphQLSchema): GraphQLSchema => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const alternatives = requiredScopesOf(schema, field);
      if (alternatives === null) continue;
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (parent, args, context: GatewayContext, info): unknown => {
        if (holdsScopes(context.caller, alternatives)) return resolve(parent, args, context, info);
        const wanted = alternatives.map((all) => all.join(' and ')).join(', or ');
        throw new GatewayError('FORBIDDEN', { message: `\`${info.fieldName}\` needs the scope ${wanted}.` });
      };
    }
  }
  return schema;
};
