import { getDirectiveValues, type GraphQLField, type GraphQLObjectType, type GraphQLSchema } from 'graphql';

/** What `@upstream` of a field says; null where it has none. */
export interface UpstreamField {
  readonly endpoint: string;
  /** Keys that one call carries. */
  readonly batchLimit: number;
}

/** Reads `@upstream`. */
export const upstreamOf = (
  schema: GraphQLSchema,
  { astNode }: GraphQLField<unknown, unknown>,
): UpstreamField | null => {
  const directive = schema.getDirective('upstream');
  const given = directive && astNode && getDirectiveValues(directive, astNode);
  return given ? { endpoint: String(given['endpoint']), batchLimit: Number(given['batchLimit']) } : null;
};

/** Reads `@requiresScopes` of a field or of a type: outer list OR, inner list AND; null where it has none. */
export const requiredScopesOf = (
  schema: GraphQLSchema,
  { astNode }: Pick<GraphQLField<unknown, unknown> | GraphQLObjectType, 'astNode'>,
): readonly (readonly string[])[] | null => {
  const directive = schema.getDirective('requiresScopes');
  const given = directive && astNode && getDirectiveValues(directive, astNode);
  return given ? (given['scopes'] as readonly (readonly string[])[]) : null;
};
