import { readdirSync, readFileSync } from 'node:fs';
import {
  getNamedType,
  Kind,
  parse,
  print,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { requiredScopesOf } from './directives.ts';
import { estimate, type Estimate, type EstimateInput } from './estimate.ts';

/** One operation of the catalogue, in the form of the user's document: when, what, key fields, scopes, worst cost. */
export interface CatalogueEntry {
  /** Name of the file in examples/operations. */
  readonly file: string;
  readonly name: string;
  readonly trigger: string;
  readonly action: string;
  readonly keyFields: string;
  readonly scopes: readonly string[];
  /** Upstream calls with nothing cached, a page of rows that lack their details. */
  readonly worst: Estimate;
  readonly text: string;
}

/** What decides the worst cost: see EstimateInput. */
export type CatalogueCosts = Pick<EstimateInput, 'rollUpLocations' | 'listingCalls'>;

const folder = new URL('../../examples/operations/', import.meta.url);

/** Every file of examples/operations, in the order of their names; scopes and cost are worked out from the schema. Throws when a
 * file lacks one of its three lines. */
export const readCatalogue = (schema: GraphQLSchema, costs: CatalogueCosts): CatalogueEntry[] =>
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
        scopes: scopesOf(schema, document),
        worst: estimate({ schema, operation, fragments: {}, variables: placeholders(operation), ...costs }),
        text: source.replace(/^#.*\n/gm, ''),
      };
    });

const operationOf = (document: DocumentNode): OperationDefinitionNode => {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('a file of the catalogue holds no operation');
  return operation;
};

// The most that a list variable is worth to one call, and anything for the others: only their number counts for the cost.
const placeholders = ({ variableDefinitions = [] }: OperationDefinitionNode): Record<string, unknown> =>
  Object.fromEntries(
    variableDefinitions.map(({ variable, type }) => [
      variable.name.value,
      print(type).startsWith('[') ? Array.from({ length: 100 }, (_, index) => `id${index}`) : 'x',
    ]),
  );

const scopesOf = (schema: GraphQLSchema, document: DocumentNode): string[] => {
  const scopes = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  const note = () => {
    const field = typeInfo.getFieldDef();
    if (field && getNamedType(typeInfo.getParentType())) {
      for (const scope of requiredScopesOf(schema, field)?.[0] ?? []) scopes.add(scope);
    }
  };
  visit(document, visitWithTypeInfo(typeInfo, { Field: note }));
  return [...scopes].sort();
};
