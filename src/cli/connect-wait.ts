import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from '../stores/sql.ts';
import type { GrantStore } from '../tokens/grant-store.ts';
import type { GrantKey, StoredGrant } from '../tokens/stored-grant.ts';
import { StartError } from './command.ts';

/** Grants that work, as far as the store knows. */
export type LiveGrants = ReadonlyMap<GrantKey, StoredGrant>;

/** What is connected. Rejects with StoreUnavailable. */
export const grantsAt = async (store: Pick<GrantStore, 'summaries' | 'find'>): Promise<LiveGrants> => {
  const alive = (await store.summaries()).filter(({ isDead }) => !isDead);
  const found = await Promise.all(alive.map(({ key }) => store.find(key)));
  return new Map(found.flatMap((grant) => (grant?.access ? [[grant.key, grant]] : [])));
};

const lookMs = 500;
/** As long as a ticket is good for. */
const patienceMs = 3_600_000;

/** Looks at the store, so that a consent that another replica took is seen too. Gives the grants that came. Throws StartError for Ctrl-C, and
 * after an hour. */
export const waitForConsent = async (store: GrantStore, before: LiveGrants): Promise<LiveGrants> => {
  const stop = new AbortController();
  const onSignal = () => stop.abort(); // stays until the end: npm passes on what the terminal sent already
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const line = waitingLine();
  try {
    const end = Date.now() + patienceMs;
    while (Date.now() < end) {
      const fresh = await freshGrants(store, before);
      if (fresh.size > 0) return fresh;
      line.tick();
      await sleep(lookMs, undefined, { signal: stop.signal });
    }
    throw new StartError('Nobody consented within an hour. Nothing was connected.', 1);
  } catch (error) {
    if (stop.signal.aborted)
      throw new StartError('Stopped. Nothing was connected; what was told is kept for the next time.', 1);
    throw error;
  } finally {
    line.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
};

// A renewal of an older grant in these minutes looks the same; tokens live a day.
const freshGrants = async (store: GrantStore, before: LiveGrants): Promise<LiveGrants> => {
  try {
    const now = await grantsAt(store);
    return new Map([...now].filter(([key, grant]) => before.get(key)?.access?.obtainedAt !== grant.access?.obtainedAt));
  } catch (error) {
    if (error instanceof StoreUnavailable) return new Map(); // it may come back
    throw error;
  }
};

const waitingLine = () => {
  const isTerminal = process.stderr.isTTY;
  const startedAt = Date.now();
  const text = 'Waiting for the consent; Ctrl-C ends.';
  if (!isTerminal) console.error(text);
  return {
    tick: () => {
      if (isTerminal) process.stderr.write(`\r${text} ${Math.round((Date.now() - startedAt) / 1_000)} s`);
    },
    end: () => {
      if (isTerminal) process.stderr.write('\r\x1b[K'); // ECMA-48 EL: clears the line
    },
  };
};
