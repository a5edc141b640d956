import type { Readable, Writable } from 'node:stream';
import { confirm, password, select, text } from '@clack/prompts';
import { StartError } from './command.ts';

/** Questions to the person at the terminal. Each throws a StartError when they give up (Ctrl-C). */
export interface Questions {
  readonly choose: <V extends string>(message: string, options: readonly Choice<V>[]) => Promise<V>;
  /** Printable text without spaces; null for nothing where that is allowed. */
  readonly word: (message: string, isOptional?: boolean) => Promise<string | null>;
  /** The same, but what is typed is not shown. */
  readonly secret: (message: string) => Promise<string>;
  readonly yes: (message: string, isUsual: boolean) => Promise<boolean>;
}

/** One of the answers. */
interface Choice<V> {
  readonly value: V;
  readonly label: string;
  readonly hint: string;
}

interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
}

/** Null where nobody can be asked: a question there would wait for ever. */
export const createQuestions = ({ input, output }: Terminal = { input: process.stdin, output: process.stdout }) =>
  input.isTTY === true && output.isTTY === true ? questionsAt({ input, output }) : null;

const questionsAt = (terminal: Terminal): Questions => ({
  choose: async (message, options) => {
    // Its Option is a conditional type, which the compiler cannot see through while V is open.
    const answer = spoken(await select<string>({ ...terminal, message, options: options.map((one) => ({ ...one })) }));
    const chosen = options.find(({ value }) => value === answer);
    if (!chosen) throw new Error('an answer that was not offered');
    return chosen.value;
  },
  word: async (message, isOptional = false) => {
    const validate = (given = '') =>
      (isOptional && given === '') || /^[\x21-\x7e]+$/.test(given) ? undefined : 'Printable characters, no spaces.';
    const given = spoken(await text({ ...terminal, message, validate }));
    return given === '' ? null : given;
  },
  secret: async (message) => {
    const validate = (given = '') => (/^[\x20-\x7e]+$/.test(given) ? undefined : 'One line of printable characters.');
    return spoken(await password({ ...terminal, message, validate }));
  },
  yes: async (message, initialValue) => {
    const answer = await confirm({ ...terminal, message, initialValue });
    if (typeof answer === 'symbol') throw new StartError('Stopped.', 1);
    return answer;
  },
});

// A symbol stands for Ctrl-C and Escape.
const spoken = (answer: string | symbol | undefined): string => {
  if (typeof answer === 'symbol') throw new StartError('Stopped.', 1);
  return answer ?? ''; // Enter alone
};
