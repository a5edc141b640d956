import { describe, expect, test } from '@jest/globals';
import { addDays, createCalendar, dayCount, daysFrom, weekdayOf } from '../../src/reads/calendar.ts';
import { resolveComparison, resolvePeriod, toInstants } from '../../src/reads/period.ts';

const iso = (moment: number): string => new Date(moment).toISOString();

describe('days', () => {
  test('are counted and listed with both ends, over month, year and leap day', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
    expect(dayCount('2026-06-01', '2026-06-01')).toBe(1);
    expect(dayCount('2026-06-02', '2026-06-01')).toBe(0);
    expect(dayCount('2027-01-01', '2027-12-31')).toBe(365);
    expect(daysFrom('2026-02-27', '2026-03-02')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']);
  });
  test('have the weekday that upstream writes', () => {
    expect(daysFrom('2026-11-23', '2026-11-29').map(weekdayOf).join()).toBe('Mon,Tue,Wed,Thu,Fri,Sat,Sun');
  });
});

describe('the start of a day', () => {
  // Worked out by hand from the zones' offsets on those days.
  test.each([
    ['UTC', '2026-06-01', '2026-06-01T00:00:00.000Z'],
    ['America/New_York', '2026-03-08', '2026-03-08T05:00:00.000Z'],
    ['America/New_York', '2026-03-09', '2026-03-09T04:00:00.000Z'],
    ['America/New_York', '2026-11-01', '2026-11-01T04:00:00.000Z'],
    ['America/New_York', '2026-11-02', '2026-11-02T05:00:00.000Z'],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-26', '2026-10-25T23:00:00.000Z'],
    // Clocks went from 00:00 to 01:00: there was no midnight.
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00.000Z'],
    ['America/Sao_Paulo', '2018-11-05', '2018-11-05T02:00:00.000Z'],
    // Clocks went from 24:00 back to 23:00: the day before had 25 hours.
    ['America/Sao_Paulo', '2018-02-17', '2018-02-17T02:00:00.000Z'],
    ['America/Sao_Paulo', '2018-02-18', '2018-02-18T03:00:00.000Z'],
    // Midnight twice, 01:00 going back to 00:00: the first one begins the day.
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z'],
    // Half an hour of daylight saving.
    ['Australia/Lord_Howe', '2026-04-05', '2026-04-04T13:00:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-06', '2026-04-05T13:30:00.000Z'],
    ['Australia/Lord_Howe', '2026-10-05', '2026-10-04T13:00:00.000Z'],
    ['Pacific/Auckland', '2026-04-05', '2026-04-04T11:00:00.000Z'],
    ['Pacific/Auckland', '2026-04-06', '2026-04-05T12:00:00.000Z'],
    ['Pacific/Auckland', '2026-09-28', '2026-09-27T11:00:00.000Z'],
    ['Asia/Kathmandu', '2026-06-01', '2026-05-31T18:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-06-01', '2026-05-31T10:00:00.000Z'],
    ['Pacific/Pago_Pago', '2026-06-01', '2026-06-01T11:00:00.000Z'],
    // Samoa skipped 2011-12-30 on its way over the date line: that day begins, and ends, where the 31st does.
    ['Pacific/Apia', '2011-12-29', '2011-12-29T10:00:00.000Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00.000Z'],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00.000Z'],
    ['Pacific/Apia', '2012-01-01', '2011-12-31T10:00:00.000Z'],
  ])('in %s of %s is %s', (zone, day, expected) => {
    expect(iso(createCalendar(zone).startOf(day))).toBe(expected);
  });

  // The odd ones, and every fifth of the others.
  const odd = ['America/New_York', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Havana', 'UTC'];
  const zones = [...odd, ...Intl.supportedValuesOf('timeZone').filter((_, index) => index % 5 === 0)];
  // Around the changes of clocks in 2026, and those of 2011 and 2018 named above.
  const spans: [string, string][] = [
    ['2011-12-28', '2012-01-02'],
    ['2018-02-16', '2018-02-19'],
    ['2018-11-02', '2018-11-06'],
    ['2026-02-13', '2026-02-16'],
    ['2026-03-07', '2026-03-10'],
    ['2026-03-20', '2026-03-23'],
    ['2026-03-27', '2026-03-30'],
    ['2026-04-04', '2026-04-06'],
    ['2026-04-23', '2026-04-25'],
    ['2026-09-05', '2026-09-07'],
    ['2026-09-26', '2026-09-28'],
    ['2026-10-24', '2026-10-26'],
    ['2026-10-31', '2026-11-02'],
  ];
  test(`falls on that day and the millisecond before on an earlier one, in ${zones.length} zones`, () => {
    expect(zones.length).toBeGreaterThan(80);
    const wrong: string[] = [];
    for (const zone of zones) {
      const calendar = createCalendar(zone);
      for (const day of spans.flatMap(([from, to]) => daysFrom(from, to))) {
        const start = calendar.startOf(day);
        const isSkipped = calendar.startOf(addDays(day, 1)) === start;
        if (!(calendar.dayOf(start - 1) < day && (calendar.dayOf(start) === day || isSkipped)))
          wrong.push(`${zone} ${day} ${iso(start)}`);
        if (isSkipped && day !== '2011-12-30') wrong.push(`${zone} ${day} is skipped`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('days of moments are those of the zone', () => {
    const moment = Date.UTC(2026, 10, 24, 3, 30);
    expect(createCalendar('America/New_York').dayOf(moment)).toBe('2026-11-23');
    expect(createCalendar('Asia/Kolkata').dayOf(moment)).toBe('2026-11-24');
    expect(createCalendar('Pacific/Kiritimati').dayOf(moment + 7 * 3_600_000)).toBe('2026-11-25');
  });
});

describe('a period', () => {
  test('of the last days never holds today', () => {
    expect(resolvePeriod({ kind: 'last', days: 7 }, '2026-03-02')).toEqual({
      from: '2026-02-23',
      to: '2026-03-01',
      days: 7,
    });
  });
  const current = { from: '2026-03-01', to: '2026-03-10', days: 10 };
  test.each([
    [{ kind: 'none' } as const, null],
    [{ kind: 'previous' } as const, { from: '2026-02-19', to: '2026-02-28', days: 10 }],
    [
      { kind: 'range', from: '2025-03-01', to: '2025-03-10' } as const,
      { from: '2025-03-01', to: '2025-03-10', days: 10 },
    ],
  ])('is compared as wished: %j', (wish, expected) => {
    expect(resolveComparison(wish, current)).toEqual(expected);
  });

  test.each([
    ['1999-12-31', '2000-01-02'],
    ['9999-12-30', '9999-12-31'],
    ['0001-01-01', '0001-01-02'],
    ['2199-12-31', '2200-01-01'],
  ])('from %s to %s is refused as input, for the period and for the comparison', (from, to) => {
    const refused = expect.objectContaining({ code: 'BAD_USER_INPUT' });
    expect(() => resolvePeriod({ kind: 'range', from, to }, '2026-01-01')).toThrow(refused);
    expect(() => resolveComparison({ kind: 'range', from, to }, current)).toThrow(refused);
  });
  test('at the edge is taken, and compared with days beyond it', () => {
    const period = resolvePeriod({ kind: 'range', from: '2000-01-01', to: '2000-01-07' }, '');
    expect(resolveComparison({ kind: 'previous' }, period)).toMatchObject({ from: '1999-12-25', to: '1999-12-31' });
  });

  test('reaches from the first moment to the last millisecond, 23 and 25 hours on the days of a change', () => {
    const newYork = createCalendar('America/New_York');
    const hours = (from: string, to: string) => {
      const { startsAt, endsAt } = toInstants({ from, to, days: dayCount(from, to) }, newYork);
      return (endsAt + 1 - startsAt) / 3_600_000;
    };
    expect(hours('2026-03-08', '2026-03-08')).toBe(23);
    expect(hours('2026-11-01', '2026-11-01')).toBe(25);
    expect(hours('2026-03-02', '2026-03-08')).toBe(7 * 24 - 1);
    expect(hours('2026-01-01', '2026-12-31')).toBe(365 * 24);
  });
});
