// What a client is going to ask, looked at before it does.
import {
  GraphQLError,
  Kind,
  NoDeprecatedCustomRule,
  parse,
  print,
  Source,
  validate,
  visit,
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { clientRules } from './client-rules.ts';
import { costProblem, type CostLimits } from './cost-limits.ts';
import { documentLimits, type DocumentLimits } from './document-limits.ts';
import { fragmentsOf, type Fragments } from './fragments.ts';
import { readManifests, type ManifestFile } from './manifests.ts';
import { needsOf, type OperationNeeds } from './needs.ts';

/** Something about a place in a file; of a document in a manifest, the place in its text. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** An operation of a client. */
export interface ClientOperation {
  readonly name: string;
  readonly file: string;
  /** Null where it is not valid. */
  readonly needs: OperationNeeds | null;
}

/** What is to be said of a client's operations. */
export interface CheckedOperations {
  readonly operations: readonly ClientOperation[];
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What a client has. */
export interface ClientFiles {
  /** Of GraphQL; fragments may be in other files than their operations. */
  readonly sources: readonly { readonly file: string; readonly text: string }[];
  readonly manifests: readonly ManifestFile[];
}

/** What operations are held against. */
export interface Yardstick {
  readonly schema: GraphQLSchema;
  readonly documentLimits: DocumentLimits;
  readonly costLimits: CostLimits;
}

/** Holds each operation against the schema, the limits of documents and the limits of cost. */
export const checkOperations = ({ sources, manifests }: ClientFiles, yardstick: Yardstick): CheckedOperations => {
  const notes = createNotes();
  const definitions = sources.flatMap(({ file, text }) => executable(parsed(file, text, notes), notes));
  const fragments = gatherFragments(definitions, notes);
  const used = new Set<string>();
  const operations = definitions.filter(isOperation).map((operation) => {
    const document = withFragments(operation, fragments);
    for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) used.add(one.name.value);
    return check({ operation, document, sent: document, text: print(document) }, yardstick, notes);
  });
  for (const [name, fragment] of fragments)
    if (!used.has(name)) notes.warn(placeOf(fragment), `No operation uses the fragment ${name}.`);
  const listed = readManifests(manifests);
  for (const { file, message } of listed.problems) notes.problem({ ...start, file }, message);
  for (const { file, message } of listed.strangers) notes.warn({ ...start, file }, `Passed over: it ${message}`);
  for (const [id, { file, text }] of listed.documents)
    operations.push(...checkDocument(`${file}#${shortId(id)}`, text, yardstick, notes));
  return { operations, ...notes.all() };
};

// As much of a hash as the log has.
const shortId = (id: string): string => (/^[0-9a-f]{32,}$/i.test(id) ? id.slice(0, 16) : id);

// The operations of a document that a manifest lists.
const checkDocument = (file: string, text: string, yardstick: Yardstick, notes: Notes): readonly ClientOperation[] => {
  const definitions = parsed(file, text, notes);
  const sent = { kind: Kind.DOCUMENT, definitions } as const;
  const fragments = fragmentsOf(sent);
  const operations = definitions.filter(isOperation);
  if (definitions.length > 0 && operations.length === 0) notes.problem({ ...start, file }, 'There is no operation.');
  return operations.map((operation) => {
    const document = withFragments(operation, fragments);
    return check({ operation, document, sent, text }, yardstick, notes);
  });
};

interface Subject {
  readonly operation: OperationDefinitionNode;
  /** The operation and the fragments that it uses. */
  readonly document: DocumentNode;
  /** With whatever else comes with it. */
  readonly sent: DocumentNode;
  /** The same as text, or near enough to count its tokens. */
  readonly text: string;
}

const check = (
  { operation, document, sent, text }: Subject,
  { schema, documentLimits: limits, costLimits }: Yardstick,
  notes: Notes,
): ClientOperation => {
  const place = placeOf(operation);
  const name = operation.name?.value ?? 'anonymous';
  const tell = (error: GraphQLError, note: Notes['warn']) => note(placeOfError(error) ?? place, error.message);
  const long = lengthProblem(text, limits);
  const errors = validate(schema, sent, [...clientRules, documentLimits(limits)], { maxErrors: 20 });
  for (const error of errors) tell(error, notes.problem);
  if (long !== null) notes.problem(place, `${name}: ${long}`);
  if (errors.length > 0) return { name, file: place.file, needs: null };
  for (const error of validate(schema, sent, [NoDeprecatedCustomRule])) tell(error, notes.warn);
  const needs = needsOf({ schema, operation, document, costs: costLimits });
  const dear = costProblem(needs.worst, costLimits);
  if (dear !== null) notes.problem(place, `${name} ${dear}`);
  return { name, file: place.file, needs };
};

const lengthProblem = (text: string, { tokens }: DocumentLimits): string | null => {
  try {
    parse(text, { maxLexicalTokens: tokens, noLocation: true });
    return null;
  } catch (error) {
    return error instanceof GraphQLError ? error.message : 'cannot be parsed.';
  }
};

const parsed = (file: string, text: string, notes: Notes): readonly DefinitionNode[] => {
  try {
    return parse(new Source(text, file)).definitions;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    notes.problem(placeOfError(error) ?? { ...start, file }, error.message);
    return [];
  }
};

// Files of clients may describe types as well, documents that are sent may not.
const executable = (definitions: readonly DefinitionNode[], notes: Notes): readonly DefinitionNode[] => {
  const other = definitions.find((one) => !isOperation(one) && !isFragment(one));
  if (other) notes.warn(placeOf(other), 'Definitions of types are passed over.');
  return definitions.filter((one) => isOperation(one) || isFragment(one));
};

const gatherFragments = (definitions: readonly DefinitionNode[], notes: Notes): Fragments => {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const fragment of definitions.filter(isFragment)) {
    const name = fragment.name.value;
    const before = fragments.get(name);
    if (before) notes.problem(placeOf(fragment), `The fragment ${name} is in ${placeOf(before).file}, too.`);
    else fragments.set(name, fragment);
  }
  return fragments;
};

// As a client sends it: the operation, and the fragments that it uses, be it through others. Those that are missing, validation names.
const withFragments = (operation: OperationDefinitionNode, fragments: Fragments): DocumentNode => {
  const used = new Set<FragmentDefinitionNode>();
  const follow = (definition: DefinitionNode): void => {
    visit(definition, {
      FragmentSpread: ({ name }) => {
        const fragment = fragments.get(name.value);
        if (!fragment || used.has(fragment)) return;
        used.add(fragment);
        follow(fragment);
      },
    });
  };
  follow(operation);
  return { kind: Kind.DOCUMENT, definitions: [operation, ...used] };
};

const isOperation = (one: DefinitionNode): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION;
const isFragment = (one: DefinitionNode): one is FragmentDefinitionNode => one.kind === Kind.FRAGMENT_DEFINITION;

type Place = Omit<Finding, 'message'>;
const start = { line: 1, column: 1 };

const placeOf = ({ loc }: DefinitionNode): Place => ({
  file: loc?.source.name ?? '',
  line: loc?.startToken.line ?? 1,
  column: loc?.startToken.column ?? 1,
});

const placeOfError = ({ source, locations }: GraphQLError): Place | null => {
  const place = locations?.[0];
  return source && place ? { file: source.name, line: place.line, column: place.column } : null;
};

interface Notes {
  readonly problem: (place: Place, message: string) => void;
  readonly warn: (place: Place, message: string) => void;
  readonly all: () => Pick<CheckedOperations, 'problems' | 'warnings'>;
}

// A mistake in a fragment is found with every operation that uses it, and told once.
const createNotes = (): Notes => {
  const problems = new Map<string, Finding>();
  const warnings = new Map<string, Finding>();
  const into = (findings: Map<string, Finding>) => (place: Place, message: string) => {
    const finding = { ...place, message };
    findings.set(JSON.stringify(finding), finding);
  };
  return {
    problem: into(problems),
    warn: into(warnings),
    all: () => ({ problems: [...problems.values()], warnings: [...warnings.values()] }),
  };
};
