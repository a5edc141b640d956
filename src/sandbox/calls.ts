import type { SandboxCall } from './contract.ts';

/** A call under way; the server fills in the rest. */
export type OpenCall = { -readonly [Key in keyof SandboxCall]: SandboxCall[Key] };

/** A logged call with its running number, by which the control page asks for what is new. */
interface LoggedCall {
  readonly number: number;
  readonly call: SandboxCall;
}

/** The log of calls, in memory. */
export interface Calls {
  /** `bodySize` in characters counts against what the log may hold. */
  readonly add: (call: OpenCall, bodySize: number) => void;
  readonly list: () => readonly SandboxCall[];
  /** Calls whose number is above `number`, oldest first, at most `most` of the newest. */
  readonly after: (number: number, most: number) => readonly LoggedCall[];
  readonly lastNumber: () => number;
  readonly clear: () => void;
}

const MOST_CALLS = 20_000;
const MOST_CHARACTERS = 16_000_000; // bodies of a megabyte each would otherwise fill the memory
const SLACK = 1_000; // dropping one by one would move the whole array for each call

/** Bounded by number and by the size of the bodies kept. */
export const createCalls = (): Calls => {
  let entries: (LoggedCall & { readonly bodySize: number })[] = [];
  let characters = 0;
  let lastNumber = 0;

  const trim = (): void => {
    if (entries.length < MOST_CALLS + SLACK && characters < MOST_CHARACTERS) return;
    let drop = Math.max(0, entries.length - MOST_CALLS);
    let kept = entries.slice(drop).reduce((sum, { bodySize }) => sum + bodySize, 0);
    for (; kept > MOST_CHARACTERS / 2; drop += 1) kept -= entries[drop]?.bodySize ?? 0;
    entries = entries.slice(drop);
    characters = kept;
  };

  return {
    add: (call, bodySize) => {
      lastNumber += 1;
      entries.push({ number: lastNumber, call, bodySize });
      characters += bodySize;
      trim();
    },
    list: () => entries.slice(-MOST_CALLS).map(({ call }) => call),
    after: (number, most) => {
      const newCount = Math.min(most, Math.max(0, lastNumber - number)); // numbers have no gaps
      return newCount === 0
        ? []
        : entries.slice(-newCount).map((entry) => ({ number: entry.number, call: entry.call }));
    },
    lastNumber: () => lastNumber,
    clear: () => {
      entries = [];
      characters = 0;
    },
  };
};
