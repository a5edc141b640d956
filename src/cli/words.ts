// How commands write numbers and moments.

/** `1,234 requests`. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en-GB')} ${what}${count === 1 ? '' : 's'}`;

/** `2026-11-27 14:05`, in UTC. Takes epoch milliseconds or what a Date is written as. */
export const momentText = (time: number | string): string =>
  new Date(time).toISOString().slice(0, 16).replace('T', ' ');
