import type { Priority } from '../model/urgency.ts';

/** What a request's `Priority` header (RFC 9218) says of its urgency: `u=7` is background work, which that RFC defines it as, `u=5` and
 * `u=6` are live feeds. Whatever else is a person: browsers send 0 to 4 by themselves, Firefox 4 for every fetch. */
export const priorityOf = (header = ''): Priority => {
  const urgency = header.split(',').findLast((part) => /^\s*u\s*(=|;|$)/.test(part)); // RFC 9651 §3.2: of two the last
  const level = /^\s*u=([0-7])\s*(?:;|$)/.exec(urgency ?? '')?.[1];
  if (level === '7') return 'background';
  return level === '5' || level === '6' ? 'live' : 'interactive';
};
