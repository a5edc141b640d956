import { hash } from 'node:crypto';

/** A weak tag (RFC 9110 §8.8.3): equal content has equal tags, whatever the media type that it is sent in. */
export const entityTagOf = (content: string): string => `W/"${hash('sha256', content, 'base64url').slice(0, 22)}"`;

/** Whether `If-None-Match` names the tag, where there is one (RFC 9110 §13.1.2): `*` names any, lists are compared weakly. */
export const isNamedBy = (ifNoneMatch: string | undefined, tag: string | undefined): boolean => {
  if (ifNoneMatch === undefined || tag === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const named = ifNoneMatch.match(/"[^"]*"/g) ?? []; // a weak tag and a strong one differ in what stands before the quotes
  return named.some((opaque) => tag.endsWith(opaque));
};
