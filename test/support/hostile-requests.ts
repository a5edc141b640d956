import { hostileDocuments } from './hostile-documents.ts';
import type { HostileRequest } from './hostile-sending.ts';
import { hostileValues } from './hostile-values.ts';
import { hostileWire } from './hostile-wire.ts';

export { sendHostile, type HostileRequest } from './hostile-sending.ts';

/** Every row of the table. `location`: one that the caller may read, so that what stands below it is looked at. */
export const hostileRequests = (location: string): readonly HostileRequest[] => [
  ...hostileDocuments(location),
  ...hostileValues(location),
  ...hostileWire,
];
