/** A script that runs as one step in the shared store. */
export interface Script {
  /** One word, for logs. */
  readonly name: string;
  /** Redis Lua: KEYS and ARGV in, one text out. */
  readonly lua: string;
}

/** What is written: `ttlMs` milliseconds from now it is gone. */
export interface SharedEntry {
  readonly key: string;
  readonly value: string;
  readonly ttlMs: number;
}

/** State that replicas share and that may be lost: Redis, or what stands for it in a simulation. Every call ends within the store's time
 * limits and rejects where the store is away, slow or says no; it rejects at once while that is known. */
export interface Shared {
  /** In the order of the keys; null for what is not there. */
  readonly getMany: (keys: readonly string[]) => Promise<readonly (string | null)[]>;
  readonly setMany: (entries: readonly SharedEntry[]) => Promise<void>;
  readonly delete: (keys: readonly string[]) => Promise<void>;
  /** Writes those that are not there; true for each that was written. */
  readonly claim: (entries: readonly SharedEntry[]) => Promise<readonly boolean[]>;
  readonly run: (script: Script, keys: readonly string[], args: readonly string[]) => Promise<string>;
  /** To all replicas that listen at this moment, this one too; nobody else ever hears of it. */
  readonly publish: (channel: string, text: string) => Promise<void>;
  /** Listens for good. */
  readonly subscribe: (channel: string, listener: (text: string) => void) => void;
}
