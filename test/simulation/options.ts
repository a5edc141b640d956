import { parseArgs } from 'node:util';
import type { BreakName } from './break-names.ts';

/** Which world is run; all that decides what happens in it. Null is drawn from the seed. */
export interface WorldOptions {
  readonly seed: number;
  readonly replicas: number | null;
  readonly locations: number | null;
  /** Virtual time. */
  readonly hours: number;
  /** Ends with that many upstream calls instead. */
  readonly calls: number | null;
  readonly breaking: BreakName;
}

/** What the command was asked for. */
export interface Command {
  readonly world: WorldOptions;
  /** Seeds that are run, one after the other, from the world's own on. */
  readonly seeds: number;
  readonly isJson: boolean;
  readonly isTellingEvents: boolean;
}

const defaultHours = 0.0125;

/** What `--help` says. */
export const usage = (breakNames: readonly string[]): string => `npm run simulate -- [options]

Runs the gateway's own limiter, cache, loaders and retries in a world of chance: a virtual clock, a simulated upstream, network and
shared store, and faults, all decided by the seed. After every step the invariants are checked. Exit code 1 when one is broken.

  --seed N        which world (default 1)
  --seeds N       N worlds, from --seed on
  --replicas N    gateways (default: drawn from the seed, 1 to 3)
  --locations N   locations (default: drawn from the seed, a few)
  --hours H       virtual time (default ${defaultHours})
  --calls N       ends with so many upstream calls, however long that takes
  --break NAME    breaks a piece of the gateway on purpose and ends with the world in which that is noticed: one of
                  ${breakNames.join(', ')}
  --events        prints every event
  --json          prints the summary as one line of JSON
  --help          prints this
`;

/** Throws an Error with a sentence where the arguments make no sense; null is a call for help. */
export const readCommand = (args: readonly string[], breakNames: readonly BreakName[]): Command | null => {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: text,
      seeds: text,
      replicas: text,
      locations: text,
      hours: text,
      calls: text,
      break: text,
      events: flag,
      json: flag,
      help: flag,
    },
  });
  if (values.help) return null;
  const breaking = breakNames.find((name) => name === (values.break ?? 'none'));
  if (breaking === undefined) throw new Error(`--break takes one of ${breakNames.join(', ')}`);
  return {
    world: {
      seed: whole('seed', values.seed) ?? 1,
      replicas: whole('replicas', values.replicas),
      locations: whole('locations', values.locations),
      hours: positive('hours', values.hours) ?? defaultHours,
      calls: whole('calls', values.calls),
      breaking,
    },
    seeds: whole('seeds', values.seeds) ?? 1,
    isJson: values.json,
    isTellingEvents: values.events,
  };
};

/** The line that runs this world again. */
export const replayLine = ({ seed, replicas, locations, hours, calls, breaking }: WorldOptions): string => {
  const given = [
    `--seed ${seed}`,
    replicas !== null && `--replicas ${replicas}`,
    locations !== null && `--locations ${locations}`,
    hours !== defaultHours && `--hours ${hours}`,
    calls !== null && `--calls ${calls}`,
    breaking !== 'none' && `--break ${breaking}`,
  ];
  return `npm run simulate -- ${given.filter((part) => part !== false).join(' ')}`;
};

const positive = (name: string, value: string | undefined): number | null => {
  if (value === undefined) return null;
  const number = Number(value);
  if (!(number > 0) || !Number.isFinite(number)) throw new Error(`--${name} takes a number above 0`);
  return number;
};

const whole = (name: string, value: string | undefined): number | null => {
  const number = positive(name, value);
  if (number !== null && !Number.isInteger(number)) throw new Error(`--${name} takes a whole number above 0`);
  return number;
};
