import {
  getNamedType,
  isObjectType,
  Kind,
  print,
  TypeInfo,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { requiredScopesOf } from './directives.ts';
import { estimate, type Estimate, type EstimateInput } from './estimate.ts';
import { fragmentsOf } from './fragments.ts';

/** What decides the worst cost: see EstimateInput. */
export type CostSurroundings = Pick<EstimateInput, 'rollUpLocations' | 'listingCalls'>;

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
  readonly costs: CostSurroundings;
}

/** What a valid operation needs, whoever wrote it. */
export const needsOf = ({ schema, operation, document, costs }: Question): OperationNeeds => ({
  scopes: scopesOf(schema, document),
  worst: estimate({
    schema,
    operation,
    fragments: Object.fromEntries(fragmentsOf(document)),
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
