import type { Script, Shared } from '../stores/shared.ts';

/** Who of all replicas loads what. A lease that is lost or cannot be had costs a second call, never an answer. */
export interface Leases {
  /** How long one lasts, in milliseconds. */
  readonly ms: number;
  /** For each key whether to go on and load: false where another replica does. */
  readonly take: (keys: readonly string[]) => Promise<readonly boolean[]>;
  /** Gives up those that are still ours. */
  readonly release: (keys: readonly string[]) => Promise<void>;
}

// One that holds for too long must not take away what is somebody else's by now.
const releaseScript: Script = {
  name: 'release',
  lua: `
    local released = 0
    for _, key in ipairs(KEYS) do
      if redis.call('get', key) == ARGV[1] then released = released + redis.call('del', key) end
    end
    return tostring(released)`,
};

/** Each lease ends by itself after `ms` milliseconds. */
export const createLeases = (shared: Shared, ms: number): Leases => {
  const owner = `${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`;
  return {
    ms,
    take: async (keys) => {
      const wanted = keys.map((key) => ({ key: leaseOf(key), value: owner, ttlMs: ms }));
      return await shared.claim(wanted).catch(() => keys.map(() => true));
    },
    release: async (keys) => {
      await shared.run(releaseScript, keys.map(leaseOf), [owner]).catch(() => '0'); // it ends by itself
    },
  };
};

const leaseOf = (key: string): string => `lease:${key}`;
