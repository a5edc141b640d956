import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pass, stopClock } from '../support/clock.ts';
import { audience, claimsOf, compact, createKey, headerOf, now, startIssuer, type Members } from '../support/issuer.ts';
import { codeOf, defaults, outcome, verifierOf } from './verifier.ts';

beforeEach(() => stopClock());
afterEach(() => void jest.useRealTimers());

describe('a good token', () => {
  test.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)(
    'of %s says who calls and what they may see',
    async (alg) => {
      await using issuer = await startIssuer(alg);
      const { verify } = await verifierOf([issuer]);
      expect(await verify(issuer.token())).toEqual({
        subject: 'anna',
        kind: 'USER',
        key: expect.stringMatching(/^user:[0-9a-f]{12}$/),
        scopes: ['socialplanner/tag.readonly', 'locations.readonly'],
        locations: new Set(['ve9EPM428h8vShlRW1KT']),
        isOfCompany: false,
      });
    },
  );

  test('is read by the claims that the settings name', async () => {
    await using issuer = await startIssuer();
    const claims = { scope: 'scp', location: 'https://x.example/sites', company: 'org' };
    const { verify } = await verifierOf([issuer], { claims, companyId: 'company1' });
    const token = (more: Members) => issuer.token({ scp: ['a'], ...more });
    expect(await verify(token({ 'https://x.example/sites': 'one' }))).toMatchObject({ locations: new Set(['one']) });
    expect(await verify(token({ org: 'company1' }))).toMatchObject({ scopes: ['a'], locations: 'all' });
    expect(await verify(token({ org: 'company2' }))).toMatchObject({ scopes: ['a'], locations: new Set() });
  });

  test('of one issuer is not of another: two that use one subject are two callers', async () => {
    await using one = await startIssuer();
    await using two = await startIssuer();
    const { verify } = await verifierOf([one, two]);
    const callers = [await verify(one.token()), await verify(two.token()), await verify(one.token())];
    expect(new Set(callers.map(({ key }) => key)).size).toBe(2);
    expect([one.fetches, two.fetches]).toEqual([1, 1]);
  });
});

describe('settings', () => {
  test('an algorithm that is not among them is refused, though its key is published', async () => {
    await using issuer = await startIssuer('RS256');
    const { verify } = await verifierOf([issuer], { algorithms: ['ES256', 'PS256'] });
    expect(await codeOf(verify(issuer.token()))).toBe('UNAUTHENTICATED');
    expect(issuer.fetches).toBe(0); // refused before keys are asked for
  });

  test('another type in place of at+jwt', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer], { tokenType: 'JWT' });
    expect(await codeOf(verify(issuer.token({}, { typ: 'JWT' })))).toBe('good');
    expect(await codeOf(verify(issuer.token()))).toBe('UNAUTHENTICATED');
  });

  test('one of several audiences', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer], { audiences: ['first', audience] });
    for (const aud of ['first', audience, ['x', 'first']])
      expect(await codeOf(verify(issuer.token({ aud })))).toBe('good');
    expect(await codeOf(verify(issuer.token({ aud: ['x', 'y'] })))).toBe('UNAUTHENTICATED');
  });

  test('the tolerance, to the second', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer], { clockToleranceSeconds: 10 });
    const codes = (claims: readonly Members[]) => Promise.all(claims.map((one) => codeOf(verify(issuer.token(one)))));
    const at = now();
    expect(await codes([{ exp: at - 9 }, { iat: at + 10 }, { nbf: at + 10 }])).toEqual(['good', 'good', 'good']);
    const bad = 'UNAUTHENTICATED';
    expect(await codes([{ exp: at - 10 }, { iat: at + 11 }, { nbf: at + 11 }])).toEqual([bad, bad, bad]);
  });

  test('the longest life, to the second', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer], { maxLifetimeSeconds: 600 });
    const life = (seconds: number, since = 0) =>
      codeOf(verify(issuer.token({ iat: now() - since, exp: now() - since + seconds })));
    expect([await life(600), await life(600, 500)]).toEqual(['good', 'good']);
    expect([await life(601), await life(601, 500)]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });
});

test('the reason is told to the log alone, by codes and names', async () => {
  await using issuer = await startIssuer();
  const { verify } = await verifierOf([issuer]);
  const reasons = (...tokens: readonly string[]) =>
    Promise.all(tokens.map(async (token) => Object(await outcome(verify(token))).reason as unknown));
  expect(
    await reasons(
      issuer.token({ aud: 'other' }),
      issuer.token({ exp: now() - 90 }),
      issuer.token({}, { typ: 'JWT' }),
      issuer.token({ exp: now() + 90_000 }),
      issuer.token({ iss: 'https://other.example' }),
      issuer.token({}, { crit: ['secret-extension'] }),
      compact(createKey(), headerOf(issuer.key), claimsOf(issuer.issuer)),
      'x',
    ),
  ).toEqual([
    'access token: ERR_JWT_CLAIM_VALIDATION_FAILED aud check_failed',
    'access token: ERR_JWT_EXPIRED exp check_failed',
    'access token: ERR_JWT_CLAIM_VALIDATION_FAILED typ check_failed',
    'access token: lifetime',
    'access token: issuer',
    'access token: ERR_JOSE_NOT_SUPPORTED',
    'access token: ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'access token: not three parts in 8 KB',
  ]);
});

describe('a token that was good', () => {
  /** Reads the keys again, among which the one of `token` is no more. */
  const withdrawn = async (claims: () => Members) => {
    const issuer = await startIssuer();
    const { verify } = await verifierOf([issuer]);
    const token = issuer.token(claims());
    await verify(token);
    const code = () => codeOf(verify(token));
    pass(31);
    issuer.rotate();
    await verify(issuer.token());
    expect(issuer.fetches).toBe(2);
    return { code, [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose]() };
  };

  test('is not checked again for a minute, then it is', async () => {
    await using token = await withdrawn(() => ({ exp: now() + 3_600 }));
    expect(await token.code()).toBe('good');
    pass(28);
    expect(await token.code()).toBe('good');
    pass(1);
    expect(await token.code()).toBe('UNAUTHENTICATED');
  });

  test('is checked again when it expires before that', async () => {
    await using token = await withdrawn(() => ({ exp: now() + 40 }));
    pass(8);
    expect(await token.code()).toBe('good');
    pass(1);
    expect(await token.code()).toBe('UNAUTHENTICATED');
  });

  test('is refused once it has expired by more than the tolerance', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer]);
    const token = issuer.token({ exp: now() + 20 });
    const codes: string[] = [];
    for (const seconds of [0, 20, 29, 1]) {
      pass(seconds);
      codes.push(await codeOf(verify(token)));
    }
    expect(codes).toEqual(['good', 'good', 'good', 'UNAUTHENTICATED']);
  });

  test('does not make another good: not one with another signature, and not with another verifier', async () => {
    await using issuer = await startIssuer();
    const { verify } = await verifierOf([issuer]);
    const token = issuer.token();
    await verify(token);
    const start = token.slice(0, token.lastIndexOf('.') + 1);
    expect(await codeOf(verify(`${start}${'A'.repeat(86)}`))).toBe('UNAUTHENTICATED');
    const elsewhere = await verifierOf([issuer], { ...defaults, audiences: ['elsewhere'], issuers: [] });
    expect(await codeOf(elsewhere.verify(token))).toBe('UNAUTHENTICATED');
  });
});
