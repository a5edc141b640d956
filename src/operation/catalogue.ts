import { readdirSync, readFileSync } from 'node:fs';
import {
  getNamedType,
  isObjectType,
  Kind,
  parse,
  print,
  TypeInfo,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { requiredScopesOf } from './directives.ts';
import { estimate, type Estimate, type EstimateInput } from './estimate.ts';

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
        ...needsOf({ schema, operation, document, costs }),
        text: source.replace(/^#.*\n/gm, ''),
      };
    });

const operationOf = (document: DocumentNode): OperationDefinitionNode => {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('a file of the catalogue holds no operation');
  return operation;
};

/** What an operation asks of its caller and of upstream. */
export interface OperationNeeds {
  /** The first of each choice that the schema gives. */
  readonly scopes: readonly string[];
  /** With nothing cached, and with variables of the sizes below. */
  readonly worst: Estimate;
}

interface Question {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  /** The operation and the fragments that it uses, and no others: all of it is taken to be asked for. */
  readonly document: DocumentNode;
  readonly costs: CatalogueCosts;
}

/** What a valid operation needs, whoever wrote it. */
export const needsOf = ({ schema, operation, document, costs }: Question): OperationNeeds => ({
  scopes: scopesOf(schema, document),
  worst: estimate({
    schema,
    operation,
    fragments: Object.fromEntries(
      document.definitions
        .filter((definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map((fragment) => [fragment.name.value, fragment]),
    ),
    variables: Object.fromEntries((operation.variableDefinitions ?? []).map((one) => [nameOf(one), standInFor(one)])),
    ...costs,
  }),
});

/** What a list counts as that comes in a variable without a default, and so does a page size: the largest page, the fullest call. */
export const unknownSize = 100;

const nameOf = ({ variable }: VariableDefinitionNode): string => variable.name.value;

// Sizes cost, and so does it whether two things are the same: what comes in different variables counts as different.
const standInFor = (definition: VariableDefinitionNode): unknown => {
  const { defaultValue } = definition;
  if (defaultValue && defaultValue.kind !== Kind.NULL) return valueFromASTUntyped(defaultValue);
  const type = print(definition.type);
  const name = `$${nameOf(definition)}`;
  if (type.startsWith('[')) return Array.from({ length: unknownSize }, (_, index) => `${name} ${index}`);
  return /^Int!?$/.test(type) ? unknownSize : name;
};

const scopesOf = (schema: GraphQLSchema, document: DocumentNode): string[] => {
  const scopes = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  const note = () => {
    const field = typeInfo.getFieldDef();
    const type = getNamedType(typeInfo.getParentType());
    for (const guarded of [field, isObjectType(type) ? type : null])
      for (const scope of (guarded && requiredScopesOf(schema, guarded)?.[0]) ?? []) scopes.add(scope);
  };
  visit(document, visitWithTypeInfo(typeInfo, { Field: note }));
  return [...scopes].sort();
};
