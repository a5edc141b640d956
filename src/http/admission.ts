import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import type { Allowances } from '../limiter/allowances.ts';
import type { Caller } from '../model/caller.ts';
import { GatewayError } from '../model/errors.ts';
import { describeError } from '../observe/redact.ts';
import type { Tally } from '../observe/tally.ts';
import { answerProblem, refusalProblem } from './errors.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import type { Shares } from './share.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling, once that is known. */
    caller: Caller | null;
  }
}

/** What stands at the door. */
export interface AdmissionOptions {
  readonly authenticate: Authenticate;
  readonly allowances: Pick<Allowances, 'admitCaller'>;
  /** Requests under way; one caller holds a part of them at most, where callers can be told apart. */
  readonly shares: Shares;
  /** Whether callers can be told apart: else nobody is limited for what all do together. */
  readonly areCallersKnown: boolean;
  readonly tally: Tally;
}

/** Lets a request in before its body is read, or answers it: who is it, may it be so many at a time, may it ask so often. Gives whether it
 * is in; `request.caller` says who it is. */
export type Admit = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;

/** Throws nothing that a caller is to blame for. */
export const createAdmission =
  (options: AdmissionOptions): Admit =>
  async (request, reply) => {
    try {
      request.caller = await options.authenticate(request.headers.authorization);
      if (reply.raw.closed) return false; // gone meanwhile: no `close` would come that gives its place back
      takeShare(request.caller, reply, options);
      if (options.areCallersKnown) await countIn(request.caller, reply, options);
      return true;
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      const problem = refusalProblem(error);
      if (problem === null) throw error;
      count(request, error, options.tally);
      refusalHeaders(request, reply, error);
      answerProblem(request, reply, { ...problem, ...reasonOf(error) });
      return false;
    }
  };

const takeShare = ({ key }: Caller, reply: FastifyReply, { shares, areCallersKnown }: AdmissionOptions): void => {
  const taken = shares.take(areCallersKnown ? key : null);
  if (typeof taken === 'function') reply.raw.once('close', taken);
  else throw new GatewayError(taken === 'caller' ? 'RATE_LIMITED' : 'OVERLOADED', { retryAfterMs: 1_000 });
};

const countIn = async ({ key }: Caller, reply: FastifyReply, { allowances }: AdmissionOptions): Promise<void> => {
  const standing = await allowances.admitCaller(key);
  void reply.headers(rateLimitHeaders(standing));
  if (standing.retryAfterMs !== null) throw new GatewayError('RATE_LIMITED', { retryAfterMs: standing.retryAfterMs });
};

const count = ({ headers }: FastifyRequest, { code }: GatewayError, tally: Tally): void => {
  if (code === 'AUTH_UNAVAILABLE') tally.add('auth-refusal unavailable');
  else if (code === 'UNAUTHENTICATED')
    tally.add(`auth-refusal ${headers.authorization === undefined ? 'no_token' : 'bad_token'}`);
  else if (code === 'RATE_LIMITED') tally.add('limited caller'); // overload is counted for all who refuse by it
};

const refusalHeaders = (request: FastifyRequest, reply: FastifyReply, { code, retryAfterMs }: GatewayError): void => {
  if (retryAfterMs !== null) void reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  if (code !== 'UNAUTHENTICATED') return;
  // RFC 6750 §3: the error only where there was a token.
  const error = request.headers.authorization === undefined ? '' : ', error="invalid_token"';
  void reply.header('www-authenticate', `Bearer realm="users-gateway"${error}`);
};

// For the log alone.
const reasonOf = ({ cause }: GatewayError) =>
  cause === undefined ? {} : { reason: describeError(cause, (text) => text) };
