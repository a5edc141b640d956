import { hash } from 'node:crypto';
import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { upstreamOf } from './directives.ts';

/** The most upstream calls that an operation can cost with nothing cached. */
export interface Estimate {
  readonly total: number;
  /** Of the location that costs most. */
  readonly perLocation: number;
  /** The most values that the answer can hold, each list taken at its full length. */
  readonly values: number;
  /** Locations that it names, each once; what lists of locations will hold is not known yet. */
  readonly locationIds: readonly string[];
}

/** What is needed to estimate an operation. */
export interface EstimateInput {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Locations over which account statistics are added up; 0 where upstream's own endpoint is asked. */
  readonly rollUpLocations: number;
  /** Calls that it takes to list the locations that the caller may read. */
  readonly listingCalls: number;
}

// One location, or one of a list of them: equal calls count once within it, and all of it counts `times`.
interface Scope {
  readonly times: number;
  /** Whether it is a list: any location may be in it. */
  readonly isList: boolean;
  readonly calls: Map<string, number>;
  readonly ids: Set<string>;
  /** Fields whose ids are in it. */
  readonly counted: Set<FieldNode>;
}
interface Place {
  readonly type: GraphQLObjectType;
  readonly scope: Scope;
  /** The page of tags that one is in: their details travel together. */
  readonly page: { readonly key: string; readonly size: number };
  /** How many objects of that type the answer can hold here. */
  readonly objects: number;
}

const batch = 100;
const oneLocation = 'location ';
const noPage = { key: '', size: 1 };

// Lengths of the lists that carry no size of their own: days of the longest preset, platforms, and what else comes in lists.
const listLengths: Readonly<Record<string, number>> = { series: 90, byPlatform: 9 };
const usualLength = 20;

/** Counts calls for each location, as upstream does: 20 locations × 50 tags is 20 detail calls, not 10. */
export const estimate = (input: EstimateInput): Estimate => {
  const scopes = new Map<string, Scope>();
  const scopeOf = (key: string, times: number, isList = false): Scope => {
    const scope = scopes.get(key) ?? { times, isList, calls: new Map(), ids: new Set(), counted: new Set() };
    scopes.set(key, scope);
    return scope;
  };
  const company = scopeOf('company', 1);
  let values = 0;
  const visitedAt = createVisits(input);

  const scopeFor = (type: GraphQLObjectType, { args, key }: Visited, from: Place): Scope => {
    if (type.name === 'LocationConnection') return scopeOf(`locations ${key}`, pageSizeOf(args), true);
    if (type.name !== 'Location') return from.scope;
    if (from.type.name === 'Query') return scopeOf(`${oneLocation}${String(args['id'])}`, 1);
    return from.type.name === 'StatisticsWarning'
      ? scopeOf('locations of warnings', Math.max(1, input.rollUpLocations), true)
      : from.scope;
  };
  const enter = (type: GraphQLObjectType, visited: Visited, from: Place): Place => {
    const { args, key } = visited;
    const isPage = type.name === 'TagConnection' || type.name === 'LocationConnection';
    const page = isPage ? { key, size: pageSizeOf(args) } : from.page;
    const objects = from.objects * lengthOf(visited, from);
    return { type, scope: scopeFor(type, visited, from), page, objects };
  };

  const walk = (selections: SelectionSetNode, place: Place): void => {
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) visit(selection, place);
      else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet, place);
      else {
        const fragment = input.fragments[selection.name.value];
        if (fragment) walk(fragment.selectionSet, place);
      }
    }
  };
  const visit = (node: FieldNode, place: Place): void => {
    const field = place.type.getFields()[node.name.value];
    if (!field) return;
    const visited = visitedAt(field, node);
    if (visited === null) return;
    values += place.objects;
    count(input, visited, place);
    const type = getNamedType(field.type);
    if (node.selectionSet && isObjectType(type)) walk(node.selectionSet, enter(type, visited, place));
  };

  const root = input.schema.getRootType(input.operation.operation);
  if (root) walk(input.operation.selectionSet, { type: root, scope: company, page: noPage, objects: 1 });
  return { ...sumUp([...scopes.values()], company), values, locationIds: idsIn(scopes) };
};

const idsIn = (scopes: ReadonlyMap<string, Scope>): readonly string[] =>
  [...scopes.keys()].flatMap((key) => (key.startsWith(oneLocation) ? [key.slice(oneLocation.length)] : []));

type Args = Readonly<Record<string, unknown>>;

// A field where it stands in the document, with the arguments that it was given.
interface Visited {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly args: Args;
  /** The same for equal questions. */
  readonly key: string;
}

// A fragment may be used a thousand times, and its arguments be long: they are worked out once.
const createVisits = (input: EstimateInput) => {
  const seen = new Map<FieldNode, Visited | null>();
  return (field: Visited['field'], node: FieldNode): Visited | null => {
    const known = seen.get(node);
    if (known !== undefined) return known;
    const args = argumentsOf(field, node, input);
    const visited = args && { field, node, args, key: fieldKey(node, args) };
    seen.set(node, visited);
    return visited;
  };
};

// Null where an argument is not acceptable, a null through a variable above all: execution words that error, and the field costs nothing.
const argumentsOf = (
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  { variables }: EstimateInput,
): Args | null => {
  try {
    return getArgumentValues(field, node, variables);
  } catch {
    return null;
  }
};

const lengthOf = ({ field, args }: Visited, { type, page }: Place): number => {
  if (!isListType(getNullableType(field.type))) return 1;
  if (type.name.endsWith('Connection')) return page.size;
  const ids = args['ids'];
  return Array.isArray(ids) ? ids.length : (listLengths[field.name] ?? usualLength);
};

const longestKey = 200;

const fieldKey = (node: FieldNode, args: Args): string => {
  const key = `${node.name.value} ${JSON.stringify(args)}`;
  return key.length > longestKey ? hash('sha256', key) : key;
};

// Others are refused when they are executed; until then they must not make the sum smaller.
const pageSizeOf = (args: Args): number => Math.min(100, Math.max(1, Number(args['first'])));

const count = (
  { schema, rollUpLocations, listingCalls }: EstimateInput,
  { field, node, args, key }: Visited,
  { scope, page }: Place,
): void => {
  const upstream = upstreamOf(schema, field);
  if (upstream === null) return;
  const { endpoint } = upstream;
  const add = (call: string, calls: number) => void scope.calls.set(call, Math.max(scope.calls.get(call) ?? 0, calls));
  if (field.name === 'accountStatistics')
    add(`accountStatistics ${key}`, rollUpLocations === 0 ? 1 : 3 * rollUpLocations + listingCalls);
  else if (endpoint === 'readTagDetails') {
    const ids = args['ids'] ?? args['id'];
    if (ids === undefined) add(`details of ${page.key}`, Math.ceil(page.size / batch));
    else if (!scope.counted.has(node)) for (const id of Array.isArray(ids) ? ids : [ids]) scope.ids.add(String(id));
    scope.counted.add(node);
  } else if (endpoint === 'readStatistics') {
    // Statistics need the accounts for their profiles and the location's record for its time zone.
    add('listAccounts', 1);
    add('readLocation', 1);
    add(key, Math.max(1, Math.ceil(profileCount(args) / batch)));
  } else if (endpoint === 'listTags') add(key, 1);
  else add(endpoint, endpoint === 'searchLocations' ? Math.max(1, listingCalls) : 1);
};

const profileCount = (args: Args): number => {
  const input = args['input'];
  const ids = typeof input === 'object' && input !== null && 'profileIds' in input ? input.profileIds : null;
  return Array.isArray(ids) ? ids.length : 1;
};

const sumUp = (scopes: readonly Scope[], company: Scope): Pick<Estimate, 'total' | 'perLocation'> => {
  const lists = scopes.filter(({ isList }) => isList);
  const single = scopes.filter((scope) => scope !== company && !scope.isList);
  const atWorst = [lists, ...single.map((scope) => [scope, ...lists])].map(together);
  return {
    total: scopes.reduce((sum, scope) => sum + scope.times * costOf(scope), 0),
    perLocation: Math.max(0, ...atWorst.map(costOf)),
  };
};

// What a location costs that is in all of them.
const together = (scopes: readonly Scope[]): Pick<Scope, 'calls' | 'ids'> => ({
  calls: new Map(scopes.flatMap(({ calls }) => [...calls])),
  ids: new Set(scopes.flatMap(({ ids }) => [...ids])),
});

const costOf = ({ calls, ids }: Pick<Scope, 'calls' | 'ids'>): number =>
  [...calls.values()].reduce((sum, n) => sum + n, 0) + Math.ceil(ids.size / batch);
