import { createHmac } from 'node:crypto';

/** Signs what goes through a store that others can write to. */
export interface Marks {
  readonly sign: (text: string) => string;
  /** What was signed; null where it was not signed here, or not for this purpose. */
  readonly open: (signed: string) => string | null;
}

const markLength = 22;

/** `secret` is known to those who share the answers and to nobody else. What was signed for one purpose says nothing for another. */
export const createMarks = (secret: string, purpose: string): Marks => {
  const markOf = (text: string) =>
    createHmac('sha256', secret).update(`${purpose}:${text}`).digest('base64url').slice(0, markLength);
  return {
    sign: (text) => markOf(text) + text,
    open: (signed) => {
      const text = signed.slice(markLength);
      return signed.startsWith(markOf(text)) ? text : null;
    },
  };
};
