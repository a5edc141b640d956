import { hashOf, unit } from './chance.ts';
import type { FaultKind, RouteName, SandboxFault } from './contract.ts';

/** A fault as it is set, with how often it still hits. */
interface ActiveFault {
  readonly id: number;
  readonly fault: SandboxFault;
  readonly hits: number;
}

/** What happens to one call: a wait, and perhaps one thing that goes wrong. */
export interface Misfortune {
  readonly latencyMs: number;
  readonly fault: Exclude<FaultKind, { kind: 'latency' }> | null;
}

/** The switches. */
export interface Faults {
  readonly set: (fault: SandboxFault) => number;
  /** False when there is none of that id. */
  readonly remove: (id: number) => boolean;
  readonly clear: () => void;
  readonly list: () => readonly ActiveFault[];
  /** Counts a hit for each fault that takes part; faults with `times` end here. */
  readonly strike: (route: RouteName | 'unknown', locationId: string | null) => Misfortune;
}

interface Switch {
  readonly id: number;
  readonly fault: SandboxFault;
  hits: number;
  seen: number;
}

const MOST_FAULTS = 200;

/** `rate` is drawn from the seed, the order in which faults were set, and how many calls matched before. */
export const createFaults = (seed: number): Faults => {
  const switches = new Map<number, Switch>();
  let lastId = 0;

  const matches = ({ fault }: Switch, route: RouteName | 'unknown', locationId: string | null): boolean =>
    (fault.route === '*' || fault.route === route) &&
    (fault.locationId === undefined || fault.locationId === locationId);
  const isDrawn = (entry: Switch): boolean => {
    entry.seen += 1;
    return entry.fault.rate === undefined || unit(hashOf(seed, entry.id, entry.seen)) < entry.fault.rate;
  };
  const hit = (entry: Switch): void => {
    entry.hits += 1;
    if (entry.hits === entry.fault.times) switches.delete(entry.id);
  };

  return {
    set: (fault) => {
      const oldest = switches.keys().next();
      if (switches.size >= MOST_FAULTS && oldest.done !== true) switches.delete(oldest.value);
      lastId += 1;
      switches.set(lastId, { id: lastId, fault, hits: 0, seen: 0 });
      return lastId;
    },
    remove: (id) => switches.delete(id),
    clear: () => switches.clear(),
    list: () => [...switches.values()].map(({ id, fault, hits }) => ({ id, fault, hits })),
    strike: (route, locationId) => {
      let latencyMs = 0;
      let struck: Misfortune['fault'] = null;
      for (const entry of [...switches.values()].filter((one) => matches(one, route, locationId))) {
        const { fault } = entry;
        if (fault.kind !== 'latency' && struck !== null) continue; // the one set first wins, the others keep their turn
        if (!isDrawn(entry)) continue;
        if (fault.kind === 'latency') latencyMs += fault.ms;
        else struck = fault;
        hit(entry);
      }
      return { latencyMs, fault: struck };
    },
  };
};
