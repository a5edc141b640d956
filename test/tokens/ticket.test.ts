import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createTickets } from '../../src/tokens/ticket.ts';

beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-11-24T10:00:00.000Z') }));
afterEach(() => void jest.useRealTimers());

const [oldKey, newKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const tickets = createTickets([newKey]);

describe('a ticket', () => {
  test('is good for an hour', () => {
    const ticket = tickets.issue();
    expect(ticket).toMatch(/^[\w.-]{1,100}$/); // goes into a link as it is
    jest.advanceTimersByTime(3_600_000);
    expect(tickets.isValid(ticket)).toBe(true);
    jest.advanceTimersByTime(1);
    expect(tickets.isValid(ticket)).toBe(false);
  });

  test('of the key before is good until it ends, new ones are made with the newest', () => {
    const [before, both, after] = [createTickets([oldKey]), createTickets([newKey, oldKey]), tickets];
    const ticket = before.issue();
    expect([both, after].map((ones) => ones.isValid(ticket))).toEqual([true, false]);
    expect([before, after].map((ones) => ones.isValid(both.issue()))).toEqual([false, true]);
  });

  test('cannot be made to last longer', () => {
    const [end = '', mark = ''] = tickets.issue().split('.');
    expect(tickets.isValid(`${Number(end) + 1}.${mark}`)).toBe(false);
    expect(tickets.isValid(`0${end}.${mark}`)).toBe(false);
  });

  test.each([
    ['nothing', () => ''],
    ['a dot', () => '.'],
    ['no mark', (end: string) => `${end}.`],
    ['a mark cut short', (end: string, mark: string) => `${end}.${mark.slice(0, -1)}`],
    ['a mark too long', (end: string, mark: string) => `${end}.${mark}A`],
    ['a mark of nothing', (end: string) => `${end}.${'A'.repeat(43)}`],
    ['the end of time', (_: string, mark: string) => `Infinity.${mark}`],
    ['an end with a sign', (end: string, mark: string) => `+${end}.${mark}`],
    ['blanks around', (end: string, mark: string) => ` ${end}.${mark} `],
    ['a line break', (end: string, mark: string) => `${end}.${mark}\n`],
    ['characters of no alphabet', (end: string) => `${end}.${'!'.repeat(43)}`],
    ['a megabyte', () => 'A'.repeat(1_000_000)],
  ])('is not %s', (_, make) => {
    const [end = '', mark = ''] = tickets.issue().split('.');
    expect(tickets.isValid(make(end, mark))).toBe(false);
  });

  test('does not open anything where there are no keys', () => {
    expect(createTickets([]).isValid(createTickets([]).issue())).toBe(false);
  });
});
