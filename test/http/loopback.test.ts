import { expect, test } from '@jest/globals';
import { isLoopbackName } from '../../src/http/loopback.ts';

test.each([
  ['localhost', true],
  ['LocalHost', true],
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['[::1]', true],
  ['', false],
  ['0.0.0.0', false],
  ['128.0.0.1', false],
  ['127.0.0.1.attacker.example', false],
  ['127.999.0.1', false],
  ['localhost.attacker.example', false],
  ['localhost:4000', false],
])('%j is a name of this machine alone: %s', (name, isOurs) => {
  expect(isLoopbackName(name)).toBe(isOurs);
});
