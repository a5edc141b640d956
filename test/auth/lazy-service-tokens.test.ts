import { expect, test } from '@jest/globals';
import { createLazyServiceTokens } from '../../src/auth/lazy-service-tokens.ts';
import type { Caller } from '../../src/model/caller.ts';
import { codeOf } from './verifier.ts';

const caller: Caller = {
  subject: 'service:reporting',
  kind: 'SERVICE',
  key: 'service:reporting',
  scopes: [],
  locations: 'all',
  isOfCompany: true,
};

/** Over a store that is away for so many openings; `seen` is what was done with it. */
const start = ({ awayFor = 0 } = {}) => {
  const seen: string[] = [];
  const tokens = createLazyServiceTokens(() => {
    seen.push('open');
    if (seen.length <= awayFor) return Promise.reject(new Error('away'));
    return Promise.resolve({
      tokens: {
        verify: (token) => (seen.push(`verify ${token}`), Promise.resolve(caller)),
        ping: (timeoutMs) => (seen.push(`ping ${timeoutMs}`), Promise.resolve()),
      },
      close: () => (seen.push('close'), Promise.resolve()),
    });
  });
  return { ...tokens, seen };
};

test('the store is opened by the first token that comes, once for all who wait', async () => {
  const { verify, close, seen } = start();
  expect(await Promise.all([verify('a'), verify('b')])).toEqual([caller, caller]);
  await close();
  expect(seen).toEqual(['open', 'verify a', 'verify b', 'close']);
});

test('one that cannot be opened is AUTH_UNAVAILABLE for the token, and the next one tries again', async () => {
  const { verify, seen } = start({ awayFor: 1 });
  expect(await codeOf(verify('a'))).toBe('AUTH_UNAVAILABLE');
  expect(await verify('b')).toBe(caller);
  expect(seen).toEqual(['open', 'open', 'verify b']);
});

test('whoever opens it hears what is wrong with it', async () => {
  await expect(start({ awayFor: 1 }).open()).rejects.toThrow('away');
});

test('a store that nobody has needed is well and stays closed; one that was needed and is away is not, until it is back', async () => {
  const { verify, ping, close, seen } = start({ awayFor: 2 });
  await ping(800);
  await close();
  expect(seen).toEqual([]);
  expect(await codeOf(verify('a'))).toBe('AUTH_UNAVAILABLE');
  await expect(ping(800)).rejects.toThrow('away');
  await ping(800);
  expect(seen).toEqual(['open', 'open', 'open', 'ping 800']);
});
