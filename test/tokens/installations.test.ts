import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ErrorCode } from '../../src/model/errors.ts';
import type { LocationId } from '../../src/model/ids.ts';
import type { Grant } from '../../src/tokens/grants.ts';
import { lost } from '../../src/tokens/redeem.ts';
import { always, create, minutes, one, scopes, waitFor } from './answers.ts';
import { idOf } from './upstream.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

describe('the installation', () => {
  const look = async ({ tokens }: ReturnType<typeof create>, holder: LocationId = idOf('one')) => {
    const installation = tokens.installation(holder, always);
    installation.catch(() => undefined);
    await waitFor(100);
    return installation;
  };
  const none = { grantedScopes: [], missingScopes: scopes, tokenRenewedAt: null, tokenExpiresAt: null };

  test('a working grant says when its token was renewed, when it ends and which scopes are missing', async () => {
    expect(await look(create([{ scopes: ['tags', 'other'] }]))).toEqual({
      status: 'CONNECTED',
      grantedScopes: ['tags', 'other'],
      missingScopes: ['statistics'],
      grantKind: 'CLIENT_CREDENTIALS',
      tokenRenewedAt: start + 100,
      tokenExpiresAt: start + 100 + minutes(60),
    });
  });

  test.each<[ErrorCode, Grant['kind'], string]>([
    ['LOCATION_NOT_CONNECTED', 'CLIENT_CREDENTIALS', 'NOT_INSTALLED'],
    ['LOCATION_NOT_CONNECTED', 'LOCATION_GRANT', 'NOT_INSTALLED'],
    ['LOCATION_PAUSED', 'CLIENT_CREDENTIALS', 'PAUSED'],
    ['LOCATION_PAUSED', 'LOCATION_GRANT', 'PAUSED'],
  ])('%s of a grant of the kind %s is shown as %s', async (code, kind, status) => {
    expect(await look(create([code], { kind }))).toEqual({ ...none, status, grantKind: kind });
  });

  test('a grant that was there and is lost needs a person again', async () => {
    const room = create([{}], { kind: 'LOCATION_GRANT', obtain: () => Promise.reject(lost('seed', 'refused')) });
    expect(await look(room)).toEqual({ ...none, status: 'REAUTHORIZATION_REQUIRED', grantKind: 'LOCATION_GRANT' });
  });

  test.each<ErrorCode>(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_AUTH_FAILED', 'GRANT_STORE_UNAVAILABLE'])(
    '%s says nothing about the grant',
    async (code) => {
      await expect(look(create([code]))).rejects.toMatchObject({ code });
    },
  );

  test('a static token shows what upstream granted and refused so far, and never expires', async () => {
    const room = create([{ scopes: null, expiresAt: Infinity }], { kind: 'PRIVATE_INTEGRATION', isRenewable: false });
    expect(await look(room)).toMatchObject({ status: 'CONNECTED', grantedScopes: [], missingScopes: [] });
    room.tokens.heard(one, 'tags', null);
    room.tokens.heard(one, 'statistics', 'scope-missing');
    expect(await look(room)).toMatchObject({
      status: 'CONNECTED',
      grantedScopes: ['tags'],
      missingScopes: ['statistics'],
      tokenExpiresAt: null,
    });
  });

  test.each(['private-token', 'token-expired'] as const)(
    'a static token refused with %s must be replaced by a person; trouble that is not about it changes nothing',
    async (refusal) => {
      const room = create([{ scopes: null }], { kind: 'PRIVATE_INTEGRATION', isRenewable: false });
      room.tokens.heard(one, 'tags', refusal);
      expect((await look(room)).status).toBe('REAUTHORIZATION_REQUIRED');
      room.tokens.heard(one, 'tags', 'server');
      expect((await look(room)).status).toBe('REAUTHORIZATION_REQUIRED');
      room.tokens.heard(one, 'tags', null);
      expect((await look(room)).status).toBe('CONNECTED');
    },
  );
});
