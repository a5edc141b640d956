// A process that renews a grant and is killed at a step of it, or that comes after such a one: `node mortal.ts JSON`.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { openDatabase, type DatabaseLocation } from '../../src/stores/sql.ts';
import type { GrantTables } from '../../src/tokens/migrations.ts';
import { openRoom, type Intervention, type RoomSettings } from './token-room.ts';

/** Where a renewal is cut off. At `outside` it is killed by whoever started it. */
export type Step =
  | 'before take'
  | 'after take'
  | 'outside'
  | 'before save'
  | 'during save'
  | 'after save'
  | 'before reconnect'
  | 'code in hand'
  | 'after reconnect';

/** What the process is to do. */
export type Errand =
  | {
      readonly kind: 'die';
      readonly step: Step;
      /** Microseconds into the step. */
      readonly afterUs: number;
      readonly database: DatabaseLocation;
      readonly room: RoomSettings;
    }
  | { readonly kind: 'tend'; readonly database: DatabaseLocation; readonly rooms: readonly RoomSettings[] };

type Death = Extract<Errand, { readonly kind: 'die' }>;

const die = (): void => {
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // not one step further
};

// SQLite writes in one go, so that only another thread can end the process in the middle.
const deathFromAside = async (afterUs: number): Promise<() => void> => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData: { flag, afterUs } } = require('node:worker_threads');
     parentPort.postMessage('ready');
     Atomics.wait(flag, 0, 0);
     const end = process.hrtime.bigint() + BigInt(afterUs) * 1000n;
     while (process.hrtime.bigint() < end);
     process.kill(process.pid, 'SIGKILL');`,
    { eval: true, workerData: { flag, afterUs } },
  );
  await once(worker, 'message');
  return () => {
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
  };
};

const dying = (step: Step, startDying: () => void): Intervention => {
  const at = (here: Step) => {
    if (here === step) die();
  };
  return {
    endpoint: (endpoint) => ({
      ...endpoint,
      post: async (...request) => {
        at('before reconnect');
        const answer = await endpoint.post(...request);
        at('code in hand');
        return answer;
      },
    }),
    parts: ({ store, client }) => ({
      client: {
        ...client,
        reconnect: async (who) => {
          const pair = await client.reconnect(who);
          at('after reconnect');
          return pair;
        },
      },
      store: {
        ...store,
        leases: {
          ...store.leases,
          take: async (found) => {
            at('before take');
            const lease = await store.leases.take(found);
            at('after take');
            return lease;
          },
          save: async (...entry) => {
            at('before save');
            if (step === 'during save') startDying();
            const isOurs = await store.leases.save(...entry);
            at('after save');
            return isOurs;
          },
        },
      },
    }),
  };
};

const renewAndDie = async ({ step, afterUs, database, room: settings }: Death): Promise<void> => {
  const startDying = step === 'during save' ? await deathFromAside(afterUs) : die;
  const room = openRoom(await openDatabase<GrantTables>(database), settings, dying(step, startDying));
  await room.renewal.obtain(settings.key, { kind: 'token', held: null, refused: null });
  if (step !== 'during save') console.log('it lives');
};

const errand = JSON.parse(process.argv[2] ?? '') as Errand;
setInterval(() => undefined, 1_000); // it ends by being killed only
if (errand.kind === 'die') await renewAndDie(errand);
else {
  const database = await openDatabase<GrantTables>(errand.database);
  for (const settings of errand.rooms) openRoom(database, settings).tend();
}
