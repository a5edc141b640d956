import { digest } from '../cache/keys.ts';
import { GatewayError } from '../model/errors.ts';

/** Which list a cursor belongs to: one cursor never works in another list, another location or another search. */
export interface CursorSpace {
  encode(position: string): string;
  /** The position; throws CURSOR_INVALID for anything that `encode` of the same list did not make. */
  decode(cursor: string): string;
}

/** `list`: what makes the list the list it is, as plain data. */
export const cursorSpace = (list: readonly unknown[]): CursorSpace => {
  const mark = digest(list).slice(0, 8);
  return {
    encode: (position) => Buffer.from(`${mark}:${position}`).toString('base64url'),
    decode: (cursor) => {
      const text = Buffer.from(cursor, 'base64url').toString();
      const isOurs =
        cursor.length < 200 && text.startsWith(`${mark}:`) && Buffer.from(text).toString('base64url') === cursor;
      if (!isOurs) throw new GatewayError('CURSOR_INVALID');
      return text.slice(mark.length + 1);
    },
  };
};

/** Positions that are offsets, from 0 to a million. */
export const decodeOffset = (space: CursorSpace, cursor: string): number => {
  const text = space.decode(cursor);
  if (!/^\d{1,6}$/.test(text)) throw new GatewayError('CURSOR_INVALID');
  return Number(text);
};
