import type { Loaders } from '../loaders/index.ts';
import type { Caller } from '../model/caller.ts';
import type { LocationId } from '../model/ids.ts';
import type { Installation } from '../model/installation.ts';
import type { Quota } from '../model/quota.ts';

/** What the rooms below tell about the gateway's own state. */
export interface GatewayState {
  readonly installation: (locationId: LocationId, signal: AbortSignal) => Promise<Installation>;
  readonly quota: (locationId: LocationId) => Promise<Quota>;
}

/** Built for each operation, seen by every resolver. */
export interface GatewayContext {
  readonly caller: Caller;
  /** The one place where ids of locations enter the graph: null for what is no id and for what the caller may not read, which look the
   * same. Asked where an id enters, never again below. */
  readonly readable: (text: string) => LocationId | null;
  /** Counts the locations of a page; rejects with RATE_LIMITED where one of them may not take more. */
  readonly admit: (ids: readonly LocationId[]) => Promise<void>;
  readonly loaders: Loaders;
  readonly state: GatewayState;
  /** Ends when the caller has gone or the operation's time is over. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}
