// How the review writes numbers, moments and names.

/** `1,234 requests`. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;

/** `2026-11-27 14:05`, in UTC. */
export const momentText = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');

/** `150 ms`, `1.5 s`; the end of a bucket. */
export const durationText = (ms: number): string => {
  if (ms === Infinity) return 'over 60 s';
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
};

/** An operation with what tells its document from others. */
export const shortName = ({ name, hash }: { readonly name: string | null; readonly hash: string | null }): string =>
  `${name ?? '(no name)'} ${hash ?? '(no document)'}`;
