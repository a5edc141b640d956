import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../model/errors.ts';

/** How a process stops without losing a request. */
export interface Drain {
  readonly isDraining: () => boolean;
  /** Operations under way; those that outlast the patience of `close` are ended with SHUTTING_DOWN. */
  readonly underWay: Set<AbortController>;
  /** Readiness goes red and every answer says `connection: close`; after `delayMs`, when balancers have noticed, nothing new is taken
   * and what is under way is answered; after `patienceMs` more it is ended. */
  close(app: FastifyInstance, wait: { readonly delayMs: number; readonly patienceMs: number }): Promise<void>;
}

/** One for each server. */
export const createDrain = (): Drain => {
  let isDraining = false;
  const underWay = new Set<AbortController>();
  return {
    isDraining: () => isDraining,
    underWay,
    close: async (app, { delayMs, patienceMs }) => {
      isDraining = true;
      // Without the wait, connections that are still in the listen queue would be reset.
      await sleep(delayMs);
      const impatience = setTimeout(() => {
        for (const operation of underWay) operation.abort(new GatewayError('SHUTTING_DOWN'));
      }, patienceMs);
      // Sockets that fall idle after close() are left open by Node.
      const reaper = setInterval(() => app.server.closeIdleConnections(), 50);
      try {
        await app.close();
      } finally {
        clearTimeout(impatience);
        clearInterval(reaper);
      }
    },
  };
};
