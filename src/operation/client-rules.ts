import { GraphQLError, specifiedRules, type OperationTypeNode, type ValidationRule } from 'graphql';

/** GraphQL's rules, and that the graph has operations of this kind, which GraphQL leaves to the execution. */
export const clientRules: readonly ValidationRule[] = [
  ...specifiedRules,
  (context) => ({
    OperationDefinition: (node) => {
      if (context.getSchema().getRootType(node.operation)) return;
      context.reportError(new GraphQLError(noSuchKind(node.operation), { nodes: node }));
    },
  }),
];

/** What is said of an operation of a kind that the graph does not have. */
export const noSuchKind = (kind: OperationTypeNode): string => `This graph has no ${kind}s.`;
