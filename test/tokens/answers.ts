// Access tokens over a grant that answers what a test says, under fake timers.
import { jest } from '@jest/globals';
import { GatewayError, type ErrorCode } from '../../src/model/errors.ts';
import type { AccessToken } from '../../src/tokens/access-token.ts';
import { createAccessTokens } from '../../src/tokens/access-tokens.ts';
import type { Grant } from '../../src/tokens/grants.ts';
import { holderKey, type Holder } from '../../src/upstream/send.ts';
import { idOf } from './upstream.ts';

export const always = new AbortController().signal;
export const waitFor = (ms: number) => jest.advanceTimersByTimeAsync(ms);
export const minutes = (count: number) => count * 60_000;
export const scopes = ['tags', 'statistics'];
export const one: Holder = { kind: 'location', locationId: idOf('one') };
export const two: Holder = { kind: 'location', locationId: idOf('two') };

/** A grant whose token endpoint answers 100 ms later what `answers` say, the last of them again and again. */
export const create = (
  answers: readonly (Partial<AccessToken> | ErrorCode)[] = [{}],
  { retryAfterMs, ...grantOptions }: Partial<Grant> & { retryAfterMs?: number } = {},
) => {
  let asked = 0;
  const obtain: Grant['obtain'] = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? {};
    asked += 1;
    const value = `token ${asked}`;
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (typeof answer === 'string') throw new GatewayError(answer, retryAfterMs === undefined ? {} : { retryAfterMs });
    const now = Date.now();
    const token = { obtainedAt: now, expiresAt: now + minutes(60), scopes, locationId: null };
    const given = { ...token, reveal: () => value, ...answer };
    return { renewAt: given.expiresAt - minutes(1), ...given };
  };
  const grant: Grant = {
    kind: 'CLIENT_CREDENTIALS',
    isRenewable: true,
    tokenKey: holderKey,
    obtain,
    ...grantOptions,
  };
  const tokens = createAccessTokens({ grant, wantedScopes: scopes });
  /** The token's value or the error's code, once it is known. */
  const get = async (holder: Holder = one, signal = always) => {
    const answer = tokens.get(holder, signal).then(
      (token) => token.reveal(),
      (error: unknown) => (error instanceof GatewayError ? error.code : error),
    );
    await waitFor(100);
    return answer;
  };
  return { tokens, get, asked: () => asked };
};

export const spentOf = async (tokens: ReturnType<typeof create>['tokens']) => {
  const token = tokens.get(one, always);
  await waitFor(100);
  return token;
};
