import type { Shared } from '../stores/shared.ts';
import { createMarks } from './marks.ts';

/** What became of a load: its answers are kept and newer than what others have, or it gave up its lease without any. */
type Kind = 'kept' | 'given up';

/** What replicas tell each other about loads. News may get lost, as may whoever tells them: nothing is right only because of them. */
export interface News {
  /** Tells all replicas; those who wait in this one hear of it, too. */
  readonly tell: (kind: Kind, keys: readonly string[]) => void;
  /** Resolves with the next news of one of these keys, after `ms` milliseconds, or when the signal ends. */
  readonly next: (keys: readonly string[], ms: number, signal: AbortSignal) => Promise<void>;
}

const channel = 'users-gateway:news';

/** `onKept` hears of keys whose answers another replica has kept. */
export const createNews = (
  shared: Shared,
  { secret, onKept }: { readonly secret: string; readonly onKept: (keys: readonly string[]) => void },
): News => {
  const marks = createMarks(secret, 'news'); // whoever can write to Redis could have our memory emptied all the time
  const own = Math.random().toString(36).slice(2);
  const waiting = new Map<string, Set<() => void>>();
  const wake = (keys: readonly string[]): void => {
    for (const key of keys) for (const resume of [...(waiting.get(key) ?? [])]) resume();
  };
  shared.subscribe(channel, (signed) => {
    const message = toMessage(marks.open(signed));
    if (message === null || message.from === own) return;
    if (message.kind === 'kept') onKept(message.keys);
    wake(message.keys);
  });
  return {
    tell: (kind, keys) => {
      const message: Message = { from: own, kind, keys };
      void shared.publish(channel, marks.sign(JSON.stringify(message))).catch(() => undefined); // they look again by themselves
      wake(keys);
    },
    next: (keys, ms, signal) =>
      new Promise((resolve) => {
        const resume = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', resume);
          for (const key of keys) forget(waiting, key, resume);
          resolve();
        };
        const timer = setTimeout(resume, ms);
        signal.addEventListener('abort', resume);
        for (const key of keys) waiting.set(key, (waiting.get(key) ?? new Set()).add(resume));
        if (signal.aborted) resume();
      }),
  };
};

interface Message {
  readonly from: string;
  readonly kind: Kind;
  readonly keys: readonly string[];
}

// Ours by its mark; another version of the gateway may have sent it.
const toMessage = (text: string | null): Message | null => {
  const raw: unknown = text === null ? null : JSON.parse(text);
  if (typeof raw !== 'object' || raw === null || !('from' in raw) || !('kind' in raw) || !('keys' in raw)) return null;
  const { from, kind, keys } = raw;
  if (typeof from !== 'string' || (kind !== 'kept' && kind !== 'given up') || !Array.isArray(keys)) return null;
  return { from, kind, keys: keys.filter((key) => typeof key === 'string') };
};

const forget = (waiting: Map<string, Set<() => void>>, key: string, resume: () => void): void => {
  const set = waiting.get(key);
  set?.delete(resume);
  if (set?.size === 0) waiting.delete(key);
};
