import { describe, expect, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { createRedact, describeError } from '../../src/observe/redact.ts';

const redact = createRedact([]);

describe('redacting', () => {
  test.each([
    ['a bearer token', 'Authorization: Bearer abc.DEF-123~/+=', 'Authorization: Bearer [redacted]'],
    ['a bearer token in other letters', 'authorization: bearer  abc', 'authorization: bearer [redacted]'],
    ['basic credentials', 'sent Basic dXNlcjpwYXNz, refused', 'sent Basic [redacted], refused'],
    [
      'a form',
      'grant_type=refresh_token&refresh_token=r-1&client_id=app&client_secret=s-1&code=c-1',
      'grant_type=refresh_token&refresh_token=[redacted]&client_id=app&client_secret=[redacted]&code=[redacted]',
    ],
    [
      'a JSON body',
      '{"access_token":"a-1", "expires_in": 5, "refresh_token" : "r-1"}',
      '{"access_token":"[redacted]", "expires_in": 5, "refresh_token" : "[redacted]"}',
    ],
    [
      'a JSON body in camel case',
      '{"accessToken":"a-1","clientSecret":"s"}',
      '{"accessToken":"[redacted]","clientSecret":"[redacted]"}',
    ],
    ['JSON inside JSON', '"{\\"access_token\\":\\"a-1\\"}"', '"{\\"access_token\\":\\"[redacted]\\"}"'],
    ['a JWT', 'token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln was refused', 'token [redacted] was refused'],
    [
      'a service token, but for its id',
      'key=ugw_0a1b2c3d4e_Abc-def_0123456789Abc-def_0123456789Abc-def_012, refused',
      'key=ugw_0a1b2c3d4e_[redacted], refused',
    ],
    ['a service token after other letters', 'xugw_0a1b2c3d4e_Abc-def_01/', 'xugw_0a1b2c3d4e_[redacted]/'],
    ['a private token', 'pit-0b1f9a2e-1111-2222-3333-444455556666 is bad', '[redacted] is bad'],
    ['a URL with a password', 'redis://:p@ss:word@cache:6379/0 refused', 'redis://[redacted]@cache:6379/0 refused'],
    ['a URL with user and password', 'at postgres://me:pw@db/x', 'at postgres://[redacted]@db/x'],
    ['a URL with a token for a user', 'https://token@host/path', 'https://[redacted]@host/path'],
  ])('%s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each([
    'connect ECONNREFUSED 127.0.0.1:6379',
    'upstream answered 401 Invalid token: access token is invalid',
    'https://services.leadconnectorhq.com/oauth/token?x=1',
    'ask anna@example.com',
  ])('"%s" holds no secret and stays as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('known values go wherever and however they turn up; one that begins another leaves nothing of it', () => {
    const known = createRedact(['s3cr3t', 's3cr3t-and-more', 'a"b c/d\\e', 'short']);
    expect(known('s3cr3t-and-more, s3cr3ts3cr3t')).toBe('[redacted], [redacted][redacted]');
    expect(
      known(`plain a"b c/d\\e, url ${encodeURIComponent('a"b c/d\\e')}, json ${JSON.stringify('a"b c/d\\e')}`),
    ).toBe('plain [redacted], url [redacted], json "[redacted]"');
    expect(known('a short word')).toBe('a short word');
  });

  test.each([
    ['a word', 'a'.repeat(2_000_000)],
    ['the beginnings of tokens', 'eyJaaaaaaaa-'.repeat(200_000)],
    ['the beginnings of service tokens', 'ugw_0a1b2c3d4e'.repeat(150_000)],
    ['the beginnings of URLs', 'a://'.repeat(500_000)],
    ['the beginnings of fields', 'access_token\\\\\\'.repeat(100_000)],
    ['blanks', `Bearer${' '.repeat(2_000_000)}`],
  ])('%s without an end is cut short', (_, text) => {
    expect(createRedact(['s3cr3t'])(text).length).toBeLessThanOrEqual(4_096);
  });

  test('a secret that lies across the cut is not shown in part', () => {
    const secret = 'abcdefghijklmnopqrstuvwxyz';
    for (const place of [4_080, 4_090, 8_180])
      expect(createRedact([secret])('.'.repeat(place) + secret)).not.toContain('abcdef');
  });
});

describe('describing an error', () => {
  test('names, codes and redacted messages down the chain of causes, nothing of the objects', () => {
    const socket = Object.assign(new Error('connect refused by redis://:pw@cache'), {
      code: 'ECONNREFUSED',
      request: { headers: { authorization: 'Bearer very-secret' } },
    });
    const error = new GatewayError('UPSTREAM_UNAVAILABLE', { cause: new TypeError('fetch failed', { cause: socket }) });
    expect(describeError(error, redact)).toBe(
      'GatewayError UPSTREAM_UNAVAILABLE: The Users API cannot be reached or failed. <- TypeError: fetch failed <- ' +
        'Error ECONNREFUSED: connect refused by redis://[redacted]@cache',
    );
  });

  test.each([
    ['a text', 'Bearer abc', 'Bearer [redacted]'],
    ['an object', { token: 'very-secret' }, 'object'],
    ['nothing', undefined, 'undefined'],
    ['a function', () => 'very-secret', 'function'],
  ])('%s that was thrown is described without being looked into', (_, thrown, expected) => {
    expect(describeError(thrown, redact)).toBe(expected);
    expect(describeError(new Error('x', { cause: thrown ?? null }), redact)).not.toContain('very-secret');
  });

  test('a message that is very long, and causes that go in a circle, come to an end', () => {
    const circle = new Error('y'.repeat(100_000));
    circle.cause = circle;
    const text = describeError(circle, redact);
    expect(text.length).toBeLessThan(4_000);
    expect(text.split('<-')).toHaveLength(6);
    expect(describeError('z'.repeat(100_000), redact)).toHaveLength(500);
  });
});
