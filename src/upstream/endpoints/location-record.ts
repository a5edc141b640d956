import { z } from 'zod';
import { toLocationId, type LocationId } from '../../model/ids.ts';
import type { LocationRecord } from '../../model/location.ts';
import { text } from '../read.ts';

/** The few fields of upstream's location that the graph shows; names, addresses and telephone numbers of people stay behind. */
export const upstreamLocation = z.object({
  id: z.string().refine((id) => toLocationId(id) !== null),
  name: text,
  timezone: text,
  city: text,
  country: text,
});

/** The record in our words; null where the id is not one. */
export const toLocationRecord = (location: z.infer<typeof upstreamLocation>): LocationRecord | null => {
  const id: LocationId | null = toLocationId(location.id);
  if (id === null) return null;
  const { name, timezone, city, country } = location;
  return { id, name, timeZone: timezone !== null && isTimeZone(timezone) ? timezone : null, city, country };
};

/** Whether this runtime can work out days in the zone. */
const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};
