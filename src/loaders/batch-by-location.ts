import { asError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';

/** A batch function that groups the keys by location, asks once for each, and gives the answers back in the order of the keys.
 * One location's failure is its own keys' failure alone. */
export const batchByLocation =
  <Id, Value>(ask: (locationId: LocationId, ids: readonly Id[]) => Promise<ReadonlyMap<Id, Value>>) =>
  async (keys: readonly { readonly locationId: LocationId; readonly id: Id }[]): Promise<(Value | null | Error)[]> => {
    const groups = [...Map.groupBy(keys, ({ locationId }) => locationId)];
    const answers = new Map(
      await Promise.all(
        groups.map(async ([locationId, group]) => {
          const ids = group.map(({ id }) => id);
          return [locationId, await ask(locationId, ids).catch(asError)] as const;
        }),
      ),
    );
    return keys.map(({ locationId, id }) => {
      const answer = answers.get(locationId);
      return answer instanceof Error ? answer : (answer?.get(id) ?? null);
    });
  };

/** A batch function for keys that cannot be merged: asks for each, and a failure is that key's alone. */
export const batchOfOne =
  <Key, Value>(ask: (key: Key) => Promise<Value>) =>
  (keys: readonly Key[]): Promise<(Value | Error)[]> =>
    Promise.all(keys.map((key) => ask(key).catch(asError)));
