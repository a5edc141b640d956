import { createCache } from '../../src/cache/cache.ts';
import { createKeys } from '../../src/cache/keys.ts';
import type { ReadDeps } from '../../src/reads/deps.ts';
import { createReads, type ReadOptions, type Reads } from '../../src/reads/index.ts';
import { createTally } from '../../src/observe/tally.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import type { Upstream } from '../../src/upstream/endpoint.ts';
import { overSandbox } from '../upstream/over-sandbox.ts';

/** What every read is made from; `isKeeping` keeps answers for ten minutes, else every question goes upstream. */
export const readDeps = (upstream: Upstream, isKeeping = false): ReadDeps => {
  const ten = { freshSeconds: 600, revalidateSeconds: 600, hardSeconds: 600 };
  const lifetimes = { tagPage: ten, tagDetails: ten, socialAccounts: ten, statistics: ten, location: ten };
  const tally = createTally();
  return {
    upstream,
    tally,
    cache: createCache({ memoryBytes: isKeeping ? 10_000_000 : null, shared: null, secret: 'test', tally }),
    keys: createKeys('test', lifetimes),
  };
};

/** All reads over a sandbox, real HTTP between. */
export const readsOver = (
  sandbox: Sandbox,
  { isKeeping = false, ...options }: Partial<ReadOptions> & { isKeeping?: boolean } = {},
): { readonly reads: Reads; close(): Promise<void> } => {
  const over = overSandbox(sandbox);
  const all = {
    defaultTimeZone: 'UTC',
    accountStatistics: 'roll-up',
    companyId: sandbox.companyId,
    connectedIds: null,
    rollUpLocations: 50,
    ...options,
  } as const;
  return { reads: createReads(readDeps(over.upstream, isKeeping), all), close: () => over.close() };
};
