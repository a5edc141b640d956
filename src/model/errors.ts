/** What a client is told: one row for each code. Upstream's own words never reach a client. */
export interface ErrorRow {
  /** Our sentence; a more exact one may stand in its place, never upstream's. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly remedy: string;
  /** Whether the same question may succeed later without a change by anyone. */
  readonly isRetryable: boolean;
}

const row = (message: string, remedy: string, isRetryable = false): ErrorRow => ({ message, remedy, isRetryable });

/** The table of codes that the gateway gives by itself. The README's table and a test of each code are made from it. */
export const errorTable = {
  BAD_USER_INPUT: row('An argument is not acceptable.', 'Correct the argument that the message names.'),
  CURSOR_INVALID: row(
    'The cursor does not belong to this list.',
    'Start again without `after`, then pass on `pageInfo.endCursor`.',
  ),
  NOT_FOUND: row('There is no such thing, or you may not see it.', 'Check the id, and that you may read its location.'),
  UNAUTHENTICATED: row(
    'The request carries no access token that is good here.',
    'Send `Authorization: Bearer <token>` with an access token for this gateway, or a service token of it, that has not expired.',
  ),
  AUTH_UNAVAILABLE: row(
    'Access tokens cannot be checked at the moment.',
    'Repeat later; the operator must check `AUTH_JWKS_URL` or the store of service tokens.',
    true,
  ),
  FORBIDDEN: row(
    'Your access token lacks a scope that this field needs.',
    'Ask for a token with the scope that the message names.',
  ),
  OPERATION_TOO_EXPENSIVE: row(
    'The operation could cost more upstream calls than one operation may.',
    'Ask for fewer locations or smaller pages, or split the operation.',
  ),
  DOCUMENT_NOT_TRUSTED: row(
    'This gateway executes documents of its manifests only.',
    'Send the id of a document that the operator has added to `PERSISTED_DOCUMENTS`, or the document letter by letter.',
  ),
  OVERLOADED: row('The gateway has too much to do just now.', 'Wait for `retryAfterMs`, then repeat.', true),
  RATE_LIMITED: row('You have sent too many requests.', 'Wait for `retryAfterMs`, then repeat.', true),
  UPSTREAM_RATE_LIMITED: row(
    "The location's upstream request budget is used up.",
    'Wait for `retryAfterMs`, then repeat.',
    true,
  ),
  UPSTREAM_CIRCUIT_OPEN: row(
    'The Users API has failed too often just now and is left alone for a moment.',
    'Wait for `retryAfterMs`, then repeat.',
    true,
  ),
  UPSTREAM_TIMEOUT: row('The Users API did not answer in time.', 'Repeat later.', true),
  UPSTREAM_UNAVAILABLE: row('The Users API cannot be reached or failed.', 'Repeat later.', true),
  UPSTREAM_INVALID_RESPONSE: row(
    'The Users API answered something that is not an answer.',
    'Repeat later; report it with the request id if it stays.',
    true,
  ),
  UPSTREAM_REFUSED: row(
    'The Users API refused the request.',
    'Check the arguments; report it with the request id if they are right.',
  ),
  UPSTREAM_AUTH_FAILED: row(
    'The Users API does not accept the credentials of the gateway.',
    'The operator must check the `UPSTREAM_*` credentials.',
  ),
  UPSTREAM_SCOPE_MISSING: row(
    'The grant of this location lacks a scope.',
    'An administrator of the location must connect it again with the scope that the message names.',
  ),
  LOCATION_NOT_CONNECTED: row(
    'The gateway holds no working grant for this location.',
    'An administrator of the location must install or connect the app again.',
  ),
  LOCATION_PAUSED: row(
    'The Users API has paused this location.',
    'It works again when the pause (subscription or agency) ends.',
    true,
  ),
  GRANT_STORE_UNAVAILABLE: row(
    'The gateway cannot read its store of grants, and holds no access token that is still good.',
    'Repeat later; the operator must check the store of `DATABASE_URL` or `DATA_DIR`, and `TOKEN_KEYS`.',
    true,
  ),
  NOT_CACHED: row(
    'No kept answer is fresh enough, and the request allows no upstream call.',
    'Send the request without `Cache-Control: only-if-cached`, or allow older answers with `max-stale`.',
    true,
  ),
  SHUTTING_DOWN: row('This gateway is shutting down.', 'Repeat at once; another replica answers.', true),
  INTERNAL_SERVER_ERROR: row('Something went wrong inside the gateway.', 'Report it with the request id.'),
} as const satisfies Record<string, ErrorRow>;

/** A code that the gateway gives by itself; GraphQL's and Apollo's own (GRAPHQL_PARSE_FAILED, …) stand beside them. */
export type ErrorCode = keyof typeof errorTable;

/** What may accompany a code. */
export interface ErrorDetails {
  /** A client-safe sentence, more exact than the table's. Never text that came from outside. */
  readonly message?: string;
  /** How long to wait before a repeat can succeed, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What really happened; goes to the redacted log, never to a client. */
  readonly cause?: unknown;
}

/** The one error of this service. Anything else that is thrown is a bug and is answered as INTERNAL_SERVER_ERROR. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? errorTable[code].message, { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** BAD_USER_INPUT with a sentence that says which argument and which values are taken. */
export const badInput = (message: string): GatewayError => new GatewayError('BAD_USER_INPUT', { message });

/** The reason of a signal whose caller has gone: nobody reads the answer, and it is no failure of anybody's. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';

  constructor() {
    super('the caller has gone');
  }
}

/** What was thrown, as an Error: where a failure is a value among answers it is told by its class. */
export const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('rejected', { cause: error });
