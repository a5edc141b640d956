import { asError, GatewayError } from '../model/errors.ts';
import type { LocationId } from '../model/ids.ts';
import { urgencyOfAll } from '../model/urgency.ts';
import type { CostMeter } from '../observe/cost.ts';
import type { Tally } from '../observe/tally.ts';
import { orAborted } from '../upstream/abort.ts';
import type { Cause } from '../upstream/cause.ts';
import { holderKey } from '../upstream/send.ts';
import { createDoor, type Door } from './door.ts';
import { createPatiences, type Patiences } from './patience.ts';

/** Joins ids of one location that several ask for at about the same time, who need not know of each other, so that they travel in few
 * calls. */
export interface Collector<Id, Value> {
  /** What upstream knows of these ids, and for an id that could not be read the Error of its call. Rejects with nothing but the reason of
   * the signal, which harms nobody whose ids travel along. */
  readonly collect: (
    locationId: LocationId,
    ids: readonly Id[],
    cause: Cause,
  ) => Promise<ReadonlyMap<Id, Value | Error>>;
}

/** What a collector is made from. */
export interface CollectorDeps<Id, Value> {
  /** One call. An id that it leaves out is unknown, what it says of other ids is dropped. */
  readonly send: (locationId: LocationId, ids: readonly Id[], cause: Cause) => Promise<ReadonlyMap<Id, Value>>;
  /** Ids in one call. */
  readonly mostIds: number;
  readonly tally: Tally;
}

/** One who asked. */
interface Guest<Id> {
  readonly cause: Cause;
  readonly ids: ReadonlySet<Id>;
}

interface Batch<Id, Value> {
  readonly locationId: LocationId;
  /** Those who still wait, in the order in which they came. */
  readonly guests: Set<Guest<Id>>;
  readonly ids: Set<Id>;
  readonly door: Door;
  readonly patience: Patiences;
  /** Ends when the last guest has left. */
  readonly leaver: AbortController;
  readonly answer: PromiseWithResolvers<ReadonlyMap<Id, Value | Error>>;
}

/** One for all operations of the process. */
export const createCollector = <Id, Value>(deps: CollectorDeps<Id, Value>): Collector<Id, Value> => {
  const boarding = new Map<LocationId, Batch<Id, Value>>();
  const patienceAt = createPatiences();
  const open = (locationId: LocationId): Batch<Id, Value> => {
    const door = createDoor(() => {
      boarding.delete(locationId);
      if (batch.guests.size === 0) return;
      if (hasPeople(batch)) batch.patience.left(batch.guests.size);
      void depart(deps, batch);
    });
    const batch: Batch<Id, Value> = {
      locationId,
      guests: new Set(),
      ids: new Set(),
      door,
      patience: patienceAt(locationId),
      leaver: new AbortController(),
      answer: Promise.withResolvers(),
    };
    boarding.set(locationId, batch);
    return batch;
  };
  const board = (locationId: LocationId, id: Id, guest: Guest<Id>): Batch<Id, Value> => {
    const batch = boarding.get(locationId) ?? open(locationId);
    batch.ids.add(id);
    if (!batch.guests.has(guest)) hold(batch, guest);
    if (batch.ids.size >= deps.mostIds) batch.door.close();
    return batch;
  };
  return {
    collect: async (locationId, ids, cause) => {
      cause.signal.throwIfAborted();
      const guest: Guest<Id> = { cause, ids: new Set(ids) };
      const batches = new Set([...guest.ids].map((id) => board(locationId, id, guest)));
      const answers = Promise.all([...batches].map(({ answer }) => answer.promise));
      try {
        const found = (await orAborted(answers, cause.signal)).flatMap((answer) => [...answer]);
        return new Map(found.filter(([id]) => guest.ids.has(id)));
      } catch (error) {
        for (const batch of batches) leave(batch, guest);
        throw error;
      }
    },
  };
};

const hold = <Id, Value>({ guests, door, patience }: Batch<Id, Value>, guest: Guest<Id>): void => {
  const { urgency } = guest.cause;
  const wait = () => door.hold(patience.of(urgency.priority));
  guests.add(guest);
  urgency.onRaise(wait);
  wait();
};

// Those who stay are not harmed. What nobody waits for is not sent, and is called off where it is on its way.
const leave = <Id, Value>(batch: Batch<Id, Value>, guest: Guest<Id>): void => {
  batch.guests.delete(guest);
  for (const id of guest.ids) if (!isWanted(batch, id)) batch.ids.delete(id);
  if (batch.guests.size > 0) return;
  batch.door.close();
  batch.leaver.abort(guest.cause.signal.reason);
};

const isWanted = <Id, Value>({ guests }: Batch<Id, Value>, id: Id): boolean =>
  guests.values().some(({ ids }) => ids.has(id));

const hasPeople = <Id, Value>({ guests }: Batch<Id, Value>): boolean =>
  guests.values().some(({ cause }) => cause.urgency.priority === 'interactive');

/** Halvings of one batch: three bad ids in a hundred are told from the good ones with 18. Where upstream refuses everything, whatever is
 * asked, a batch must not become two hundred calls. */
const mostHalvings = 20;

const depart = async <Id, Value>({ send, tally }: CollectorDeps<Id, Value>, batch: Batch<Id, Value>): Promise<void> => {
  const paid = new Set<CostMeter>();
  const cause = causeOfAll(batch, paid);
  let halvings = 0;
  const ask = async (ids: readonly Id[]): Promise<ReadonlyMap<Id, Value | Error>> => {
    const wanted = ids.filter((id) => batch.ids.has(id));
    if (wanted.length === 0) return new Map();
    try {
      const found = await send(batch.locationId, wanted, cause);
      tally.add('saved batch', wanted.length - 1);
      return found;
    } catch (error) {
      // A refusal may be about one id only: what is asked again without it must not suffer.
      if (wanted.length === 1 || !isRefusal(error) || halvings >= mostHalvings) {
        return new Map(wanted.map((id) => [id, asError(error)]));
      }
      halvings += 1;
      const middle = Math.ceil(wanted.length / 2);
      const halves = await Promise.all([wanted.slice(0, middle), wanted.slice(middle)].map(ask));
      return new Map(halves.flatMap((half) => [...half]));
    }
  };
  const asked = [...batch.ids];
  const found = await ask(asked);
  const answered = asked.filter((id) => !(found.get(id) instanceof Error));
  const sharing = [...batch.guests].filter(({ ids }) => answered.some((id) => ids.has(id)));
  for (const meter of new Set(sharing.map((guest) => guest.cause.meter))) {
    if (!paid.has(meter)) meter.shared(holderKey({ kind: 'location', locationId: batch.locationId }));
  }
  batch.answer.resolve(found);
};

const isRefusal = (error: unknown): boolean => error instanceof GatewayError && error.code === 'UPSTREAM_REFUSED';

// The call of all guests hurries as the most urgent of them, also where that one is raised later. A request costs the first guest who is
// still there when it goes out; `paid` learns whom.
const causeOfAll = <Id, Value>({ guests, leaver }: Batch<Id, Value>, paid: Set<CostMeter>): Cause => {
  const [first, ...others] = [...guests].map(({ cause }) => cause);
  if (first === undefined) throw new Error('a batch without a guest');
  const made = (holder: string) => {
    const [payer] = guests;
    const { meter } = payer?.cause ?? first;
    paid.add(meter);
    meter.made(holder);
  };
  return {
    ...first,
    signal: leaver.signal,
    operations: [...new Set([first, ...others].flatMap(({ operations }) => operations))],
    urgency: urgencyOfAll(
      first.urgency,
      others.map(({ urgency }) => urgency),
    ),
    meter: { ...first.meter, made },
  };
};
