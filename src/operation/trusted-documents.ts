import { setImmediate as turn } from 'node:timers/promises';
import { GraphQLError, Kind, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Log } from '../observe/log.ts';
import { clientRules } from './client-rules.ts';
import { hashOf, idOf, listManifests, quotedId, readListed, readManifests, type Listing } from './manifests.ts';

/** Documents of clients that were known before they were sent. Ids may be anybody's text: `__proto__` is one like any other. */
export interface TrustedDocuments {
  /** What becomes of documents that are in no manifest: `off` and `log` execute them, `only` does not. */
  readonly mode: 'off' | 'log' | 'only';
  /** By `sha256:` and hexadecimal, by the hexadecimal alone, or by whatever else a manifest has for an id. */
  readonly textOf: (id: string) => string | null;
  /** Letter by letter. */
  readonly has: (text: string) => boolean;
  /** Operation names in manifests: few enough, and harmless enough, to count by. */
  readonly names: () => ReadonlySet<string>;
  /** In mode `log`, a line about a text that is in no manifest; one for each text. */
  readonly note: (text: string) => void;
  /** Looks at the folder no more. */
  readonly close: () => void;
}

/** Where trusted documents come from. */
export interface TrustedDocumentsOptions {
  /** Null for none. */
  readonly folder: string | null;
  readonly mode: TrustedDocuments['mode'];
  readonly schema: GraphQLSchema;
  readonly log: Log;
}

/** Kubernetes puts new files in place by turning a link round, which fs.watch does not see. */
const pollMs = 2_000;
const mostDocuments = 10_000;
const mostTold = 20;
const mostNoted = 10_000;
/** Validated in one go, some milliseconds; then whoever waits for an answer has a turn. */
const atOnce = 20;

/** Reads the manifests now and whenever they change. Rejects with an Error of one line for each problem; later a problem is logged, and
 * what was read before stays in force. */
export const createTrustedDocuments = async ({
  folder,
  mode,
  schema,
  log,
}: TrustedDocumentsOptions): Promise<TrustedDocuments> => {
  const noted = new LRUCache<string, true>({ max: mostNoted });
  let current: DocumentSet = { texts: new Map(), operations: new Map(), names: new Set() };
  let seen = '';
  const look = async (): Promise<readonly string[]> => {
    if (folder === null) return [];
    const listing = await listManifests(folder);
    if (listing.mark === seen) return [];
    seen = listing.mark; // as it was before reading: what changes meanwhile is seen the next time
    if (listing.problem !== null) return [`PERSISTED_DOCUMENTS: ${listing.problem}`];
    const { problems, set } = await readSet(listing, { schema, known: current.operations });
    if (problems.length > 0) return problems;
    current = set;
    log.info('trusted documents read', { documents: set.texts.size, files: listing.files.length });
    return [];
  };
  const problems = await look();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const lookAgain = async () => {
    const found = await look();
    if (found.length > 0) log.error('trusted documents not read: those from before stay in force', { problems: found });
  };
  return {
    mode,
    textOf: (id) => current.texts.get(idOf(id)) ?? null,
    has: (text) => current.operations.has(text),
    names: () => current.names,
    note: (text) => {
      if (mode !== 'log' || current.operations.has(text)) return;
      const hash = hashOf(text);
      if (!noted.has(hash)) log.warn('document in no manifest', { hash });
      noted.set(hash, true);
    },
    close: folder === null ? () => undefined : poll(lookAgain, log),
  };
};

// Never two at a time. Gives back what ends it.
const poll = (work: () => Promise<void>, log: Log): (() => void) => {
  let isAtWork = false;
  const timer = setInterval(() => {
    if (isAtWork) return;
    isAtWork = true;
    work()
      .catch((error: unknown) => log.bug('trusted documents not looked at', error))
      .finally(() => (isAtWork = false));
  }, pollMs);
  timer.unref();
  return () => clearInterval(timer);
};

interface DocumentSet {
  /** By id. */
  readonly texts: ReadonlyMap<string, string>;
  /** Names of the operations of each text. */
  readonly operations: ReadonlyMap<string, readonly string[]>;
  readonly names: ReadonlySet<string>;
}

interface Validity {
  readonly schema: GraphQLSchema;
  /** Texts that were found valid before, as `operations` of a set. */
  readonly known: DocumentSet['operations'];
}

interface SetRead {
  readonly problems: readonly string[];
  readonly set: DocumentSet;
}

const readSet = async (listing: Listing, { schema, known }: Validity): Promise<SetRead> => {
  const { documents, problems, strangers } = readManifests(await readListed(listing));
  const found = [...problems, ...strangers].map(({ file, message }) => `${file}: ${message}`);
  const isTooMuch = documents.size > mostDocuments;
  if (isTooMuch) found.push(`There are ${documents.size} documents in the manifests; ${mostDocuments} are allowed.`);
  const texts = new Map<string, string>();
  const operations = new Map<string, readonly string[]>();
  for (const [id, { file, text }] of isTooMuch ? [] : documents) {
    const names = operations.get(text) ?? known.get(text);
    const looked = names ? { names, problem: null } : examined(text, schema);
    if (looked.problem !== null) found.push(`${file}: document ${quotedId(id)}: ${looked.problem}`);
    else operations.set(text, looked.names);
    texts.set(id, text);
    if (!names && operations.size % atOnce === 0) await turn();
  }
  return { problems: shortened(found), set: { texts, operations, names: new Set([...operations.values()].flat()) } };
};

interface Examined {
  readonly names: readonly string[];
  readonly problem: string | null;
}

const examined = (text: string, schema: GraphQLSchema): Examined => {
  try {
    const document = parse(text);
    const error = validate(schema, document, clientRules, { maxErrors: 1 })[0];
    return { names: namesIn(document), problem: error ? described(error) : null };
  } catch (error) {
    return { names: [], problem: error instanceof GraphQLError ? described(error) : 'cannot be parsed.' };
  }
};

const described = ({ message, locations }: GraphQLError): string => {
  const { line, column } = locations?.[0] ?? { line: 1, column: 1 };
  return `${message} (${line}:${column})`;
};

const namesIn = ({ definitions }: DocumentNode): readonly string[] =>
  definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION && one.name ? [one.name.value] : []));

const shortened = (problems: readonly string[]): readonly string[] =>
  problems.length <= mostTold
    ? problems
    : [...problems.slice(0, mostTold), `… and ${problems.length - mostTold} more problems.`];
