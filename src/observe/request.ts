import { AsyncLocalStorage } from 'node:async_hooks';

// Follows the request through every await, so that log lines and errors can name it without each function passing it on.
const current = new AsyncLocalStorage<string>();

/** Runs `work` as part of the request with that id. */
export const withRequestId = <T>(id: string, work: () => T): T => current.run(id, work);

/** The id of the request that is being served; null outside any. */
export const requestId = (): string | null => current.getStore() ?? null;
