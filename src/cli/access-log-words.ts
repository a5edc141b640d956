// How the review writes durations and names.

/** `150 ms`, `1.5 s`; the end of a bucket. */
export const durationText = (ms: number): string => {
  if (ms === Infinity) return 'over 60 s';
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
};

/** An operation with what tells its document from others. */
export const shortName = ({ name, hash }: { readonly name: string | null; readonly hash: string | null }): string =>
  `${name ?? '(no name)'} ${hash ?? '(no document)'}`;
