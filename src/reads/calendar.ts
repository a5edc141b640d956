/** A date without time or zone, `yyyy-mm-dd`. */
export type Day = string;

const dayMs = 86_400_000;

/** The day that many days later (earlier when negative). */
export const addDays = (day: Day, days: number): Day =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);

/** The days from the first to the last, both inclusive. */
export const daysFrom = (from: Day, to: Day): Day[] =>
  Array.from({ length: dayCount(from, to) }, (_, index) => addDays(from, index));

/** How many days there are from the first to the last, both inclusive. */
export const dayCount = (from: Day, to: Day): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs) + 1;

/** `Mon` to `Sun`, as upstream writes them. */
export const weekdayOf = (day: Day): string => {
  const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
  return names[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? '';
};

/** Days in one time zone. */
export interface Calendar {
  /** The day on which the moment (epoch milliseconds) falls. */
  dayOf(moment: number): Day;
  /** The moment at which the day begins; on the day of a clock change that need not be a midnight, nor 24 hours before the next. */
  startOf(day: Day): number;
}

/** The calendar of a zone, an IANA name that this runtime knows. */
export type CalendarOf = (timeZone: string) => Calendar;

/** Makes each zone's calendar once: formatting is what it costs, and there are a few hundred zones at most. */
export const createCalendars = (): CalendarOf => {
  const made = new Map<string, Calendar>();
  return (timeZone) => {
    const calendar = made.get(timeZone) ?? createCalendar(timeZone);
    made.set(timeZone, calendar);
    return calendar;
  };
};

/** `timeZone`: an IANA name that this runtime knows. */
export const createCalendar = (timeZone: string): Calendar => {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  // The local clock as if it were UTC, epoch milliseconds.
  const localOf = (moment: number): number => {
    const part = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const dayOf = (moment: number): Day => new Date(localOf(moment)).toISOString().slice(0, 10);
  return {
    dayOf,
    startOf: (day) => {
      const midnight = Date.parse(`${day}T00:00:00Z`);
      // The offset before and after any clock change of that day gives two candidates; where the change skips midnight neither
      // shows 00:00 and the day begins at the change. A day that the zone skipped as a whole begins, and ends, where the next one does.
      const candidates = [midnight - dayMs, midnight + dayMs]
        .map((around) => midnight - (localOf(around) - around))
        .sort((a, b) => a - b);
      const exact = candidates.find((moment) => localOf(moment) === midnight);
      return exact ?? candidates.find((moment) => dayOf(moment) >= day) ?? midnight;
    },
  };
};
