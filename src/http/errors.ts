import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorTable, GatewayError, type ErrorDetails } from '../model/errors.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** What the request was refused for; null where it was not. For the access log. */
    problem: HttpProblem | null;
  }
}

/** An error of HTTP itself, found before or outside GraphQL. */
export interface HttpProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** What else a client may read beside code and request id. */
  readonly extensions?: Readonly<Record<string, string | number | boolean>>;
  /** What really happened; for the log, never for a client. */
  readonly reason?: string;
}

const problem = (status: number, code: string, message: string): HttpProblem => ({ status, code, message });

/** What a caller is told when the request itself cannot be read, by Fastify's code. */
export const httpProblems = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: problem(
    415,
    'UNSUPPORTED_MEDIA_TYPE',
    'Send `content-type: application/json` in UTF-8, not compressed.',
  ),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: problem(
    400,
    'BAD_REQUEST',
    'The body has another length than its content-length says.',
  ),
  FST_ERR_CTP_EMPTY_JSON_BODY: problem(
    400,
    'BAD_REQUEST',
    'The body is empty: send {"query": "{ viewer { subject } }"}.',
  ),
  FST_ERR_CTP_INVALID_JSON_BODY: problem(
    400,
    'BAD_REQUEST',
    'The body is not JSON: send {"query": "{ viewer { subject } }"}.',
  ),
} as const;

const tooLarge = (limitBytes: number): HttpProblem =>
  problem(
    413,
    'BODY_TOO_LARGE',
    `The body is larger than ${limitBytes / 1_024} KB: send fewer variables or a shorter document.`,
  );

/** Whatever else makes a request unreadable. */
export const badRequest = problem(400, 'BAD_REQUEST', 'The request cannot be read.');
/** No such path. */
export const noSuchPath = problem(
  404,
  'NOT_FOUND',
  'There is nothing at this path. GraphQL is at POST /graphql, a page with links at GET /.',
);
/** A path with another method. */
export const wrongMethod = problem(405, 'METHOD_NOT_ALLOWED', 'GraphQL takes GET for queries and POST for everything.');
/** A name that is not this machine's. */
export const otherHost = problem(
  421,
  'MISDIRECTED_REQUEST',
  'This gateway does not ask who is calling, so it answers on this machine only: use http://127.0.0.1 or localhost.',
);
/** An address beyond what any question by GET needs. */
export const tooLong = problem(414, 'URI_TOO_LONG', 'The address is longer than 8 KB: send long queries by POST.');
/** JSON within JSON. */
export const tooDeep = problem(400, 'BAD_REQUEST', 'The body nests deeper than 40 levels.');
/** A list of operations. */
export const noBatch = (most: number): HttpProblem =>
  problem(
    400,
    'BATCH_NOT_ALLOWED',
    most === 1
      ? 'This gateway takes one operation a request: send them one by one, they share upstream calls all the same.'
      : `A list of operations must hold 1 to ${most}.`,
  );
/** What Node's parser gives up on, by its code. */
export const unreadable: Readonly<Record<string, HttpProblem>> = {
  HPE_HEADER_OVERFLOW: problem(
    431,
    'HEADERS_TOO_LARGE',
    'The headers or the address are larger than 16 KB: send long queries by POST.',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: problem(408, 'REQUEST_TIMEOUT', 'The request did not arrive in time.'),
};
/** A bug of ours. */
export const internal = problem(
  500,
  'INTERNAL_SERVER_ERROR',
  'Something went wrong inside the gateway. Report it with the request id.',
);

/** The problem behind an error that Fastify reports. */
export const problemOf = (
  { code, statusCode }: Pick<FastifyError, 'code' | 'statusCode'>,
  bodyLimitBytes: number,
): HttpProblem => {
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(bodyLimitBytes);
  if (code in httpProblems) return httpProblems[code as keyof typeof httpProblems];
  return statusCode !== undefined && statusCode < 500 ? badRequest : internal;
};

const statuses = {
  UNAUTHENTICATED: 401,
  DOCUMENT_NOT_TRUSTED: 400,
  AUTH_UNAVAILABLE: 503,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
} as const;

/** A refusal of the gateway's own as a problem of HTTP. */
export const refusal = (code: keyof typeof statuses, details?: ErrorDetails): HttpProblem =>
  worded(statuses[code], new GatewayError(code, details));

/** The same of one that was thrown; null for codes that belong to fields. */
export const refusalProblem = (error: GatewayError): HttpProblem | null =>
  error.code in statuses ? worded(statuses[error.code as keyof typeof statuses], error) : null;

const worded = (status: number, { code, message, retryAfterMs }: GatewayError): HttpProblem => {
  const { remedy, isRetryable } = errorTable[code];
  const wait = retryAfterMs === null ? {} : { retryAfterMs: Math.ceil(retryAfterMs) };
  return { status, code, message, extensions: { remedy, isRetryable, ...wait } };
};

/** Answers with the problem as JSON, in the media type that the caller prefers. Returns true: a reply must not be awaited, it is a thenable. */
export const answerProblem = (request: FastifyRequest, reply: FastifyReply, refusal: HttpProblem): true => {
  const { status, code, message, extensions } = refusal;
  reply.problem = refusal;
  const wantsResponseType = request.headers.accept?.includes('application/graphql-response+json') === true;
  const type = wantsResponseType ? 'application/graphql-response+json' : 'application/json';
  const body = JSON.stringify({ errors: [{ message, extensions: { code, ...extensions, requestId: request.id } }] });
  void reply
    .code(status)
    .type(`${type}; charset=utf-8`)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .send(body);
  return true;
};
