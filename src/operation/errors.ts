import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { CallerGone, errorTable, GatewayError, type ErrorCode } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import { requestId } from '../observe/request.ts';

const longestMessage = 500;

/** The only maker of what clients see of an error. A GatewayError gives its row of the table; GraphQL's and Apollo's own errors keep
 * their words; anything else is a bug, is logged in full and answered as INTERNAL_SERVER_ERROR. What many fields share is logged once. */
export const createFormatError = (log: Log, { isIntrospectable }: { readonly isIntrospectable: boolean }) => {
  const logged = new WeakSet<object>();
  const isNew = (error: object): boolean => {
    if (logged.has(error)) return false;
    logged.add(error);
    return true;
  };
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const original = originalOf(error);
    const path = formatted.path?.join('.');
    const where = {
      ...(formatted.locations && { locations: formatted.locations }),
      ...(formatted.path && { path: formatted.path }),
    };
    if (original instanceof GatewayError) {
      if (original.cause !== undefined && isNew(original))
        log.failed('field failed', original, { path, code: original.code });
      return { ...where, ...describe(original.code, original) };
    }
    const code = codeOf(formatted, original);
    if (code !== null) {
      const row = code in errorTable ? rowOf(code as ErrorCode) : {};
      const told = formatted.message.slice(0, longestMessage);
      const message = isIntrospectable ? told : told.replace(/ Did you mean [^]*$/, ''); // a name of the schema follows
      return { ...where, message, extensions: { code, ...row, requestId: requestId() } };
    }
    const isBug =
      !(original instanceof CallerGone) && (typeof original !== 'object' || original === null || isNew(original));
    if (isBug) log.bug('unforeseen error', original, { path });
    return { ...where, ...describe('INTERNAL_SERVER_ERROR', {}) };
  };
};

// The code of an error that GraphQL, Apollo or a scalar words itself; null for any other. While executing, GraphQL gives none to the one
// error that it finds by itself there: an argument that became null through a variable.
const codeOf = ({ extensions, path }: GraphQLFormattedError, original: unknown): string | null => {
  const code = extensions?.['code'];
  if (!(original instanceof GraphQLError) || typeof code !== 'string') return null;
  if (code !== 'INTERNAL_SERVER_ERROR') return code;
  return path === undefined ? null : 'BAD_USER_INPUT';
};

/** An error by code, as clients see it: message, code, what to do, whether and when to repeat, and the request id. */
const describe = (
  code: ErrorCode,
  { message, retryAfterMs }: { message?: string; retryAfterMs?: number | null },
): GraphQLFormattedError => ({
  message: (message ?? errorTable[code].message).slice(0, longestMessage),
  extensions: {
    code,
    ...rowOf(code),
    ...(retryAfterMs != null && { retryAfterMs: Math.ceil(retryAfterMs) }),
    requestId: requestId(),
  },
});

const rowOf = (code: ErrorCode) => ({ remedy: errorTable[code].remedy, isRetryable: errorTable[code].isRetryable });

const originalOf = (error: unknown): unknown => {
  if (!(error instanceof GraphQLError) || error.originalError == null) return error;
  return originalOf(error.originalError);
};
