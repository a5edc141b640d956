import type { Caller } from '../model/caller.ts';
import type { LocationId } from '../model/ids.ts';

/** Headers of a request → who is calling. Throws UNAUTHENTICATED. */
export type Authenticate = (headers: Readonly<Record<string, string | string[] | undefined>>) => Caller;

/** Nobody is asked who they are: in sandbox mode, where all data is invented, and on loopback, where only this machine can call. */
export const authenticateNobody =
  ({
    subject,
    locations,
    scopes,
  }: {
    subject: string;
    locations: 'all' | readonly LocationId[];
    scopes: readonly string[];
  }): Authenticate =>
  () => ({ subject, kind: 'USER', scopes, locations: locations === 'all' ? locations : new Set(locations) });
