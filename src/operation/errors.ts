import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { errorTable, GatewayError, type ErrorCode } from '../model/errors.ts';
import type { Log } from '../observe/log.ts';
import { requestId } from '../observe/request.ts';

const longestMessage = 500;

/** The only maker of what clients see of an error. A GatewayError gives its row of the table; GraphQL's and Apollo's own errors keep
 * their words; anything else is a bug, is logged in full and answered as INTERNAL_SERVER_ERROR. */
export const createFormatError =
  (log: Log) =>
  (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const original = originalOf(error);
    const where = {
      ...(formatted.locations && { locations: formatted.locations }),
      ...(formatted.path && { path: formatted.path }),
    };
    if (original instanceof GatewayError) {
      if (original.cause !== undefined)
        log.failed('field failed', original, { path: formatted.path?.join('.'), code: original.code });
      return { ...where, ...describe(original.code, original) };
    }
    const code = formatted.extensions?.['code'];
    if (original instanceof GraphQLError && typeof code === 'string' && code !== 'INTERNAL_SERVER_ERROR') {
      return {
        ...where,
        message: formatted.message.slice(0, longestMessage),
        extensions: { code, ...(code in errorTable && rowOf(code as ErrorCode)), requestId: requestId() },
      };
    }
    log.bug('unforeseen error', original, { path: formatted.path?.join('.') });
    return { ...where, ...describe('INTERNAL_SERVER_ERROR', {}) };
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
