import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Documents that were parsed and found valid, by Apollo's hash of them. */
export interface DocumentStore {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
}

// Measured on documents of short, aliased and nested fields: 78 to 327 bytes a character, the text that their nodes keep alive included.
const bytesPerCharacter = 350;

/** Keeps validated documents in bounded memory, so that the same question is validated once. Apollo's own store bounds the text of
 * the syntax tree and not the source that hangs on it: 1.2 GB after 1,000 padded documents (reliability). One that would fill more
 * than a tenth by itself is not kept. */
export const createDocumentStore = (maxBytes: number): DocumentStore => {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: maxBytes,
    maxEntrySize: Math.floor(maxBytes / 10),
    sizeCalculation: ({ loc }) => bytesPerCharacter * (loc?.source.body.length ?? maxBytes),
  });
  return {
    get: (key) => Promise.resolve(documents.get(key)),
    set: (key, document) => {
      documents.set(key, document);
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(documents.delete(key)),
  };
};
