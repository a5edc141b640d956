import { jest } from '@jest/globals';

const timers = [
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
  'setImmediate',
  'clearImmediate',
] as const;
const others = ['hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const;

/** The clock of gateway and sandbox alike stands still at a moment, but for `jest.setSystemTime`; timers and sockets go on. */
export const stopClock = (moment = '2026-11-27T12:00:00Z'): void => {
  jest.useFakeTimers({ now: Date.parse(moment), doNotFake: [...timers, ...others] });
};

/** Moves the stopped clock. */
export const pass = (seconds: number): void => {
  jest.setSystemTime(Date.now() + seconds * 1_000);
};

/** `setTimeout` alone waits until a test advances it. */
export const holdTimeouts = (): void => {
  const held: readonly string[] = ['setTimeout', 'clearTimeout'];
  jest.useFakeTimers({ doNotFake: ['Date', ...timers.filter((name) => !held.includes(name)), ...others] });
};
