// Manifests: files in which the builds of clients list the documents that they will send. In use are a map of id to text (GraphQL
// Codegen's client preset, Relay's compiler) and Apollo's list (apollo-persisted-query-manifest, version 1).
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A manifest as it was read. */
export interface ManifestFile {
  readonly file: string;
  /** Null where it could not be read. */
  readonly json: string | null;
}

/** A document and the file that lists it. */
interface ManifestDocument {
  readonly file: string;
  readonly text: string;
}

/** A sentence about a file. */
interface ManifestProblem {
  readonly file: string;
  readonly message: string;
}

/** What several files list together. */
export interface Manifests {
  /** By id, in the spelling of `idOf`. */
  readonly documents: ReadonlyMap<string, ManifestDocument>;
  readonly problems: readonly ManifestProblem[];
  /** JSON of some other shape: where nothing but manifests is expected, that is a problem, too. */
  readonly strangers: readonly ManifestProblem[];
}

/** Never throws: what cannot be read is a problem, and the rest is there all the same. */
export const readManifests = (files: readonly ManifestFile[]): Manifests => {
  const documents = new Map<string, ManifestDocument>();
  const problems: ManifestProblem[] = [];
  const strangers: ManifestProblem[] = [];
  for (const { file, json } of files) {
    const tell = (message: string) => void problems.push({ file, message });
    const found = rowsIn(json);
    if (found.kind === 'rows') for (const row of found.rows) add(documents, { ...row, file }, tell);
    else (found.kind === 'broken' ? problems : strangers).push({ file, message: found.message });
  }
  return { documents, problems, strangers };
};

/** One spelling for each id: SHA-256 comes with and without its prefix, in either case; whatever else is an id stands as it is. */
export const idOf = (id: string): string => (sha256Form.test(id) ? id.slice(-64).toLowerCase() : id);

/** SHA-256 of the text in UTF-8, in hexadecimal: what automatic persisted queries and GraphQL over HTTP (appendix A) call a document by. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** An id as sentences quote it. */
export const quotedId = (id: string): string => JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);

const sha256Form = /^(?:sha256:)?[0-9a-f]{64}$/i;

interface Row {
  readonly id: string;
  readonly text: string;
}

const add = (
  documents: Map<string, ManifestDocument>,
  { id, text, file }: Row & ManifestDocument,
  tell: Tell,
): void => {
  const key = idOf(id);
  const before = documents.get(key);
  const isHash = sha256Form.test(id) || id.startsWith('sha256:');
  if (id === '') tell('a document has no id.');
  else if (isHash && key !== hashOf(text)) tell(`document ${quotedId(id)}: the id is not the SHA-256 of its text.`);
  else if (before && before.text !== text)
    tell(`document ${quotedId(id)}: ${before.file} has another text for this id.`);
  else documents.set(key, before ?? { file, text });
};

type Tell = (message: string) => void;

type Found =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  | { readonly kind: 'broken' | 'stranger'; readonly message: string };

const rowsIn = (json: string | null): Found => {
  if (json === null) return { kind: 'broken', message: 'cannot be read: check its permissions.' };
  let content: unknown;
  try {
    content = JSON.parse(json);
  } catch {
    return { kind: 'broken', message: 'is not JSON.' };
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    return { kind: 'stranger', message: 'is no manifest: it is not an object.' };
  const entries = Object.entries(content).map(([id, text]: [string, unknown]) => ({ id, text }));
  const odd = entries.find(({ text }) => typeof text !== 'string');
  if (odd === undefined) return { kind: 'rows', rows: entries.filter(isRow) };
  const isApollos = 'operations' in content || ('format' in content && content.format === apolloFormat);
  if (isApollos) return apolloRows({ ...content });
  return { kind: 'stranger', message: `is no manifest: what it has for ${quotedId(odd.id)} is not a text.` };
};

const isRow = (row: Readonly<Record<'id' | 'text', unknown>>): row is Row =>
  typeof row.id === 'string' && typeof row.text === 'string';

const apolloFormat = 'apollo-persisted-query-manifest';

const apolloRows = ({ format, version, operations }: Readonly<Record<string, unknown>>): Found => {
  if (format !== apolloFormat || version !== 1 || !Array.isArray(operations)) {
    const wanted = `"format": "${apolloFormat}", "version": 1 and a list of operations`;
    return { kind: 'broken', message: `has operations, but is not what is read: ${wanted}.` };
  }
  const rows = operations.map((operation: unknown) => {
    const { id, body }: Readonly<Record<string, unknown>> = typeof operation === 'object' ? { ...operation } : {};
    return { id, text: body };
  });
  const odd = rows.findIndex((row) => !isRow(row));
  if (odd !== -1) return { kind: 'broken', message: `operation ${odd + 1} of its list has no id or no body.` };
  return { kind: 'rows', rows: rows.filter(isRow) };
};

/** The manifests of a folder before they are read. */
export interface Listing {
  readonly folder: string;
  readonly files: readonly string[];
  /** Another one when anything may have changed. */
  readonly mark: string;
  /** Why they are not worth reading; null if they are. */
  readonly problem: string | null;
}

const mostMegabytes = 20;

/** Files named *.json, links to files among them, neither hidden ones nor those of folders within. Never rejects. */
export const listManifests = async (folder: string): Promise<Listing> => {
  try {
    const files = (await readdir(folder)).filter((name) => /^[^.].*\.json$/.test(name)).sort();
    const stats = await Promise.all(files.map((name) => stat(join(folder, name))));
    const rows = stats.map(({ size, mtimeMs, ctimeMs, ino }) => ({ size, mtimeMs, ctimeMs, ino }));
    const isTooMuch = rows.reduce((sum, { size }) => sum + size, 0) > mostMegabytes * 1_000_000;
    const problem = isTooMuch ? `the folder holds more than ${mostMegabytes} MB.` : null;
    const isEmpty = files.length === 0;
    return {
      folder,
      files,
      mark: JSON.stringify([files, rows]),
      problem: isEmpty ? 'the folder holds no *.json.' : problem,
    };
  } catch (error) {
    const problem = `the folder, or a file in it, cannot be read (${codeOf(error)}).`;
    return { folder, files: [], mark: problem, problem };
  }
};

/** Reads the files of a listing. Never rejects. */
export const readListed = ({ folder, files }: Listing): Promise<readonly ManifestFile[]> =>
  Promise.all(
    files.map(async (file) => ({ file, json: await readFile(join(folder, file), 'utf8').catch(() => null) })),
  );

// By property: under Jest, Node's own errors are of another realm.
const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
