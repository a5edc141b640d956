import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { inspect } from 'node:util';
import type { TokenVerifier } from '../../src/auth/token-verifier.ts';
import { errorTable, GatewayError } from '../../src/model/errors.ts';
import { stopClock } from '../support/clock.ts';
import { forge, type Cast, type Forgery } from '../support/forgeries.ts';
import { audience, now, startIssuer } from '../support/issuer.ts';
import { codeOf, verifierOf } from './verifier.ts';

let cast: Cast;
let verifier: TokenVerifier;
let forgeries: readonly Forgery[];

beforeAll(async () => {
  stopClock();
  const [issuer, neighbour, stranger] = await Promise.all([startIssuer(), startIssuer(), startIssuer()]);
  cast = { issuer, neighbour, stranger };
  verifier = await verifierOf([issuer, neighbour]);
  forgeries = forge(cast);
});

afterAll(async () => {
  jest.useRealTimers();
  for (const one of [cast.issuer, cast.neighbour, cast.stranger]) await one[Symbol.asyncDispose]();
});

const failureOf = (token: string): Promise<unknown> =>
  verifier.verify(token).then(
    () => 'accepted',
    (error: unknown) => error,
  );

describe('of forged, borrowed, stale and malformed tokens', () => {
  test('there are more than 200, all different', () => {
    expect(forgeries.length).toBeGreaterThan(200);
    expect(new Set(forgeries.map(([name]) => name)).size).toBe(forgeries.length);
    expect(new Set(forgeries.map(([, token]) => token)).size).toBeGreaterThan(forgeries.length - 5);
  });

  test('none is accepted, and all get the same answer', async () => {
    const wrong: unknown[] = [];
    for (const [name, token] of forgeries) {
      const error = await failureOf(token);
      const isRight =
        error instanceof GatewayError &&
        error.code === 'UNAUTHENTICATED' &&
        error.message === errorTable.UNAUTHENTICATED.message &&
        error.retryAfterMs === null;
      if (!isRight) wrong.push([name, error]);
    }
    expect(wrong).toEqual([]);
  });

  test('none is in the reason that the log gets, not even in part', async () => {
    const leaks: unknown[] = [];
    for (const [name, token] of forgeries) {
      const error = await failureOf(token);
      const told = inspect(error, { depth: 20, showHidden: true });
      const secrets = partsOf(token).filter(({ length }) => length > 8);
      if (secrets.some((secret) => told.includes(secret))) leaks.push([name, told]);
      expect(error).toHaveProperty('cause.message', expect.stringMatching(/^access token: [\w ]{3,80}$/));
    }
    expect(leaks).toEqual([]);
  });

  test('none leads anywhere: strangers are asked for nothing, issuers for their keys once', async () => {
    for (const [, token] of forgeries) await failureOf(token);
    const { issuer, neighbour, stranger } = cast;
    expect([stranger.fetches, ...stranger.strayRequests]).toEqual([0]);
    expect([...issuer.strayRequests, ...neighbour.strayRequests]).toEqual([]);
    expect([issuer.fetches, neighbour.fetches]).toEqual([1, 1]);
  });

  test('none is in the way of a good one', async () => {
    await Promise.all(forgeries.map(([, token]) => failureOf(token)));
    expect(await codeOf(verifier.verify(cast.issuer.token()))).toBe('good');
    expect(await codeOf(verifier.verify(cast.neighbour.token()))).toBe('good');
  });
});

// The parts of a token, and the texts within them, that a careless message would repeat.
const partsOf = (token: string): readonly string[] => {
  const parts = token.split('.', 5);
  return [...parts, ...parts.flatMap(textsWithin)];
};

const textsWithin = (one: string): readonly string[] => {
  try {
    const members: unknown = JSON.parse(Buffer.from(one, 'base64url').toString());
    return typeof members === 'object' && members !== null ? Object.values(members).filter(isText) : [];
  } catch {
    return [];
  }
};

const isText = (value: unknown): value is string => typeof value === 'string';

describe('what looks like one of them and is good', () => {
  test.each<[string, () => string]>([
    ['a token', () => cast.issuer.token()],
    ['of the other issuer', () => cast.neighbour.token()],
    ['typ in capitals', () => cast.issuer.token({}, { typ: 'AT+JWT' })],
    ['typ in full', () => cast.issuer.token({}, { typ: 'application/at+jwt' })],
    ['expired 10 s ago, within the tolerance', () => cast.issuer.token({ exp: now() - 10 })],
    ['issued by a clock that is 10 s ahead', () => cast.issuer.token({ iat: now() + 10 })],
    ['good from 10 s ahead', () => cast.issuer.token({ nbf: now() + 10 })],
    ['good since now', () => cast.issuer.token({ nbf: now() })],
    ['as long as may be', () => cast.issuer.token({ iat: now(), exp: now() + 86_400 })],
    ['parts of seconds', () => cast.issuer.token({ iat: now() - 0.5, exp: now() + 300.25 })],
    ['for several audiences', () => cast.issuer.token({ aud: ['front-end', audience] })],
    ['without a kid, where there is one key', () => cast.issuer.token({}, { kid: undefined })],
    ['keys by reference that nobody follows', () => cast.issuer.token({}, { jku: cast.stranger.jwksUrl })],
    ['a subject of 200 characters', () => cast.issuer.token({ sub: 'x'.repeat(200) })],
    ['unknown members', () => cast.issuer.token({ acr: '1', 'https://x.example/y': {} }, { x: 1 })],
    ['almost 8 KB', () => cast.issuer.token({ x: 'x'.repeat(5_500) })],
  ])('%s', async (_name, token) => {
    expect(await codeOf(verifier.verify(token()))).toBe('good');
  });
});
