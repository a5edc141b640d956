import { z } from 'zod';
import { toLocationId } from '../../model/ids.ts';
import type { LocationRecord } from '../../model/location.ts';
import { idOf, text } from '../read.ts';

/** The few fields of upstream's location that the graph shows; names, addresses and telephone numbers of people stay behind. */
export const upstreamLocation = z.object({
  id: idOf(toLocationId),
  name: text,
  timezone: text,
  city: text,
  country: text,
});

/** The record in our words. */
export const toLocationRecord = (location: z.infer<typeof upstreamLocation>): LocationRecord => {
  const { id, name, timezone, city, country } = location;
  return { id, name, timeZone: timezone !== null && isTimeZone(timezone) ? timezone : null, city, country };
};

/** Whether this runtime can work out days in the zone. */
const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};
