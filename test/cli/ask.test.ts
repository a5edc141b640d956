import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { createQuestions } from '../../src/cli/ask.ts';

/** A terminal of which everything shown is kept. */
const createTerminal = () => {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 40 });
  let shown = '';
  output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const questions = createQuestions({ input, output });
  if (!questions) throw new Error('a terminal that is none');
  return { questions, shown: () => shown, type: (text: string) => void input.write(text) };
};

test('a secret that is typed is taken and never shown', async () => {
  const { questions, shown, type } = createTerminal();
  const answer = questions.secret('Client secret');
  type('hunter2-hunter2\r');
  expect(await answer).toBe('hunter2-hunter2');
  expect(shown()).toContain('Client secret');
  expect(shown()).not.toContain('hunter2');
});

test('a word with a space is asked for again, and Enter alone is nothing where that is allowed', async () => {
  const { questions, shown, type } = createTerminal();
  const answer = questions.word('Client id');
  type('two words\r');
  for (let turn = 0; turn < 20 && !shown().includes('no spaces'); turn += 1) await new Promise(setImmediate);
  expect(shown()).toContain('Printable characters, no spaces.');
  type('\x7f'.repeat(6) + '\r'); // back to "two"
  expect(await answer).toBe('two');
  const second = createTerminal();
  const nothing = second.questions.word('Company id', true);
  second.type('\r');
  expect(await nothing).toBeNull();
});

test('the arrow keys choose, and Ctrl-C gives up in one sentence', async () => {
  const choices = [
    { value: 'authorization-code', label: 'Locations', hint: '' },
    { value: 'agency', label: 'Agency', hint: '' },
  ] as const;
  const { questions, type } = createTerminal();
  const answer = questions.choose('What?', choices);
  type('\x1b[B');
  type('\r');
  expect(await answer).toBe('agency');
  const second = createTerminal();
  const given = second.questions.yes('Sure?', true);
  second.type('\x03');
  await expect(given).rejects.toThrow(/^Stopped\.$/);
});

test('where there is no terminal there are no questions', () => {
  const input = new PassThrough();
  expect(createQuestions({ input, output: new PassThrough() })).toBeNull();
});
