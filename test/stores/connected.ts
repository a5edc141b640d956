import type { Redis } from '../../src/stores/redis.ts';

/** Resolves as soon as a command gets through. */
export const untilConnected = async (redis: Redis): Promise<void> => {
  while (!(await redis.getMany(['any']).then(Boolean, () => false))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};
