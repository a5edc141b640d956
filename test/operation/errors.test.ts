import { GraphQLError } from 'graphql';
import { describe, expect, test } from '@jest/globals';
import { errorTable, GatewayError, type ErrorCode } from '../../src/model/errors.ts';
import { createLog } from '../../src/observe/log.ts';
import { withRequestId } from '../../src/observe/request.ts';
import { createFormatError } from '../../src/operation/errors.ts';

const lines: string[] = [];
const log = createLog({
  level: 'debug',
  secrets: ['client-secret-value'],
  sink: { write: (line) => void lines.push(line) },
});
const format = (error: GraphQLError) =>
  withRequestId('r-1', () => createFormatError(log, { isIntrospectable: true })(error.toJSON(), error));

const codes = Object.keys(errorTable) as ErrorCode[];

describe('what a client sees of an error', () => {
  test.each(codes)('%s is answered with its row of the table, the time to wait and the request id', (code) => {
    const original = new GatewayError(code, {
      retryAfterMs: 1_234.5,
      cause: new Error('upstream said client-secret-value'),
    });
    expect(format(new GraphQLError(original.message, { path: ['location', 'tags'], originalError: original }))).toEqual(
      {
        message: errorTable[code].message,
        path: ['location', 'tags'],
        extensions: {
          code,
          remedy: errorTable[code].remedy,
          isRetryable: errorTable[code].isRetryable,
          retryAfterMs: 1_235,
          requestId: 'r-1',
        },
      },
    );
  });

  test('an error that nobody foresaw is INTERNAL_SERVER_ERROR, its words go to the log', () => {
    lines.length = 0;
    const original = new TypeError('undefined is not at /srv/app/src/x.ts with Bearer abc.def');
    const shown = format(new GraphQLError(original.message, { originalError: original }));
    expect(shown).toMatchObject({
      message: errorTable.INTERNAL_SERVER_ERROR.message,
      extensions: { code: 'INTERNAL_SERVER_ERROR' },
    });
    expect(JSON.stringify(shown)).not.toContain('undefined is not');
    expect(lines.join()).toContain('undefined is not at');
    expect(lines.join()).not.toContain('abc.def');
  });

  test("GraphQL's own errors keep their words, at most 500 characters of them", () => {
    const error = new GraphQLError(`Cannot query field "${'x'.repeat(9_000)}"`, {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
    const shown = format(error);
    expect(shown.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED', requestId: 'r-1' });
    expect(shown.message).toHaveLength(500);
  });

  test('what upstream said is logged without the secrets of this process', () => {
    lines.length = 0;
    const cause = new Error('answered 400 client-secret-value');
    const original = new GatewayError('UPSTREAM_REFUSED', { cause });
    format(new GraphQLError(original.message, { originalError: original }));
    expect(lines.join()).toContain('answered 400 [redacted]');
  });
});
