import { hashOf } from './random.ts';

/** Everything that happens in a world, in order. The same seed gives the same events; a hash over all of them proves it. */
export interface EventLog {
  /** What happened, to whom. Never anything that is not decided by the seed. */
  readonly note: (what: string, who: string, about?: string) => void;
  /** How many there were so far. */
  readonly count: () => number;
  /** Of all events so far. */
  readonly hash: () => string;
  /** The last ones, oldest first, for people. */
  readonly last: () => readonly string[];
}

const kept = 60;

/** `onEvent` hears each one as a line. */
export const createEventLog = (now: () => number, onEvent: ((line: string) => void) | null): EventLog => {
  const startedAt = now();
  const lines = Array.from({ length: kept }, () => '');
  let [count, left, right] = [0, 0, 0];
  return {
    note: (what, who, about = '') => {
      const line = `${now() - startedAt} ${who} ${what} ${about}`;
      count += 1;
      left = Math.imul(left ^ hashOf(line, 1), 0x01000193) + count;
      right = Math.imul(right ^ hashOf(line, 2), 0x85ebca6b) ^ (left >>> 7);
      lines[count % kept] = `#${count} ${line}`;
      onEvent?.(`#${count} ${line}`);
    },
    count: () => count,
    hash: () => [left, right].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join(''),
    last: () =>
      [...lines.slice((count % kept) + 1), ...lines.slice(0, (count % kept) + 1)].filter((line) => line !== ''),
  };
};
