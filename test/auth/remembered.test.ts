import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createRemembered } from '../../src/auth/remembered.ts';
import { pass, stopClock } from '../support/clock.ts';

beforeEach(() => stopClock());
afterEach(() => void jest.useRealTimers());

const inSeconds = (seconds: number): number => Date.now() + seconds * 1_000;

test('a token is remembered until it expires, to the millisecond', () => {
  const remembered = createRemembered<string>();
  remembered.set('token', 'value', inSeconds(20));
  expect(remembered.get('token')).toBe('value');
  expect(remembered.get('Token')).toBeNull();
  pass(19.999);
  expect(remembered.get('token')).toBe('value');
  pass(0.001);
  expect(remembered.get('token')).toBeNull();
});

test('and for a minute at most', () => {
  const remembered = createRemembered<string>();
  remembered.set('token', 'value', inSeconds(86_400));
  pass(59.999);
  expect(remembered.get('token')).toBe('value');
  pass(0.001);
  expect(remembered.get('token')).toBeNull();
});

test('one that has expired within the tolerance is not remembered at all', () => {
  const remembered = createRemembered<string>();
  remembered.set('token', 'value', inSeconds(-1));
  expect(remembered.get('token')).toBeNull();
});

const countKept = (length: number, count: number): number => {
  const remembered = createRemembered<number>();
  const tokens = Array.from({ length: count }, (_, index) => String(index).padStart(length, 'x'));
  for (const token of tokens) remembered.set(token, 1, inSeconds(60));
  return tokens.filter((token) => remembered.get(token) !== null).length;
};

test('10,000 are remembered, fewer of long ones', () => {
  expect(countKept(900, 10_500)).toBe(10_000);
  expect(countKept(8_000, 1_500)).toBe(1_250);
});
