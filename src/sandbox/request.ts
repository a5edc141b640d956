import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { OpenCall } from './calls.ts';
import { VendorError } from './errors.ts';
import { isRecord, textField } from './route.ts';
import type { Call, World } from './route.ts';
import { findGrant } from './guard.ts';

const SECRETS = [
  'client_secret',
  'clientSecret',
  'refresh_token',
  'refreshToken',
  'code',
  'code_verifier',
  'authorizationCode',
  'state',
  'access_token',
  'accessToken',
];
const MOST_BODY = 65_536;
const MOST_OPERATIONS = 50;

const header = (request: FastifyRequest, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
};

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // malformed escapes are the caller's; the log shows what came
  }
};

const bearerOf = (request: FastifyRequest): string | null =>
  /^bearer (\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1] ?? null;

const queryOf = (rawPath: string): Readonly<Record<string, string>> => {
  const start = rawPath.indexOf('?');
  return start < 0 ? {} : Object.fromEntries(new URLSearchParams(rawPath.slice(start + 1)));
};

/** The same address without the values of secrets; everything else stays as it came. */
const withoutSecretValues = (rawPath: string): string => {
  const start = rawPath.indexOf('?') + 1;
  if (start === 0) return rawPath;
  const shown = rawPath
    .slice(start)
    .split('&')
    .map((pair) => {
      const [name = ''] = new URLSearchParams(pair).keys();
      return SECRETS.includes(name) ? `${name}=***` : pair;
    });
  return rawPath.slice(0, start) + shown.join('&');
};

/** The entry of the log for a call that has just arrived: nothing of its body is known yet. */
export const openCall = (request: FastifyRequest, at: number): OpenCall => {
  const rawPath = withoutSecretValues(request.raw.url ?? '');
  const bearer = bearerOf(request);
  const operations = (header(request, 'x-graphql-operations') ?? '')
    .split(',')
    .map((name) => name.trim().slice(0, 200));
  return {
    at,
    method: request.method,
    path: decoded(rawPath.split('?', 1)[0] ?? ''),
    query: queryOf(rawPath),
    route: 'unknown',
    locationId: null,
    status: null,
    durationMs: 0,
    version: header(request, 'version'),
    requestBody: undefined,
    tokenFingerprint: bearer === null ? null : createHash('sha256').update(bearer).digest('hex').slice(0, 8),
    operations: operations.filter((name) => name !== '').slice(0, MOST_OPERATIONS),
    rawPath,
  };
};

/** How much of the log's memory a call's body takes; larger ones are not kept. */
export const bodySizeOf = (request: FastifyRequest): number =>
  Math.min(MOST_BODY, Number(header(request, 'content-length') ?? (header(request, 'transfer-encoding') && MOST_BODY)));

/** A body as the log keeps it. */
export const redacted = (body: unknown, size: number): unknown =>
  size >= MOST_BODY ? '(too large for the log)' : withoutSecrets(body);

const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, SECRETS.includes(name) ? '***' : withoutSecrets(member)]),
  );
};

/** A field that comes again makes a list: whoever wants one text then finds none (RFC 6749 §3.1 forbids repeats). */
const formFields = (body: string): Readonly<Record<string, unknown>> => {
  const fields = new URLSearchParams(body);
  return Object.fromEntries(
    [...fields.keys()].map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
};

/** Parses by content type; other types count as no body. Throws 400 for broken JSON, as the vendor's framework does. */
export const parseBody = (request: FastifyRequest): unknown => {
  const { body } = request;
  if (typeof body !== 'string' || body === '') return undefined;
  const type = header(request, 'content-type') ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return formFields(body);
  if (!type.startsWith('application/json')) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    return parsed;
  } catch {
    throw new VendorError(400, { statusCode: 400, message: 'Unexpected token in JSON', error: 'Bad Request' });
  }
};

/** What a route sees. */
export const readCall = (request: FastifyRequest, body: unknown): Call => {
  const params = isRecord(request.params) ? Object.entries(request.params) : [];
  return {
    params: Object.fromEntries(params.map(([name, value]) => [name, String(value)])),
    query: queryOf(request.raw.url ?? ''),
    body,
    version: header(request, 'version'),
    bearer: bearerOf(request),
  };
};

/** Named in path, query or body, else the one the refresh token, the code or the bearer token belongs to. */
export const locationOf = (call: Call, world: World): string | null => {
  const named =
    call.params['locationId'] ??
    call.query['locationId'] ??
    textField(call.body, 'locationId') ??
    /^location:(.+)$/.exec(textField(call.body, 'holder') ?? '')?.[1] ??
    null; // the consent form's way to name one
  if (named !== null) return named;
  const { tokens } = world.grants;
  const grant =
    tokens.findRefresh(textField(call.body, 'refresh_token') ?? '') ??
    tokens.findCode(textField(call.body, 'code') ?? '') ??
    findGrant(call, world);
  return grant?.holder.kind === 'Location' ? grant.holder.locationId : null;
};
