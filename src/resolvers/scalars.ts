// A scalar made here takes the place of the SDL's, so each says again what the SDL says of it; a test compares the two.
import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

const refuse = (name: string, expected: string): never => {
  throw new GraphQLError(`${name} must be ${expected}.`, { extensions: { code: 'BAD_USER_INPUT' } });
};

const fromText = <T>(name: string, expected: string, parse: (text: string) => T | null) => {
  const read = (value: unknown): T => (typeof value === 'string' ? parse(value) : null) ?? refuse(name, expected);
  return {
    parseValue: read,
    parseLiteral: (node: ValueNode): T => read(node.kind === Kind.STRING ? node.value : null),
  };
};

const day = (text: string): string | null => {
  const moment = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  const isReal = moment !== null && !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
  return isReal ? text : null;
};

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** `yyyy-mm-dd`, a day that exists. */
export const DateScalar = new GraphQLScalarType<string, string>({
  name: 'Date',
  description: 'A calendar date without time or zone, ISO 8601 (2026-06-01).',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/local-date.html',
  serialize: (value) => (typeof value === 'string' ? value : refuse('Date', 'text')),
  ...fromText('Date', 'a day such as "2026-06-01"', day),
});

/** Epoch milliseconds inside, RFC 3339 in UTC outside. */
export const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  description: 'An instant with offset, RFC 3339. Always answered in UTC.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (value) => (typeof value === 'number' ? new Date(value).toISOString() : refuse('DateTime', 'a moment')),
  ...fromText('DateTime', 'an instant such as "2026-06-01T12:00:00Z"', (text) =>
    rfc3339.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : null,
  ),
});

/** 0 to 2^53-1. */
export const Count = new GraphQLScalarType<number, number>({
  name: 'Count',
  description: 'A whole number from 0 to 2^53-1, sent as a JSON number. Used for counters because Int stops at 2^31-1.',
  serialize: (value) =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : refuse('Count', 'a whole number from 0'),
  parseValue: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : refuse('Count', 'a whole number from 0'),
});

/** An IANA name. */
export const TimeZone = new GraphQLScalarType<string, string>({
  name: 'TimeZone',
  description: 'An IANA time zone name, including links such as US/Central.',
  serialize: (value) => (typeof value === 'string' ? value : refuse('TimeZone', 'a name')),
});
