import { defaultFieldResolver, isObjectType, type GraphQLSchema } from 'graphql';
import { holdsScopes, type Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import type { GatewayContext } from '../resolvers/context.ts';
import { requiredScopesOf } from './directives.ts';

/** Puts a check before each field with `@requiresScopes`, on itself or on its type: without the scope it is null with FORBIDDEN, a
 * subscription does not begin, and no upstream call is spent. Whatever executes the schema runs into it, on whichever way. */
export const enforceScopes = (schema: GraphQLSchema): GraphQLSchema => {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const ofType = requiredScopesOf(schema, type);
    for (const field of Object.values(type.getFields())) {
      const demands = [ofType, requiredScopesOf(schema, field)].filter((one) => one !== null);
      if (demands.length === 0) continue;
      const { resolve = defaultFieldResolver, subscribe } = field;
      field.resolve = (parent, args, context: GatewayContext, info): unknown => {
        demand(context.caller, demands, info.fieldName);
        return resolve(parent, args, context, info);
      };
      if (!subscribe) continue;
      field.subscribe = (parent, args, context: GatewayContext, info): unknown => {
        demand(context.caller, demands, info.fieldName);
        return subscribe(parent, args, context, info);
      };
    }
  }
  return schema;
};

/** All lists must be met: of each one the outer list is OR, the inner one AND. */
const demand = (caller: Caller, demands: readonly (readonly (readonly string[])[])[], fieldName: string): void => {
  const unmet = demands.find((alternatives) => !holdsScopes(caller, alternatives));
  if (unmet === undefined) return;
  const wanted = unmet.map((all) => all.join(' and ')).join(', or ');
  throw new GatewayError('FORBIDDEN', { message: `\`${fieldName}\` needs the scope ${wanted}.` });
};
