import type { Shared } from '../../src/stores/shared.ts';

/** What replicas share, in this process and by the fake clock: each call takes a millisecond. */
export interface SharedMemory extends Shared {
  /** Refuses every call from now on. */
  isAway: boolean;
  /** Loses what is published. */
  isMute: boolean;
  /** What was asked of it so far, a word for each call. */
  readonly asked: string[];
  /** What is there now. */
  readonly texts: Map<string, string>;
}

/** Starts empty. Knows one script: that which gives up a lease that is one's own. */
export const createSharedMemory = (): SharedMemory => {
  const texts = new Map<string, string>();
  const ends = new Map<string, number>();
  const listeners: { readonly channel: string; readonly listener: (text: string) => void }[] = [];
  const read = (key: string): string | null => {
    if ((ends.get(key) ?? Infinity) <= Date.now()) texts.delete(key);
    return texts.get(key) ?? null;
  };
  const write = ({ key, value, ttlMs }: { key: string; value: string; ttlMs: number }): void => {
    texts.set(key, value);
    ends.set(key, Date.now() + ttlMs);
  };
  const refuseWhenAway = (): void => {
    if (shared.isAway) throw new Error('away');
  };
  const call = async <T>(name: string, work: () => T): Promise<T> => {
    shared.asked.push(name);
    refuseWhenAway();
    await new Promise((resolve) => setTimeout(resolve, 1));
    refuseWhenAway();
    return work();
  };
  const shared: SharedMemory = {
    isAway: false,
    isMute: false,
    asked: [],
    texts,
    getMany: (keys) => call('getMany', () => keys.map(read)),
    setMany: (entries) => call('setMany', () => entries.forEach(write)),
    delete: (keys) => call('delete', () => keys.forEach((key) => texts.delete(key))),
    claim: (entries) =>
      call('claim', () =>
        entries.map((entry) => {
          const isFree = read(entry.key) === null;
          if (isFree) write(entry);
          return isFree;
        }),
      ),
    run: ({ name }, keys, [owner]) =>
      call(name, () => {
        for (const key of keys) if (texts.get(key) === owner) texts.delete(key);
        return '';
      }),
    publish: (channel, text) =>
      call('publish', () => {
        if (shared.isMute) return;
        for (const one of listeners) if (one.channel === channel) one.listener(text);
      }),
    subscribe: (channel, listener) => void listeners.push({ channel, listener }),
  };
  return shared;
};
