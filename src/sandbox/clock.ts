/** Epoch milliseconds; the sandbox's only source of the time of day. */
export type Clock = () => number;

/** Days since 1970-01-01 by some calendar, both ends included. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

const DAY_MS = 86_400_000;
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']; // day 0, 1970-01-01, was a Thursday
const calendars = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant where the clocks show `timeZone`, as a day number. Sweden writes dates the ISO way. */
export const dayOf = (instant: number, timeZone: string): number => {
  const calendar = calendars.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone });
  calendars.set(timeZone, calendar);
  return Date.parse(calendar.format(instant)) / DAY_MS;
};

/** Midnight UTC of a day number; its UTC fields are the day's calendar fields. */
export const dateOfDay = (day: number): Date => new Date(day * DAY_MS);

/** "Mon" to "Sun", all the vendor tells about a day. */
export const weekdayName = (day: number): string => WEEKDAYS[((day % 7) + 7) % 7] ?? '';

/** The seven whole days before an instant's own day, and the seven before those. */
export const lastSevenDays = (instant: number, timeZone: string): { current: DayRange; previous: DayRange } => {
  const today = dayOf(instant, timeZone);
  return { current: { first: today - 7, last: today - 1 }, previous: { first: today - 14, last: today - 8 } };
};

/** Every day of a range in order. */
export const daysOf = ({ first, last }: DayRange): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
