import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toTokenAnswer } from '../../src/tokens/access-token.ts';

const now = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now }));
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Seconds before its end at which a token of that life is due, by chance from 0 to just below 1. */
const aheadOf = (lifeSeconds: number, chance: number): number => {
  jest.spyOn(Math, 'random').mockReturnValue(chance);
  const { access } = toTokenAnswer({ access_token: 'a', expires_in: lifeSeconds });
  expect(access).toMatchObject({ obtainedAt: now, expiresAt: now + lifeSeconds * 1_000 });
  return (access.expiresAt - access.renewAt) / 1_000;
};

describe('the moment to renew', () => {
  test.each([
    ['a day', 86_399, 300, 360],
    ['an hour', 3_600, 300, 360],
    ['half an hour', 1_800, 180, 216],
    ['ten minutes', 600, 60, 72],
    ['three minutes', 180, 60, 72],
    ['two minutes and a little', 130, 60, 65],
    ['two minutes', 120, 60, 60],
    ['a minute', 60, 30, 30],
    ['a second', 1, 0.5, 0.5],
  ])('of a token that lives %s comes early enough, and for many tokens not at once', (_, life, least, most) => {
    expect(aheadOf(life, 0)).toBeCloseTo(least, 3);
    expect(aheadOf(life, 0.999999)).toBeCloseTo(most, 2);
  });

  test('is at least a minute ahead where the life allows it, and never in its first half', () => {
    for (let life = 1; life <= 86_400; life = Math.ceil(life * 1.07)) {
      for (const chance of [0, 0.3, 0.7, 0.999]) {
        const ahead = aheadOf(life, chance);
        expect(ahead).toBeLessThanOrEqual(life / 2);
        if (life >= 120) expect(ahead).toBeGreaterThanOrEqual(60);
      }
    }
  });

  test('differs between tokens of one moment', () => {
    const moments = Array.from(
      { length: 20 },
      () => toTokenAnswer({ access_token: 'a', expires_in: 86_400 }).access.renewAt,
    );
    expect(new Set(moments).size).toBeGreaterThan(15);
  });
});

describe('an answer', () => {
  test.each([
    ['no life: an hour', {}, 3_600],
    ['more than a day: a day', { expires_in: 10_000_000 }, 86_400],
  ])('of %s', (_, members, seconds) => {
    expect(toTokenAnswer({ access_token: 'a', ...members }).access.expiresAt).toBe(now + seconds * 1_000);
  });

  test.each([
    [undefined, null],
    ['', []],
    ['a', ['a']],
    [' a  b ', ['a', 'b']],
  ])('with the scope %j has the scopes %j', (scope, scopes) => {
    expect(toTokenAnswer({ access_token: 'a', scope }).access.scopes).toEqual(scopes);
  });

  test.each([
    ['ids', { locationId: 'L1', companyId: 'C1' }, { locationId: 'L1', companyId: 'C1' }],
    ['none', {}, { locationId: null, companyId: null }],
    ['numbers', { locationId: 5, companyId: 5 }, { locationId: null, companyId: null }],
    ['ways out of a path', { locationId: '../x', companyId: 'a b' }, { locationId: null, companyId: null }],
    ['endless ones', { locationId: 'x'.repeat(500), companyId: 'x'.repeat(65) }, { locationId: null, companyId: null }],
  ])('with %s for ids takes what can be one', (_, members, { locationId, companyId }) => {
    const answer = toTokenAnswer({ access_token: 'a', ...members });
    expect([answer.access.locationId, answer.companyId]).toEqual([locationId, companyId]);
  });

  test('shows neither of its tokens when it is printed', () => {
    const answer = toTokenAnswer({ access_token: 'at-secret', refresh_token: 'rt-secret', scope: 'a' });
    expect([answer.access.reveal(), answer.refreshToken?.()]).toEqual(['at-secret', 'rt-secret']);
    const printed = inspect(answer, { depth: Infinity, showHidden: true, getters: true }) + JSON.stringify(answer);
    expect(printed).not.toContain('secret');
    expect(toTokenAnswer({ access_token: 'a' }).refreshToken).toBeNull();
  });
});
