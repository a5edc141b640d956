import { createHmac, timingSafeEqual } from 'node:crypto';

/** Links by which whoever runs the gateway lets a browser on another machine begin an install. */
export interface Tickets {
  readonly issue: () => string;
  readonly isValid: (ticket: string) => boolean;
}

/** Milliseconds that a ticket is good for. */
const lifeMs = 3_600_000;

/** `keys`: the first makes tickets, all of them are accepted; derived for this purpose alone. */
export const createTickets = (keys: readonly Uint8Array[]): Tickets => {
  const mark = (key: Uint8Array, end: string) => createHmac('sha256', key).update(end).digest();
  return {
    issue: () => {
      const [key = new Uint8Array()] = keys;
      const end = String(Date.now() + lifeMs);
      return `${end}.${mark(key, end).toString('base64url')}`;
    },
    isValid: (ticket) => {
      const [, end, text] = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/.exec(ticket) ?? [];
      if (end === undefined || text === undefined || Number(end) < Date.now()) return false;
      const given = Buffer.from(text, 'base64url');
      return keys.some((key) => timingSafeEqual(mark(key, end), given));
    },
  };
};
