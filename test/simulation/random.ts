/** Numbers that look like chance and are the same for the same seed. */
export interface Random {
  /** From 0 up to, but not, 1. */
  readonly next: () => number;
  /** A whole number, both ends possible. */
  readonly between: (least: number, most: number) => number;
  /** True in that share of the cases. */
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(list: readonly [T, ...T[]]) => T;
  /** Milliseconds of which the mean is that: the gaps of things that happen independently of each other. */
  readonly gap: (meanMs: number) => number;
  /** Another row of numbers, so that who draws more does not change what others draw. */
  readonly fork: (name: string) => Random;
}

/** The row of numbers of a seed. */
export const createRandom = (seed: string): Random => {
  const next = rowOf(seed);
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    between,
    chance: (share) => next() < share,
    pick: (list) => list[Math.floor(next() * list.length)] ?? list[0],
    gap: (meanMs) => Math.max(1, Math.round(-Math.log(1 - next()) * meanMs)),
    fork: (name) => createRandom(`${seed}/${name}`),
  };
};

// Bob Jenkins' small fast counting generator (sfc32), 128 bits of state; the seed's text is hashed into it.
const rowOf = (seed: string): (() => number) => {
  let [a, b, c, d] = [hashOf(seed, 1), hashOf(seed, 2), hashOf(seed, 3), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
};

/** 32 bits of a text (FNV-1a); `basis` makes another hash of the same text. */
export const hashOf = (text: string, basis: number): number => {
  let hash = 0x811c9dc5 ^ Math.imul(basis, 0x9e3779b9);
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) | 0;
};
