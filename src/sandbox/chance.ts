const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Folds a number into a hash; both are 32 bits, the result is unsigned. Murmur3's finalizer (public domain). */
export const mix = (hash: number, value: number): number => {
  let mixed = hash ^ Math.imul(value + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** The same parts give the same 32 bits, on every machine; not for secrets. */
export const hashOf = (...parts: readonly (string | number)[]): number => {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    if (typeof part === 'number') hash = mix(hash, part);
    else for (let index = 0; index < part.length; index++) hash = Math.imul(hash ^ part.charCodeAt(index), 0x01000193);
    hash = mix(hash, 0x5f);
  }
  return hash;
};

/** From 0 (included) to 1 (excluded). */
export const unit = (hash: number): number => hash / 0x1_0000_0000;

/** Lower-case hex digits drawn from a hash. */
export const hexOf = (length: number, hash: number): string => {
  let digits = '';
  for (let turn = 0; digits.length < length; turn++) digits += mix(hash, turn).toString(16).padStart(8, '0');
  return digits.slice(0, length);
};

/** Letters and digits drawn from a hash, as the vendor's location and user ids have them. */
export const alphanumericOf = (length: number, hash: number): string =>
  Array.from({ length }, (_, index) => ALPHABET.charAt(mix(hash, index) % ALPHABET.length)).join('');

/** One element, chosen by a hash. The list must not be empty: an empty one throws. */
export const pick = <T>(list: readonly T[], hash: number): T => {
  const chosen = list[hash % list.length];
  if (chosen === undefined) throw new RangeError('There is nothing to choose from');
  return chosen;
};
