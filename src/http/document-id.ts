import { errorTable } from '../model/errors.ts';
import { hashOf } from '../operation/manifests.ts';
import type { TrustedDocuments } from '../operation/trusted-documents.ts';
import { refusal, type HttpProblem } from './errors.ts';
import type { Asked } from './operation.ts';

/** What is to be executed in place of what was asked. */
export type ChosenDocument =
  | { readonly kind: 'as-is' }
  /** Its text stands where its id was. */
  | { readonly kind: 'document'; readonly asked: Asked }
  | { readonly kind: 'refused'; readonly problem: HttpProblem };

/** Finds the document that a request names in place of sending it: by `documentId` (GraphQL over HTTP, appendix A), by `doc_id` (Relay's
 * usual name), or by `extensions.persistedQuery` (Apollo's and urql's way), in a body or in the address of a GET. Of a list the first
 * refusal refuses all of it. Whether a document may be executed at all is decided here, too. */
export const withDocument = ({ body, search }: Asked, trusted: TrustedDocuments): ChosenDocument => {
  if (body === undefined) return inSearch(search, trusted);
  if (!Array.isArray(body)) return inBody({ body, search }, trusted);
  const all = body.map((one: unknown) => inBody({ body: one, search }, trusted));
  const refused = all.find(({ kind }) => kind === 'refused');
  if (refused) return refused;
  const bodies = all.map((one, index): unknown => (one.kind === 'document' ? one.asked.body : body[index]));
  return { kind: 'document', asked: { body: bodies, search } };
};

const inBody = ({ body, search }: Asked, trusted: TrustedDocuments): ChosenDocument => {
  if (!isFields(body)) return { kind: 'as-is' }; // Apollo has words for it
  const choice = choose(body, trusted);
  if (choice.kind !== 'document') return choice;
  return { kind: 'document', asked: { body: { ...body, ...withText(choice.text, body['extensions']) }, search } };
};

const inSearch = (search: string, trusted: TrustedDocuments): ChosenDocument => {
  const parameters = new URLSearchParams(search);
  const twice = names.find((name) => parameters.getAll(name).length > 1);
  if (twice !== undefined) return refused400('BAD_REQUEST', `\`${twice}\` may be given once.`);
  const given = Object.fromEntries(parameters);
  const extensions = jsonOf(parameters.get('extensions'));
  const choice = choose({ ...given, extensions }, trusted);
  if (choice.kind !== 'document') return choice;
  const { query, extensions: others } = withText(choice.text, extensions);
  parameters.set('query', query);
  if (others) parameters.set('extensions', JSON.stringify(others));
  return { kind: 'document', asked: { body: undefined, search: `?${parameters.toString()}` } };
};

// Without what would have Apollo register the text. Of extensions that are none, Apollo has words, too.
const withText = (query: string, extensions: unknown): { readonly query: string; readonly extensions?: Fields } => {
  if (!isFields(extensions)) return { query };
  const others = Object.entries(extensions).filter(([name]) => name !== 'persistedQuery');
  return { query, extensions: Object.fromEntries(others) };
};

// What Apollo says of those that are there twice comes too late: it must not see another one than is looked at here.
const names = ['query', 'documentId', 'doc_id', 'extensions'];

type Choice = Exclude<ChosenDocument, { kind: 'document' }> | { readonly kind: 'document'; readonly text: string };

// A document that is there in full must be a trusted one where only those are executed. One that is not there must be known by its id;
// where others are executed, too, what Apollo does not know by its hash it asks its client for.
const choose = (asked: Fields, trusted: TrustedDocuments): Choice => {
  const naming = namingOf(asked);
  if ('kind' in naming) return naming;
  const { text, id, hash } = naming;
  if (text !== null) {
    const isSame = (one: string | null) => one === null || trusted.textOf(one) === text;
    if (!isSame(id)) return refused400('BAD_REQUEST', 'Send a document or the id of one: these are different ones.');
    if (!isSame(hash) && hash !== hashOf(text)) return refused400('BAD_REQUEST', wrongHash);
    return chooseText(text, hash !== null, trusted);
  }
  const named = id ?? hash;
  if (named === null) return { kind: 'as-is' };
  const known = trusted.textOf(named);
  if (known !== null) return { kind: 'document', text: known };
  if (trusted.mode === 'only') return untrusted(`${notTrusted} None has this id.`);
  return id === null
    ? { kind: 'as-is' }
    : refused400('PERSISTED_QUERY_NOT_FOUND', 'No manifest has a document of this id.');
};

const wrongHash = 'The `sha256Hash` of `extensions.persistedQuery` is not that of the query.';
const notTrusted = errorTable.DOCUMENT_NOT_TRUSTED.message;

const chooseText = (text: string, isRegistering: boolean, trusted: TrustedDocuments): Choice => {
  const isTrusted = trusted.has(text);
  if (trusted.mode !== 'only') {
    if (!isTrusted) trusted.note(text);
    return { kind: 'as-is' };
  }
  if (!isTrusted) return untrusted(notTrusted);
  return isRegistering ? { kind: 'document', text } : { kind: 'as-is' }; // nothing is registered there
};

interface Naming {
  /** The document itself. */
  readonly text: string | null;
  readonly id: string | null;
  readonly hash: string | null;
}

const namingOf = ({ query, documentId, doc_id: docId, extensions }: Fields): Naming | Refusal => {
  const id = documentId ?? docId ?? null;
  if (id !== null && typeof id !== 'string') return refused400('BAD_REQUEST', 'The id of a document must be a text.');
  const persisted = isFields(extensions) ? (extensions['persistedQuery'] ?? null) : null;
  const hash = isFields(persisted) && persisted['version'] === 1 ? persisted['sha256Hash'] : null;
  if (persisted !== null && typeof hash !== 'string')
    return refused400('BAD_REQUEST', '`extensions.persistedQuery` must be {"version": 1, "sha256Hash": "…"}.');
  const text = typeof query === 'string' && query !== '' ? query : null;
  return { text, id, hash: typeof hash === 'string' ? hash : null };
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const jsonOf = (text: string | null): unknown => {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined; // Apollo has words for it
  }
};

type Refusal = Extract<ChosenDocument, { kind: 'refused' }>;

const untrusted = (message: string): Refusal => ({
  kind: 'refused',
  problem: refusal('DOCUMENT_NOT_TRUSTED', { message }),
});

const refused400 = (code: string, message: string): Refusal => ({
  kind: 'refused',
  problem: { status: 400, code, message },
});
