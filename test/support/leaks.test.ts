import { describe, expect, test } from '@jest/globals';
import { createCanaries, spellingsOf } from './leaks.ts';

describe('the search', () => {
  const secret = `pa"ss/wörd'+${'x'.repeat(10)}0123456789abcdef`;
  test.each([...spellingsOf(secret)])('finds a leak as %s', (spelling, text) => {
    const own = createCanaries();
    own.adopt('it', secret);
    const found = own.leaksIn(
      new Map([
        ['a log', `before ${text} after`],
        ['another', 'nothing'],
      ]),
    );
    expect(found).toContain(`it, as ${spelling}, in a log`);
    expect(found.every((find) => find.endsWith('in a log'))).toBe(true);
  });

  test.each([0, 1, 2, 3, 4, 5])('finds it in the base64 of something longer, %i bytes in', (length) => {
    const own = createCanaries();
    own.adopt('it', secret);
    const around = Buffer.from(`${'-'.repeat(length)}${secret} and more`);
    for (const encoding of ['base64', 'base64url'] as const)
      expect(own.leaksIn(new Map([['a log', around.toString(encoding)]]))).not.toEqual([]);
    expect(own.leaksIn(new Map([['a log', around.toString('hex')]]))).not.toEqual([]);
    expect(own.leaksIn(new Map([['a log', secret.slice(0, 15)]]))).toEqual([]);
  });
});
