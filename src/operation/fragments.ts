import { Kind, type DocumentNode, type FragmentDefinitionNode } from 'graphql';

/** By name. A map, because a document that nobody has validated may use names such as `constructor`. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** The fragments of a document; of two with one name the last. */
export const fragmentsOf = ({ definitions }: Pick<DocumentNode, 'definitions'>): Fragments =>
  new Map(
    definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [])),
  );
