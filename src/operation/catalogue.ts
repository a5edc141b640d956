import { readdirSync, readFileSync } from 'node:fs';
import { Kind, parse, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql';
import { needsOf, type CostSurroundings, type OperationNeeds } from './needs.ts';

/** One operation of the catalogue, in the form of the user's document: when, what, key fields, scopes, worst cost. */
export interface CatalogueEntry extends OperationNeeds {
  /** Name of the file in examples/operations. */
  readonly file: string;
  readonly name: string;
  readonly trigger: string;
  readonly action: string;
  readonly keyFields: string;
  readonly text: string;
}

const folder = new URL('../../examples/operations/', import.meta.url);

/** Every file of examples/operations, in the order of their names; scopes and cost are worked out from the schema. Throws when a
 * file lacks one of its three lines. */
export const readCatalogue = (schema: GraphQLSchema, costs: CostSurroundings): CatalogueEntry[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .sort()
    .map((file) => {
      const source = readFileSync(new URL(file, folder), 'utf8');
      const document = parse(source);
      const operation = operationOf(document);
      const line = (label: string): string => {
        const found = new RegExp(`^# ${label}: (.+)$`, 'm').exec(source)?.[1];
        if (found === undefined) throw new Error(`examples/operations/${file} has no line "# ${label}: …"`);
        return found;
      };
      return {
        file,
        name: operation.name?.value ?? file,
        trigger: line('Trigger'),
        action: line('Action'),
        keyFields: line('Key fields'),
        ...needsOf({ schema, operation, document, costs }),
        text: source.replace(/^#.*\n/gm, ''),
      };
    });

const operationOf = (document: DocumentNode): OperationDefinitionNode => {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('a file of the catalogue holds no operation');
  return operation;
};
