// What a document costs to parse, to validate and to estimate that stands exactly at a limit; what one costs that is ten times as large,
// with the limits off; and what it costs to refuse that. The limits in settings-callers.ts and docs/security.md refer to this table.
import {
  getOperationAST,
  getVariableValues,
  Kind,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
} from 'graphql';
import { readConfig } from '../src/config.ts';
import { documentLimits, variablesProblem, type DocumentLimits } from '../src/operation/document-limits.ts';
import { estimate } from '../src/operation/estimate.ts';
import { createSchema, readTypeDefs } from '../src/operation/schema.ts';
import { quantile } from './table.ts';

const repeats = 25;
const schema = createSchema(readTypeDefs());
const defaults = readConfig({ UPSTREAM: 'sandbox' }).documentLimits;
/** Selections with fragments have no setting: this many, or as many as tokens. */
const selections = 5_000;

const repeat = (count: number, write: (index: number) => string): string =>
  Array.from({ length: Math.floor(count) }, (_, index) => write(index)).join(' ');
const own = (fields: string): string => `{ location(id: "a") { ${fields} } }`;

interface Question {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The worst shapes that were found, each of a size: GraphQL compares fields of one name in pairs, so that is what most of them do. */
const shapes: readonly {
  readonly limit: string;
  readonly allowed: number;
  readonly ask: (size: number) => Question;
}[] = [
  {
    limit: 'tokens: pairs of fragments',
    allowed: defaults.tokens,
    ask: (size) => ({
      document: `${own(`${repeat((size - 23) / 14, (i) => `...F${i}`)} quota { ...G }`)} fragment G on UpstreamQuota { mode } ${repeat((size - 23) / 14, (i) => `fragment F${i} on Location { quota { ...G } }`)}`,
    }),
  },
  {
    limit: 'tokens: unknown fields',
    allowed: defaults.tokens,
    ask: (size) => ({ document: own(repeat(size - 12, (i) => `statistic${i}`)) }),
  },
  {
    limit: 'fields within fields',
    allowed: defaults.depth,
    ask: (size) => {
      const levels = Math.floor((size - 2) / 3);
      return {
        document: own(`${'tags(first: 1) { nodes { location { '.repeat(levels)} id ${'} } } '.repeat(levels)}`),
      };
    },
  },
  {
    limit: 'aliases',
    allowed: defaults.aliases,
    ask: (size) => ({
      document: own(repeat(size, (i) => `a${i}: tags(first: ${i % 100}, search: "a${i}") { totalCount }`)),
    }),
  },
  {
    limit: 'fields at the top',
    allowed: defaults.rootFields,
    ask: (size) => ({ document: `{ ${repeat(size, (i) => `a${i}: location(id: "a${i}") { tags { totalCount } }`)} }` }),
  },
  {
    limit: 'directives',
    allowed: defaults.directives,
    ask: (size) => ({ document: own(repeat(size / 2, (i) => `a${i}: id @skip(if: false) @include(if: true)`)) }),
  },
  {
    limit: 'items of a list',
    allowed: defaults.listItems,
    ask: (size) => ({ document: own(`tagDetails(ids: [${repeat(size, (i) => `"t${i}"`)}]) { id }`) }),
  },
  {
    limit: 'size of variables',
    allowed: defaults.variablesBytes,
    ask: (size) => ({
      document: 'query ($ids: [ID!]!) { location(id: "a") { tagDetails(ids: $ids) { id } } }',
      variables: { ids: Array.from({ length: 1_000 }, () => 'x'.repeat(size / 1_000 - 4)) },
    }),
  },
  {
    limit: 'values within values of variables',
    allowed: defaults.variablesDepth,
    ask: (size) => ({
      document: '{ viewer { kind } }',
      variables: Array.from({ length: size - 1 }).reduce<Record<string, unknown>>((inner) => ({ a: inner }), { a: 1 }),
    }),
  },
  {
    limit: 'fields of one name',
    allowed: 100,
    ask: (size) => ({ document: own('quota { mode } '.repeat(size + 1)) }),
  },
  {
    limit: 'selections with fragments',
    allowed: selections,
    ask: (size) => ({
      document: `${own('...A '.repeat(50))} fragment A on Location { ${'...B '.repeat(size / 350)} } fragment B on Location { quota { mode observedAt burst { limit } } name }`,
    }),
  },
];

// From text to estimate, in Apollo's order. Gives what it was refused for; limits null are none.
const handle = ({ document: text, variables = {} }: Question, limits: DocumentLimits | null): readonly string[] => {
  const most = limits?.tokens;
  const document = parse(text, { maxLexicalTokens: most, maxComments: most });
  const rules = [...specifiedRules, ...(limits ? [documentLimits(limits)] : [])];
  const errors = validate(schema, document, rules, { maxErrors: 5 });
  if (errors.length > 0) return errors.map(({ message }) => message);
  const problem = limits && variablesProblem(variables, limits);
  if (problem === null) estimateOf(document, variables);
  return problem === null ? [] : [problem];
};

const estimateOf = (document: DocumentNode, given: Readonly<Record<string, unknown>>): void => {
  const operation = getOperationAST(document);
  if (!operation) return;
  const fragments = Object.fromEntries(
    document.definitions
      .filter((definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const { coerced: variables = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
  estimate({ schema, operation, fragments, variables, rollUpLocations: 50, listingCalls: 10 });
};

const costMs = (question: Question, limits: DocumentLimits | null): number =>
  quantile(
    Array.from({ length: repeats }, () => {
      const startedAt = performance.now();
      reasonsOf(question, limits);
      return performance.now() - startedAt;
    }),
  );

// The parser throws what it refuses.
const reasonsOf = (question: Question, limits: DocumentLimits | null): readonly string[] => {
  try {
    return handle(question, limits);
  } catch (error) {
    return [String(error)];
  }
};

const isOfLimits = (message: string): boolean =>
  / are allowed\.|are larger than|values within values|tokens/.test(message);
const shown = (ms: number): string => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0));

const headings = [
  'limit',
  'default',
  'cost of a document at it (ms)',
  'cost at ten times (ms)',
  'refused at ten times (ms)',
];
console.log(`| ${headings.join(' | ')} |\n|${' --- |'.repeat(headings.length)}`);
for (const { limit, allowed, ask } of shapes) {
  const [at, beyond] = [ask(allowed), ask(10 * allowed)];
  const wrongly = reasonsOf(at, defaults).find(isOfLimits);
  if (wrongly !== undefined) throw new Error(`${limit}: not at the limit, but over one. ${wrongly}`);
  if (!reasonsOf(beyond, defaults).some(isOfLimits)) throw new Error(`${limit}: ten times as much was not refused`);
  const costs = [costMs(at, defaults), costMs(beyond, null), costMs(beyond, defaults)].map(shown);
  console.log(`| ${[limit, allowed, ...costs].join(' | ')} |`);
}
