/** An answer other than success, in the vendor's words. Thrown by whatever finds the mistake, sent by the server. */
export class VendorError extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;

  /** `body` is sent as it is, plus a traceId. */
  constructor(status: number, body: Readonly<Record<string, unknown>>) {
    super(`The sandbox answers ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** 400: the specification's shape has no `error` member. */
export const badRequest = (message: string): VendorError => new VendorError(400, { statusCode: 400, message });

/** 401, of which the vendor has at least five kinds; only the message tells them apart. */
export const unauthorized = (message: string): VendorError =>
  new VendorError(401, { statusCode: 401, message, error: 'Unauthorized' });

/** 403, known to come for another location's data. */
export const forbidden = (message: string): VendorError =>
  new VendorError(403, { statusCode: 403, message, error: 'Forbidden' });

/** 404 of a record or of a route. */
export const notFound = (message: string): VendorError =>
  new VendorError(404, { statusCode: 404, message, error: 'Not Found' });

/** 422: here `message` is a list. */
export const unprocessable = (messages: readonly string[]): VendorError =>
  new VendorError(422, { statusCode: 422, message: messages, error: 'Unprocessable Entity' });

/** 401 texts, by what is wrong (seen live in 2026, except the sample of the specification). */
export const UNAUTHORIZED = {
  versionMissing: 'version header was not found.',
  version: 'version header is invalid',
  missing: 'Invalid JWT',
  expired: 'Invalid token: access token is invalid',
  'private-token': 'Invalid Private Integration token',
  scope: 'The token is not authorized for this scope.',
  'token-class':
    'This authClass type is not allowed to access this scope. Please reach out to the Support team to authorize or disable this.',
} as const;
