import type { JSONWebKeySet } from 'jose';

/** Reads a JWK Set (RFC 7517 §5). Null for anything else; whether its keys are of use is not looked at. */
export const parseKeySet = (text: string): JSONWebKeySet | null => {
  const value = parseJson(text);
  return isKeySet(value) ? value : null;
};

/** Null for what is not JSON. The parser's own error quotes the text. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
};

/** Whether it has the shape of a JWK Set. */
export const isKeySet = (value: unknown): value is JSONWebKeySet =>
  isObject(value) && 'keys' in value && Array.isArray(value.keys) && value.keys.every(isObject);

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
