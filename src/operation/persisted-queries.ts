import { LRUCache } from 'lru-cache';

/** Documents that clients have registered by their hash, as Apollo's automatic persisted queries keep them. */
export interface PersistedQueryCache {
  get(key: string): Promise<string | undefined>;
  set(key: string, text: string): Promise<void>;
  delete(key: string): Promise<boolean>;
}

// Of an entry beside its text and key; measured: 270.
const entryBytes = 300;

/** Bounded by bytes, what was asked for last stays longest. Anybody who may call may register, so a text over a tenth of the whole is
 * not kept: its client sends it each time. Nothing ends by time. */
export const createPersistedQueryCache = (maxBytes: number): PersistedQueryCache => {
  const texts = new LRUCache<string, string>({
    maxSize: maxBytes,
    maxEntrySize: Math.floor(maxBytes / 10),
    sizeCalculation: (text, key) => 2 * (text.length + key.length) + entryBytes,
  });
  return {
    get: (key) => Promise.resolve(texts.get(key)),
    set: (key, text) => {
      // A copy: the text of a GET is a slice of its address and would keep all of that alive (measured: 15 KB for 25 characters).
      texts.set(key, structuredClone(text));
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(texts.delete(key)),
  };
};
