import { createHash } from 'node:crypto';
import { openConnection, type Client, type RedisOptions } from './redis-connection.ts';
import { createListening } from './redis-listening.ts';
import type { Script, Shared, SharedEntry } from './shared.ts';

/** What replicas share, in Redis. */
export interface Redis extends Shared {
  /** Cuts off what is under way; does no harm twice. */
  close(): void;
}

/** Connects in the background and again whenever the connection is lost; a second connection listens, once somebody subscribes. */
export const createRedis = (options: RedisOptions): Redis => {
  const { read, claim, write, another, close } = openConnection(options);
  const listening = createListening(another, options.onProblem);
  return {
    getMany: (keys) => (keys.length === 0 ? nothing() : read((client) => client.mGet([...keys]))),
    claim: (entries) => (entries.length === 0 ? nothing() : claim((client) => claimAll(client, entries))),
    setMany: async (entries) => {
      if (entries.length > 0) await write((client) => setAll(client, entries));
    },
    delete: async (keys) => {
      if (keys.length > 0) await write((client) => client.unlink([...keys]));
    },
    run: (script, keys, args) => write((client) => run(client, script, { keys: [...keys], arguments: [...args] })),
    publish: async (channel, text) => {
      await write((client) => client.publish(channel, text));
    },
    subscribe: listening.subscribe,
    close: () => {
      listening.close();
      close();
    },
  };
};

const nothing = (): Promise<never[]> => Promise.resolve([]);

const lifeOf = ({ ttlMs }: SharedEntry) => ({ type: 'PX', value: Math.max(1, Math.ceil(ttlMs)) }) as const;

// One pipeline: what belongs together is one command to the guard, with one time limit.
const setAll = async (client: Client, entries: readonly SharedEntry[]): Promise<void> => {
  const pipeline = client.multi();
  for (const entry of entries) pipeline.set(entry.key, entry.value, { expiration: lifeOf(entry) });
  await pipeline.execAsPipeline();
};

const claimAll = async (client: Client, entries: readonly SharedEntry[]): Promise<boolean[]> => {
  const pipeline = client.multi();
  for (const entry of entries) pipeline.set(entry.key, entry.value, { expiration: lifeOf(entry), condition: 'NX' });
  const replies: readonly unknown[] = await pipeline.execAsPipeline();
  return replies.map((reply) => reply !== null);
};

const run = async (client: Client, { name, lua }: Script, input: { keys: string[]; arguments: string[] }) => {
  const reply = await client.evalSha(sha1(lua), input).catch((error: unknown) => {
    if (!isUnknownScript(error)) throw error;
    return client.eval(lua, input); // Redis forgets scripts when it restarts; this also teaches it
  });
  if (typeof reply !== 'string') throw new Error(`the script ${name} did not answer with a text`);
  return reply;
};

const sha1 = (lua: string): string => createHash('sha1').update(lua).digest('hex');

const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');
