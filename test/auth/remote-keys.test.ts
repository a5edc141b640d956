import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import { createRemoteKeys } from '../../src/auth/remote-keys.ts';
import { pass, stopClock } from '../support/clock.ts';
import { claimsOf, compact, createKey, headerOf, startIssuer, type Mode, type TestIssuer } from '../support/issuer.ts';
import { codeOf, verifierOf } from './verifier.ts';

beforeEach(() => stopClock());
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

const bad: readonly Mode[] = ['down', 'cut', 'slow', 'redirect', 'garbage', 'not a set', 'huge'];

const timeout = AbortSignal.timeout.bind(AbortSignal);

/** Keys, and what an operator hears of them. An issuer that is slow is given up after 100 ms, or never: no clock of a test can stop that. */
const open = (issuer: TestIssuer, { isGivenUp = true } = {}) => {
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    if (issuer.mode !== 'slow') return timeout(ms);
    return isGivenUp ? timeout(100) : new AbortController().signal;
  });
  const news: string[] = [];
  const onBad = (error: Error) => void news.push(error.message);
  const keys = createRemoteKeys(issuer.jwksUrl, { onBad, onGood: () => void news.push('good') });
  return { news, code: (token: string) => codeOfKeys(keys, token) };
};

const codeOfKeys = (keys: JWTVerifyGetKey, token: string): Promise<string> =>
  jwtVerify(token, keys, { currentDate: new Date(0) }).then(
    () => 'good',
    (error: unknown) => String(Object(error).code),
  );

const strange = (issuer: TestIssuer): string => {
  const key = createKey();
  return compact(key, headerOf(key), claimsOf(issuer.issuer));
};

const unknown = 'ERR_JWKS_NO_MATCHING_KEY';

describe('keys that are published', () => {
  test('are read when they are first needed, once for all who wait, and again after 10 minutes', async () => {
    await using issuer = await startIssuer();
    const { code } = open(issuer);
    expect(issuer.fetches).toBe(0);
    expect(await Promise.all(Array.from({ length: 50 }, () => code(issuer.token())))).toEqual(Array(50).fill('good'));
    expect(issuer.fetches).toBe(1);
    pass(599);
    await code(issuer.token());
    expect(issuer.fetches).toBe(1);
    pass(1);
    await code(issuer.token());
    expect(issuer.fetches).toBe(2);
  });

  test('are not asked for again by 100 names that nobody knows', async () => {
    await using issuer = await startIssuer();
    const { code } = open(issuer);
    const codes: string[] = [];
    for (let count = 0; count < 100; count += 1) codes.push(await code(strange(issuer)));
    expect(new Set(codes)).toEqual(new Set([unknown]));
    expect(issuer.fetches).toBe(1);
    pass(30);
    await Promise.all(Array.from({ length: 100 }, () => code(strange(issuer))));
    expect(issuer.fetches).toBe(2);
  });

  test('may change: a new key works after the cool-down, and the withdrawn one does not', async () => {
    await using issuer = await startIssuer();
    const { code } = open(issuer);
    const old = issuer.token();
    expect(await code(old)).toBe('good');
    issuer.rotate();
    expect(await code(issuer.token())).toBe(unknown);
    pass(30);
    expect(await code(issuer.token())).toBe('good');
    expect(await code(old)).toBe(unknown);
    expect(issuer.fetches).toBe(2);
  });

  test('may be two at a time', async () => {
    await using issuer = await startIssuer();
    const { code } = open(issuer);
    const old = issuer.token();
    const before = issuer.published;
    issuer.rotate();
    issuer.published = [...before, ...issuer.published];
    expect([await code(old), await code(issuer.token())]).toEqual(['good', 'good']);
  });

  test('may stand beside keys of no use, and are not spoilt by them', async () => {
    await using issuer = await startIssuer();
    issuer.published = [{ kty: 'new' }, {}, { kty: 'RSA', n: 7, kid: 'x' }, ...issuer.published];
    expect(await open(issuer).code(issuer.token())).toBe('good');
  });

  test.each(['private', 'symmetric'])('are of no use where they are %s', async (kind) => {
    await using issuer = await startIssuer();
    const { kid, privateKey } = issuer.key;
    issuer.published =
      kind === 'private' ? [{ ...privateKey.export({ format: 'jwk' }), kid }] : [{ kty: 'oct', k: 'AAAA', kid }];
    const { verify } = await verifierOf([issuer]);
    expect(await codeOf(verify(issuer.token()))).toBe('UNAUTHENTICATED');
  });
});

describe('an issuer that fails', () => {
  test.each(bad)('(%s) before any key was read makes it impossible to tell', async (mode) => {
    await using issuer = await startIssuer();
    issuer.mode = mode;
    const { code, news } = open(issuer);
    expect(await code(issuer.token())).toBe('AUTH_UNAVAILABLE');
    expect(news).toHaveLength(1);
    issuer.mode = 'good';
    pass(5);
    expect(await code(issuer.token())).toBe('good');
    expect(news.slice(1)).toEqual(['good']);
    expect(issuer.strayRequests).toEqual([]);
  });

  test.each(bad)('(%s) later on is bridged for a day with the keys that were read last', async (mode) => {
    await using issuer = await startIssuer();
    const { code, news } = open(issuer);
    expect(await code(issuer.token())).toBe('good');
    issuer.mode = mode;
    pass(86_399);
    expect([await code(issuer.token()), await code(strange(issuer))]).toEqual(['good', unknown]);
    pass(601);
    expect(await code(issuer.token())).toBe('AUTH_UNAVAILABLE');
    expect(news).toHaveLength(1);
    issuer.mode = 'good';
    pass(5);
    expect(await code(issuer.token())).toBe('good');
  });

  test.each(['down', 'slow'] as const)('(%s) is left alone for 5 s, whoever asks', async (mode) => {
    await using issuer = await startIssuer();
    issuer.mode = mode;
    const { code } = open(issuer);
    const flood = async () => {
      await Promise.all(Array.from({ length: 50 }, () => code(issuer.token())));
      for (let count = 0; count < 20; count += 1) await code(strange(issuer));
    };
    await flood();
    pass(4.999);
    await flood();
    expect(issuer.fetches).toBe(1);
    pass(0.001);
    await flood();
    expect(issuer.fetches).toBe(2);
  });

  /** Keys that were read, and then could not be read again. */
  const failed = async (issuer: TestIssuer, options?: { readonly isGivenUp: boolean }) => {
    const { code } = open(issuer, options);
    const token = issuer.token();
    await code(token);
    pass(600);
    issuer.mode = 'down';
    expect([await code(token), issuer.fetches]).toEqual(['good', 2]);
    pass(5);
    return { code, token };
  };

  test('keeps nobody waiting who has a known key, however long it takes', async () => {
    await using issuer = await startIssuer();
    const { code, token } = await failed(issuer, { isGivenUp: false });
    issuer.mode = 'slow';
    const codes = await Promise.all(Array.from({ length: 20 }, () => code(token)));
    expect(codes).toEqual(Array(20).fill('good'));
    while (issuer.fetches < 3) expect(await code(token)).toBe('good'); // it is asked, once, and still owes its answer
    expect(issuer.fetches).toBe(3);
  });

  test('is noticed when it is good again, though nobody brings an unknown key', async () => {
    await using issuer = await startIssuer();
    const { code, token } = await failed(issuer);
    issuer.mode = 'good';
    issuer.rotate();
    while ((await code(token)) === 'good') await new Promise(setImmediate); // until its key was seen to be withdrawn
    expect(await code(issuer.token())).toBe('good');
    expect(issuer.fetches).toBe(3);
  });

  test('is told of by a verifier with its name', async () => {
    await using issuer = await startIssuer();
    issuer.mode = 'down';
    const news: unknown[] = [];
    const { verify } = await verifierOf(
      [issuer],
      {},
      {
        onBad: (name, error) => void news.push([name, error.message]),
        onGood: (name) => void news.push([name]),
      },
    );
    expect(await codeOf(verify(issuer.token()))).toBe('AUTH_UNAVAILABLE');
    issuer.mode = 'good';
    pass(5);
    expect(await codeOf(verify(issuer.token()))).toBe('good');
    expect(news).toEqual([[issuer.issuer, 'the key set was answered with 503'], [issuer.issuer]]);
  });

  test('does not make a token good that is bad for other reasons', async () => {
    await using issuer = await startIssuer();
    await using other = await startIssuer();
    issuer.mode = 'down';
    const { verify } = await verifierOf([issuer, other]);
    expect(await codeOf(verify(issuer.token()))).toBe('AUTH_UNAVAILABLE');
    expect(await codeOf(verify(other.token()))).toBe('good'); // the other issuer has nothing to do with it
    expect(await codeOf(verify(issuer.token({}, { alg: 'none' })))).toBe('UNAUTHENTICATED');
    expect(await codeOf(verify(issuer.token({ iss: 'https://nobody.example' })))).toBe('UNAUTHENTICATED');
  });
});
