import { createTally } from '../../src/observe/tally.ts';
import type { HttpOptions } from '../../src/http/server.ts';

/** Options of an HTTP server that a test starts alone; its log is missing. */
export const httpDefaults: Omit<HttpOptions, 'log'> = {
  tally: createTally(),
  corsOrigins: [],
  isDraining: () => false,
  isLoopbackOnly: false,
  publicHost: null,
  trustedProxies: [],
  bodyLimitBytes: 262_144,
  maxConnections: 1_000,
  maxWaitMs: 0,
};
