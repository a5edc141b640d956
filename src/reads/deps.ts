import type { Cache } from '../cache/cache.ts';
import type { Keys } from '../cache/keys.ts';
import type { Tally } from '../observe/tally.ts';
import type { Upstream } from '../upstream/endpoint.ts';

/** What every read is made from. */
export interface ReadDeps {
  readonly cache: Cache;
  readonly keys: Keys;
  readonly upstream: Upstream;
  /** Counts the calls that were saved. */
  readonly tally: Tally;
}
