import {
  GraphQLError,
  Kind,
  visit,
  type DocumentNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationRule,
} from 'graphql';
import { fragmentsOf } from './fragments.ts';

/** The most that one document and its variables may hold. */
export interface DocumentLimits {
  /** Lexical tokens; the parser stops there. */
  readonly tokens: number;
  /** Fields within fields, fragments followed; introspection has 16. */
  readonly depth: number;
  /** Each time that a fragment is used. */
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  /** Items of one list, in the document and in variables. */
  readonly listItems: number;
  /** Of the variables as JSON in UTF-8. */
  readonly variablesBytes: number;
  readonly variablesDepth: number;
}

/** The usual question of tools for the schema nests 15: it follows a type through nine lists and non-nulls. */
const introspectionDepth = 16;
/** Selections, each fragment counted each time that it is used: what comes after validation looks at every one of them. A document
 * that repeats no fragment never has more than its tokens. */
const mostSelections = 5_000;
/** Fields that stand beside one of the same name. GraphQL compares each pair of them, with all that is below: 500 in 2,000 tokens took
 * 100 ms and more, 100 take 10. */
const mostRepeated = 100;
/** An alias stands in the answer as often as its field does: a name of 100 KB, a thousand times in a list, made an answer of 100 MB. */
const longestName = 100;
/** Fragments within fragments double a number at each level; nobody needs to read it out. */
const longestNumber = 1_000_000;

/** Refuses documents over the limits, one error for each limit; says numbers and nothing of the document. */
export const documentLimits =
  (limits: DocumentLimits): ValidationRule =>
  (context) => ({
    Document: (document) => {
      const exceeded = findingsOf(document, limits).filter(({ found, allowed }) => found > allowed);
      for (const { found, allowed, what } of exceeded) {
        const number = found > longestNumber ? `more than ${longestNumber}` : String(found);
        context.reportError(new GraphQLError(`The document has ${number} ${what}; ${allowed} are allowed.`));
      }
      // To a visitor null means that the node is taken away: no other rule walks through a document that is too large for it. False
      // means that this rule alone has seen enough.
      return exceeded.length > 0 ? null : false;
    },
  });

interface Finding {
  readonly found: number;
  readonly allowed: number;
  readonly what: string;
}

const findingsOf = (document: DocumentNode, limits: DocumentLimits): readonly Finding[] => {
  const { selections, depth, schemaDepth, aliases, topFields } = extentOf(document);
  const { directives, listItems, repeated, nameLength } = countsOf(document);
  return [
    { found: selections, allowed: Math.max(mostSelections, limits.tokens), what: 'selections with its fragments' },
    { found: depth, allowed: limits.depth, what: 'fields within fields' },
    { found: schemaDepth, allowed: introspectionDepth, what: 'fields within fields of introspection' },
    { found: aliases, allowed: limits.aliases, what: 'aliases' },
    { found: topFields, allowed: limits.rootFields, what: 'fields at the top of an operation' },
    { found: directives, allowed: limits.directives, what: 'directives' },
    { found: listItems, allowed: limits.listItems, what: 'items in one list' },
    { found: repeated, allowed: mostRepeated, what: 'fields beside one of the same name' },
    { found: nameLength, allowed: longestName, what: 'characters in one name' },
  ];
};

/** What a selection set amounts to once its fragments stand where they are used. */
interface Extent {
  readonly selections: number;
  readonly aliases: number;
  readonly topFields: number;
  readonly depth: number;
  /** Of the fields that have `__schema` or `__type` above them or are one. */
  readonly schemaDepth: number;
}

const none: Extent = { selections: 0, aliases: 0, topFields: 0, depth: 0, schemaDepth: 0 };

const beside = (one: Extent, other: Extent): Extent => ({
  selections: one.selections + other.selections,
  aliases: one.aliases + other.aliases,
  topFields: one.topFields + other.topFields,
  depth: Math.max(one.depth, other.depth),
  schemaDepth: Math.max(one.schemaDepth, other.schemaDepth),
});

const atMost = (one: Extent, other: Extent): Extent => ({
  ...beside(one, other),
  selections: Math.max(one.selections, other.selections),
  aliases: Math.max(one.aliases, other.aliases),
  topFields: Math.max(one.topFields, other.topFields),
});

// Of the operation that has most. Each node is looked at once: what a fragment amounts to is worked out at its first use.
const extentOf = (document: DocumentNode): Extent => {
  const fragments = fragmentsOf(document);
  const known = new Map<string, Extent>();
  const ofFragment = (name: string): Extent => {
    const extent = known.get(name);
    if (extent) return extent;
    known.set(name, none); // meets itself within itself: another rule says so
    const fragment = fragments.get(name);
    const found = fragment ? ofAll(fragment.selectionSet) : none;
    known.set(name, found);
    return found;
  };
  const ofAll = ({ selections }: SelectionSetNode): Extent =>
    selections.reduce((sum, selection) => beside(sum, ofOne(selection)), none);
  const ofOne = (selection: SelectionNode): Extent => {
    if (selection.kind === Kind.FIELD)
      return ofField(
        selection.name.value,
        selection.alias ? 1 : 0,
        selection.selectionSet ? ofAll(selection.selectionSet) : none,
      );
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT ? ofAll(selection.selectionSet) : ofFragment(selection.name.value);
    return { ...inner, selections: inner.selections + 1 };
  };
  return document.definitions
    .map((definition) => (definition.kind === Kind.OPERATION_DEFINITION ? ofAll(definition.selectionSet) : none))
    .reduce(atMost, none);
};

const ofField = (name: string, aliases: number, inner: Extent): Extent => {
  const isSchema = name === '__schema' || name === '__type';
  return {
    selections: inner.selections + 1,
    aliases: inner.aliases + aliases,
    topFields: 1,
    depth: isSchema ? 0 : inner.depth + 1,
    schemaDepth: isSchema ? inner.depth + 1 : inner.schemaDepth && inner.schemaDepth + 1,
  };
};

// These cost where they stand, however often a fragment is used.
const countsOf = (document: DocumentNode) => {
  let [directives, listItems, repeated, nameLength] = [0, 0, 0, 0];
  visit(document, {
    Directive: () => void (directives += 1),
    Name: ({ value }) => void (nameLength = Math.max(nameLength, value.length)),
    ListValue: ({ values }) => void (listItems = Math.max(listItems, values.length)),
    SelectionSet: (set, _key, parent) => {
      if (parent && 'kind' in parent && parent.kind === Kind.INLINE_FRAGMENT) return; // stands in the one around it
      const names = namesIn(set);
      repeated += names.length - new Set(names).size;
    },
  });
  return { directives, listItems, repeated, nameLength };
};

const namesIn = ({ selections }: SelectionSetNode): readonly string[] =>
  selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection.alias?.value ?? selection.name.value];
    return selection.kind === Kind.INLINE_FRAGMENT ? namesIn(selection.selectionSet) : [];
  });

// No variable and no field of an input object is called so; code that copies objects carelessly would write to prototypes.
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** What is wrong with the variables, in a sentence that names a limit and no value; null for nothing. Takes what JSON can hold, and
 * looks no further than the first problem. */
export const variablesProblem = (variables: unknown, limits: DocumentLimits): string | null => {
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value: variables, depth: 0 }]; // depth must not be the stack's
  let bytes = 0;
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (depth > limits.variablesDepth)
      return `The variables have more than ${limits.variablesDepth} values within values.`;
    if (Array.isArray(value) && value.length > limits.listItems)
      return `The variables have a list of ${value.length} items; ${limits.listItems} are allowed.`;
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : null;
    bytes += entries ? 2 + Math.max(0, entries.length - 1) : bytesOf(value); // brackets and commas
    for (const [name, inner] of entries ?? []) {
      if (forbiddenKeys.has(name)) return 'The variables have a name that no input of this graph has.';
      if (!Array.isArray(value)) bytes += bytesOf(name) + 1;
      waiting.push({ value: inner, depth: depth + 1 });
    }
    if (bytes > limits.variablesBytes) return `The variables are larger than ${limits.variablesBytes} bytes.`;
  }
  return null;
};

// As JSON writes it; undefined stands for no variables at all.
const bytesOf = (value: unknown): number => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
