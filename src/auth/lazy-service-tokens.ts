import { GatewayError } from '../model/errors.ts';
import type { ServiceTokens } from './service-tokens.ts';

/** Service tokens, and what closes their store. */
export interface OpenServiceTokens {
  readonly tokens: Pick<ServiceTokens, 'verify' | 'ping'>;
  readonly close: () => Promise<void>;
}

/** Service tokens of a store that is opened by whoever needs it first. */
export interface LazyServiceTokens extends Pick<ServiceTokens, 'verify' | 'ping'> {
  /** Rejects as the opening does. */
  readonly open: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** An opening that failed is forgotten: the next who needs the store tries again, `verify` with AUTH_UNAVAILABLE where that fails, too. A
 * store that nobody has needed yet is well. */
export const createLazyServiceTokens = (open: () => Promise<OpenServiceTokens>): LazyServiceTokens => {
  let isNeeded = false;
  let opened: Promise<OpenServiceTokens> | null = null;
  const usable = async (): Promise<OpenServiceTokens> => {
    isNeeded = true;
    opened ??= open();
    try {
      return await opened;
    } catch (error) {
      opened = null;
      throw error;
    }
  };
  return {
    open: usable,
    verify: async (token) => {
      const { tokens } = await usable().catch((cause: unknown) => {
        throw new GatewayError('AUTH_UNAVAILABLE', { cause });
      });
      return tokens.verify(token);
    },
    ping: async (timeoutMs) => {
      if (isNeeded) await (await usable()).tokens.ping(timeoutMs);
    },
    close: async () => {
      const store = await opened?.catch(() => null);
      await store?.close();
    },
  };
};
