import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { draw } from '../../src/limiter/allowance.ts';
import { createAllowances, type AllowanceLimits, type Allowances } from '../../src/limiter/allowances.ts';
import type { Shared } from '../../src/stores/shared.ts';
import { chance } from '../support/chance.ts';

beforeEach(() => {
  jest.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = (ms: number) => jest.setSystemTime(Date.now() + ms);

const limits: AllowanceLimits = { caller: { requests: 10, cost: 60 }, location: { requests: 5, cost: 60 } };
const noLimits = { requests: 0, cost: 0 };
const none: ReadonlyMap<string, number> = new Map();

/** A shared store that runs the pure function on plain data; its clock is an hour ahead. */
const createStore = () => {
  const balances = new Map<string, number>();
  const runs: { readonly keys: readonly string[]; readonly args: readonly string[] }[] = [];
  let isAway = false;
  const run: Shared['run'] = (_, keys, args) => {
    if (isAway) return Promise.reject(new Error('the store is away'));
    runs.push({ keys, args });
    const numbers = args.slice(1).map(Number);
    const drafts = keys.map((_key, at) => ({ perMinute: numbers[2 * at] ?? 0, amount: numbers[2 * at + 1] ?? 0 }));
    const kind = args[0] === 'charge' ? 'charge' : 'admit';
    const drawn = draw(
      keys.map((key) => balances.get(key)),
      { kind, drafts },
      Date.now() + 3_600_000,
    );
    keys.forEach((key, at) => balances.set(key, drawn.balances[at] ?? 0));
    return Promise.resolve([drawn.isAdmitted ? 1 : 0, drawn.now, ...drawn.balances].join(' '));
  };
  const unused = () => Promise.reject(new Error('nothing of this is used'));
  const shared: Shared = {
    run,
    getMany: unused,
    setMany: unused,
    delete: unused,
    claim: unused,
    publish: unused,
    subscribe: () => undefined,
  };
  return { shared, runs, setAway: (isAwayNow: boolean) => void (isAway = isAwayNow) };
};

/** How many of so many requests are let in. */
const knock = async ({ admitCaller }: Pick<Allowances, 'admitCaller'>, key: string, count: number): Promise<number> => {
  const standings = await Promise.all(Array.from({ length: count }, () => admitCaller(key)));
  return standings.filter(({ retryAfterMs }) => retryAfterMs === null).length;
};

describe('a caller', () => {
  test('is let in up to its requests of a minute, and then told when to come back', async () => {
    const allowances = createAllowances(limits, null, 'test');
    expect(await allowances.admitCaller('a')).toEqual({
      retryAfterMs: null,
      policies: [
        { name: 'requests', limit: 10, remaining: 9, windowSeconds: 60, resetSeconds: 6 },
        { name: 'cost', limit: 60, remaining: 60, windowSeconds: 60, resetSeconds: 1 },
      ],
    });
    expect(await knock(allowances, 'a', 20)).toBe(9);
    expect(await allowances.admitCaller('a')).toMatchObject({ retryAfterMs: 6_000, policies: [{ remaining: 0 }, {}] });
    pass(6_000);
    expect(await knock(allowances, 'a', 20)).toBe(1);
  });

  test('that has gone over its cost once waits until that is paid for, and spends no requests meanwhile', async () => {
    const allowances = createAllowances(limits, null, 'test');
    allowances.charge('a', 70, none);
    expect(await allowances.admitCaller('a')).toMatchObject({
      retryAfterMs: 11_000,
      policies: [
        { name: 'requests', remaining: 10 },
        { name: 'cost', remaining: 0 },
      ],
    });
    pass(11_000);
    expect(await knock(allowances, 'a', 20)).toBe(10);
  });

  test('spends nothing of another', async () => {
    const allowances = createAllowances(limits, null, 'test');
    allowances.charge('a', 1_000, none);
    expect(await knock(allowances, 'a', 5)).toBe(0);
    expect(await knock(allowances, 'b', 20)).toBe(10);
  });
});

describe('locations', () => {
  test('are let in together or not at all, and the one that is used up says when', async () => {
    const allowances = createAllowances(limits, null, 'test');
    for (let count = 0; count < 5; count += 1) await allowances.admitLocations(['full']);
    expect(await allowances.admitLocations(['free', 'full'])).toMatchObject({
      retryAfterMs: 12_000,
      policies: [{ name: 'requests', remaining: 0 }, {}],
    });
    expect(await allowances.admitLocations(['free'])).toMatchObject({
      retryAfterMs: null,
      policies: [{ remaining: 4 }, {}],
    });
  });

  test('that are named twice count once', async () => {
    const allowances = createAllowances(limits, null, 'test');
    expect(await allowances.admitLocations(['a', 'a', 'b'])).toMatchObject({ policies: [{ remaining: 4 }, {}] });
  });

  test('pay for what was done for them, each for its own part', async () => {
    const allowances = createAllowances(limits, null, 'test');
    allowances.charge(null, 90, new Map([['a', 80], ['b', 10]])); // prettier-ignore
    expect(await allowances.admitLocations(['a'])).toMatchObject({ retryAfterMs: 21_000 });
    expect(await allowances.admitLocations(['b'])).toMatchObject({
      retryAfterMs: null,
      policies: [{}, { remaining: 50 }],
    });
  });

  test('are no callers, even of the same name', async () => {
    const allowances = createAllowances(limits, null, 'test');
    await knock(allowances, 'same', 10);
    expect(await allowances.admitLocations(['same'])).toMatchObject({ policies: [{ remaining: 4 }, {}] });
  });
});

describe('a shared store', () => {
  test('is asked once for a caller, once for twenty locations and once to charge', async () => {
    const { shared, runs } = createStore();
    const allowances = createAllowances(limits, shared, 'test');
    await allowances.admitCaller('a');
    await allowances.admitLocations(Array.from({ length: 20 }, (_, index) => `location-${index}`));
    allowances.charge('a', 3, new Map([['location-1', 3]]));
    expect(runs.map(({ keys, args }) => [args[0], keys.length])).toEqual([
      ['admit', 2],
      ['admit', 40],
      ['charge', 2],
    ]);
  });

  test('is not asked where there is nothing to count', async () => {
    const { shared, runs } = createStore();
    const unlimited = createAllowances({ caller: noLimits, location: noLimits }, shared, 'test');
    const nothing = { retryAfterMs: null, policies: [] };
    expect(await unlimited.admitCaller('a')).toEqual(nothing);
    expect(await unlimited.admitLocations(['a'])).toEqual(nothing);
    unlimited.charge('a', 9, new Map([['a', 9]]));
    const limited = createAllowances(limits, shared, 'test');
    expect(await limited.admitLocations([])).toEqual(nothing);
    limited.charge('a', 0, new Map([['a', 0]]));
    limited.charge(null, 9, none);
    expect(runs).toEqual([]);
  });

  test('never sees who a caller is, nor a location', async () => {
    const { shared, runs } = createStore();
    const allowances = createAllowances(limits, shared, 'test');
    await allowances.admitCaller('alice@example.com');
    await allowances.admitLocations(['location-1']);
    expect(JSON.stringify(runs)).not.toMatch(/alice|location-1/);
    expect(runs.flatMap(({ keys }) => keys)).toEqual(
      ['caller:requests', 'caller:cost', 'location:requests', 'location:cost'].map((kind) =>
        expect.stringMatching(new RegExp(`^users-gateway:allowance:test:${kind}:[\\w-]{22}$`)),
      ),
    );
  });

  test('that goes away refuses nobody: the process counts for itself, and asks again at the next request', async () => {
    const { shared, setAway } = createStore();
    const allowances = createAllowances(limits, shared, 'test');
    expect(await knock(allowances, 'a', 20)).toBe(10);
    setAway(true);
    expect(await knock(allowances, 'a', 20)).toBe(10);
    allowances.charge('b', 70, none);
    expect(await knock(allowances, 'b', 1)).toBe(0);
    setAway(false);
    expect(await knock(allowances, 'a', 20)).toBe(0);
    expect(await knock(allowances, 'b', 20)).toBe(10);
  });
});

test('a process keeps no more than 10,000 balances, those that were asked for last', async () => {
  const allowances = createAllowances({ caller: { requests: 10, cost: 0 }, location: noLimits }, null, 'test');
  await knock(allowances, 'old', 10);
  await knock(allowances, 'busy', 10);
  for (let count = 0; count < 9_999; count += 1) {
    await allowances.admitCaller(`other-${count}`);
    if (count % 1_000 === 0) expect(await knock(allowances, 'busy', 1)).toBe(0);
  }
  expect(await knock(allowances, 'busy', 1)).toBe(0);
  expect(await knock(allowances, 'old', 1)).toBe(1);
});

/** Three callers that ask all they can, and one that keeps to its limit, over one or two processes; gives the moments of who was let in. */
const crowd = async (seed: number, processes: readonly Allowances[]) => {
  const random = chance(seed);
  const { requests } = limits.caller;
  const admitted: Record<string, number[]> = {};
  const asked: number[] = [];
  const refused: number[] = [];
  for (let step = 0; step < 1_500; step += 1) {
    if (random() < 0.3) pass(Math.floor(random() * (random() < 0.1 ? 30_000 : 1_000)));
    const now = Date.now();
    const allowances = processes[Math.floor(random() * processes.length)] ?? processes[0];
    if (allowances === undefined) throw new Error('no process');
    const key = `greedy-${Math.floor(random() * 3)}`;
    if (await knock(allowances, key, 1)) (admitted[key] ??= []).push(now);
    if (random() < 0.1) allowances.charge(key, random() * 20, none);
    const isOver = now - (asked.at(-requests) ?? -Infinity) < 60_000;
    if (isOver || random() < 0.5) continue;
    asked.push(now);
    if (!(await knock(allowances, 'modest', 1))) refused.push(now);
  }
  return { admitted: Object.values(admitted), asked: asked.length, refused };
};

test.each([
  ['alone', (shared: Shared | null) => [shared]],
  ['over two processes', (shared: Shared | null) => [shared, shared]],
] as const)(
  '%s, nobody gets more than its limit, and nobody who keeps to it is refused for what others do',
  async (name, of) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const store = name === 'alone' ? null : createStore().shared;
      const { admitted, asked, refused } = await crowd(
        seed,
        of(store).map((shared) => createAllowances(limits, shared, 'test')),
      );
      const { requests } = limits.caller;
      const tooMany = admitted.flatMap((moments) =>
        moments.flatMap((end, last) =>
          moments
            .slice(0, last + 1)
            .filter((start, first) => last - first + 1 > requests * (1 + (end - start) / 60_000) + 1e-6),
        ),
      );
      expect({ seed, refused, tooMany }).toEqual({ seed, refused: [], tooMany: [] });
      expect(asked).toBeGreaterThan(5 * requests);
      expect(Math.min(...admitted.map(({ length }) => length))).toBeGreaterThan(requests);
    }
  },
);
