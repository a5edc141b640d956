import { describe, expect, test } from '@jest/globals';
import { createSeal, SealError, type SealKey } from '../../src/tokens/seal.ts';

const key = (id: string, byte: number): SealKey => ({ id, bytes: new Uint8Array(32).fill(byte) });
const [first, second] = [key('2026-10', 1), key('2026_11', 2)];
const text = '["rt-very-secret","at-very-secret"]';
const place = 'app location:one';
const seal = createSeal([first]);

const errorOf = (open: () => unknown): SealError => {
  try {
    open();
  } catch (error) {
    if (error instanceof SealError) return error;
    throw error;
  }
  throw new Error('it opened');
};

/** `sealed` with that byte of its body changed; a negative place counts from the end. */
const withByteChanged = (sealed: string, at: number): string => {
  const [version = '', id = '', body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return `${version}.${id}.${bytes.toString('base64url')}`;
};

describe('what was sealed', () => {
  test.each(['', 'a', text, 'ключ 鍵 🔑\n\u0000', 'x'.repeat(100_000)])('opens again as it was (%#)', (given) => {
    expect(seal.open(seal.seal(given, place), place)).toBe(given);
  });

  test('shows its key and nothing of itself, and is never the same twice', () => {
    const sealed = Array.from({ length: 50 }, () => seal.seal(text, place));
    expect(new Set(sealed).size).toBe(50);
    for (const one of sealed) expect(one).toMatch(/^v1\.2026-10\.[A-Za-z0-9_-]+$/);
    expect(
      sealed.map((one) => Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('latin1')).join(),
    ).not.toContain('secret');
    expect(new Set(sealed.map((one) => one.slice(0, 'v1.2026-10.'.length + 16))).size).toBe(50); // the first 12 bytes
  });

  test('the first key seals, all of them open', () => {
    const old = seal.seal(text, place);
    const both = createSeal([second, first]);
    const renewed = both.seal(text, place);
    expect([both.open(old, place), both.open(renewed, place)]).toEqual([text, text]);
    expect([both.keyIdOf(old), both.keyIdOf(renewed)]).toEqual(['2026-10', '2026_11']);
    expect([both.isNewest(old), both.isNewest(renewed)]).toEqual([false, true]);
    expect(both.keyIds).toEqual(['2026_11', '2026-10']);
  });

  test('a key for another purpose is neither a key of the ring nor that of a third purpose', () => {
    const both = createSeal([second, first]);
    const derived = [...both.derived('a'), ...both.derived('b'), first.bytes, second.bytes];
    expect(new Set(derived.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(6);
    expect(both.derived('a')[1]).toEqual(seal.derived('a')[0]);
  });
});

describe('what was not sealed so', () => {
  const sealed = seal.seal(text, place);
  const length = Buffer.from(sealed.split('.')[2] ?? '', 'base64url').length;
  const altered = /altered or cut.*restore the store or the key, or connect it again at \/oauth\/install/;

  test.each(Array.from({ length }, (_, index) => index))('does not open with byte %i changed', (index) => {
    expect(errorOf(() => seal.open(withByteChanged(sealed, index), place)).message).toMatch(altered);
  });

  test.each([
    ['without its last byte', Buffer.from(sealed.split('.')[2] ?? '', 'base64url').subarray(0, -1)],
    ['without its first byte', Buffer.from(sealed.split('.')[2] ?? '', 'base64url').subarray(1)],
    ['with one byte more', Buffer.concat([Buffer.from(sealed.split('.')[2] ?? '', 'base64url'), Buffer.alloc(1)])],
    ['cut to nonce and tag', Buffer.from(sealed.split('.')[2] ?? '', 'base64url').subarray(0, 28)],
    ['cut below the nonce', Buffer.from(sealed.split('.')[2] ?? '', 'base64url').subarray(0, 5)],
    ['zeroed', Buffer.alloc(64)],
  ])('does not open %s', (_, bytes) => {
    const error = errorOf(() => seal.open(`v1.2026-10.${bytes.toString('base64url')}`, place));
    expect(error.message).toMatch(altered);
    expect(error.message).toContain(place);
  });

  test.each([
    ['nothing', ''],
    ['the text itself', text],
    ['another version', sealed.replace('v1.', 'v2.')],
    ['no key', sealed.replace('.2026-10', '')],
    ['an empty body', 'v1.2026-10.'],
    ['characters that are none of base64url', `${sealed.slice(0, -3)}+/=`],
    ['a line break at the end', `${sealed}\n`],
    ['two records', `${sealed}.${sealed}`],
  ])('%s is no record, and has no key', (_, given) => {
    const error = errorOf(() => seal.open(given, place));
    expect(error.message).toMatch(altered);
    expect(error.message).not.toContain('very-secret');
    expect([seal.keyIdOf(given), seal.isNewest(given)]).toEqual([null, false]);
  });

  test.each(['app location:two', 'app company', 'other-app location:one', 'app location:one ', ''])(
    'a record does not open in another place: %j',
    (otherPlace) => {
      expect(errorOf(() => seal.open(sealed, otherPlace)).message).toMatch(altered);
    },
  );

  test('a record of a key that the ring lacks names the key and the setting', () => {
    const error = errorOf(() => createSeal([second]).open(sealed, place));
    expect(error.message).toBe(
      'The grant of app location:one was sealed with key "2026-10": add that key to TOKEN_KEYS.',
    );
  });

  test('a key of the right id with other bytes is named as a possible reason', () => {
    const error = errorOf(() => createSeal([key(first.id, 9)]).open(sealed, place));
    expect(error.message).toContain('or key "2026-10" of TOKEN_KEYS is not the one that sealed it');
  });

  test('a record does not open under the id of another key, even if that key has the same bytes', () => {
    const twins = createSeal([first, key('twin', 1)]);
    expect(errorOf(() => twins.open(sealed.replace(first.id, 'twin'), place)).message).toMatch(altered);
  });

  test('no error shows what was inside or a key', () => {
    const errors = [
      errorOf(() => seal.open(withByteChanged(sealed, 14), place)),
      errorOf(() => createSeal([second]).open(sealed, place)),
      errorOf(() => seal.open(text, place)),
    ];
    for (const error of errors) {
      expect(error.cause).toBeUndefined();
      expect(`${error.stack}`).not.toMatch(/very-secret|v1\.2026/);
    }
  });
});
