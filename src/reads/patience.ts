import type { LocationId } from '../model/ids.ts';
import type { Priority } from '../model/urgency.ts';
import type { Patience } from './door.ts';

/** How long those wait for others who want to travel in one call. */
export interface Patiences {
  readonly of: (priority: Priority) => Patience;
  /** The call has left, on behalf of so many. */
  readonly left: (guestCount: number) => void;
}

/** For people: 2 ms, as the questions of one page come within a millisecond. Where calls of the same location follow each other, the next
 * ones wait longer: upstream allows ten a second, and a thousand questions at once keep the process busy for a second or more, in which
 * they come one by one and with gaps. */
const steps: readonly Patience[] = [
  { quietMs: 2, mostMs: 50 },
  { quietMs: 8, mostMs: 200 },
  { quietMs: 25, mostMs: 400 },
];
/** For those whom nobody waits for. */
const patient: Patience = { quietMs: 25, mostMs: 400 };
/** So many in one call are a crowd already. */
const crowd = 5;
/** Milliseconds after a call in which the next one belongs to a crowd: five a second leave as many to all other calls. */
const crowdMs = 200;

/** For each call of a location that is going to be made. */
export const createPatiences = (): ((locationId: LocationId) => Patiences) => {
  const crowds = new Map<LocationId, { readonly step: number; readonly timer: NodeJS.Timeout }>();
  return (locationId) => {
    const { step } = crowds.get(locationId) ?? { step: 0 };
    return {
      of: (priority) => (priority === 'interactive' ? (steps[step] ?? patient) : patient),
      left: (guestCount) => {
        clearTimeout(crowds.get(locationId)?.timer);
        const timer = setTimeout(() => crowds.delete(locationId), crowdMs).unref();
        crowds.set(locationId, { step: guestCount < crowd ? step + 1 : steps.length - 1, timer });
      },
    };
  };
};
