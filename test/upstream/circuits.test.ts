import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CallerGone, GatewayError } from '../../src/model/errors.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createCircuits } from '../../src/upstream/circuits.ts';
import { stack, type Stage, type UpstreamRequest, type UpstreamResponse } from '../../src/upstream/send.ts';
import { answerWith, endOf, location, question, type Outcome } from './faulty.ts';

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
afterEach(() => void jest.useRealTimers());

const bad: Outcome = { status: 500 };
const good: Outcome = {};
const open = 'UPSTREAM_CIRCUIT_OPEN';
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

/** Of a location's calls, how many end well and how many badly. */
type Counts = readonly [holder: string, good: number, bad: number];

/** Circuits around a wire on which every call ends as it is told to. */
const create = () => {
  const changes: string[] = [];
  const circuits = createCircuits({
    tally: createTally(),
    onChange: ({ endpoint, holderKind, state }) => changes.push(`${endpoint} of ${holderKind ?? 'everyone'}: ${state}`),
  });
  let departed = 0;
  const ask = (
    more: Partial<UpstreamRequest>,
    answer: () => Promise<UpstreamResponse>,
    between: readonly Stage[] = [],
  ) => {
    const wire = () => {
      departed += 1;
      return answer();
    };
    return stack([circuits.gate, ...between, circuits.watch], wire)(question(more));
  };
  /** One call of a location, over before the next one. */
  const call = (holder: string, outcome: Outcome, between: readonly Stage[] = []) =>
    endOf(ask({ holder: location(holder) }, () => answerWith(outcome), between));
  /** A call on the wire, for the test to end. */
  const begin = (holder: string, between: readonly Stage[] = []) => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const end = endOf(ask({ holder: location(holder) }, async () => answerWith(await promise), between));
    return (outcome: Outcome) => {
      resolve(outcome);
      return end;
    };
  };
  /** Calls that are on the wire together: how many of a location end well, how many badly. */
  const together = async (...counts: readonly Counts[]) => {
    const repeated = (count: number, holder: string, outcome: Outcome) =>
      Array.from({ length: count }, () => [begin(holder), outcome] as const);
    const calls = [
      ...counts.flatMap(([holder, count]) => repeated(count, holder, good)),
      ...counts.flatMap(([holder, , count]) => repeated(count, holder, bad)),
    ];
    for (const [end, outcome] of calls) await end(outcome);
  };
  return { ask, call, begin, together, changes, state: () => circuits.snapshot(), departed: () => departed };
};
const opened = async () => {
  const world = create();
  await world.together(['a', 0, 7], ['b', 0, 7], ['c', 0, 7]);
  expect(world.state()).toEqual([{ endpoint: 'listTags', state: 'open', openHolderCount: 0 }]);
  return world;
};

describe('a route is left alone', () => {
  test.each<[string, Counts[], 'open' | 'closed', number]>([
    [
      'when half of twenty calls of three locations fail',
      [
        ['a', 4, 4],
        ['b', 3, 3],
        ['c', 3, 3],
      ],
      'open',
      0,
    ],
    [
      'not when less than half fail',
      [
        ['a', 4, 4],
        ['b', 4, 3],
        ['c', 4, 3],
      ],
      'closed',
      0,
    ],
    [
      'not when nineteen calls fail',
      [
        ['a', 0, 7],
        ['b', 0, 6],
        ['c', 0, 6],
      ],
      'closed',
      0,
    ],
    [
      'not when two locations fail: they are left alone themselves',
      [
        ['a', 0, 30],
        ['b', 0, 30],
      ],
      'closed',
      2,
    ],
    [
      'not when a third location is good',
      [
        ['a', 0, 9],
        ['b', 0, 9],
        ['c', 3, 0],
      ],
      'closed',
      0,
    ],
    [
      'not when one fails, however much it asks',
      [
        ['a', 0, 60],
        ['b', 5, 1],
        ['c', 5, 1],
      ],
      'closed',
      1,
    ],
    [
      'when everyone fails, however much one asks',
      [
        ['a', 0, 60],
        ['b', 0, 1],
        ['c', 0, 1],
      ],
      'open',
      1,
    ],
  ])('%s', async (_what, calls, state, openHolderCount) => {
    const world = create();
    await world.together(...calls);
    expect(world.state()).toEqual([{ endpoint: 'listTags', state, openHolderCount }]);
  });

  test.each([
    [4_999, 'open'],
    [5_000, 'closed'],
  ])('when they fail within five seconds, not over %d ms', async (ms, state) => {
    const world = create();
    await world.together(['a', 0, 4], ['b', 0, 3], ['c', 0, 3]);
    await pass(ms);
    await world.together(['a', 0, 4], ['b', 0, 3], ['c', 0, 3]);
    expect(world.state()).toMatchObject([{ state }]);
  });

  test.each<[string, Outcome, number]>([
    ['no answer', new GatewayError('UPSTREAM_UNAVAILABLE'), 1],
    ['no answer in time', new GatewayError('UPSTREAM_TIMEOUT'), 1],
    ['500', { status: 500 }, 1],
    ['503', { status: 503 }, 1],
    ['401', { status: 401 }, 0],
    ['404', { status: 404 }, 0],
    ['429', { status: 429 }, 0],
    ['302', { status: 302 }, 0],
    ['an answer that is none', new GatewayError('UPSTREAM_INVALID_RESPONSE'), 0],
    ['a bug of ours', new Error('a bug'), 0],
  ])('for %s', async (_what, outcome, openHolderCount) => {
    const world = create();
    for (let count = 0; count < 10; count += 1) await world.call('a', outcome);
    expect(world.state()).toMatchObject([{ openHolderCount }]);
  });

  test('not for callers who go, nor for calls whose whole time is over', async () => {
    const world = create();
    for (const reason of [new CallerGone(), new GatewayError('UPSTREAM_TIMEOUT')])
      for (let count = 0; count < 10; count += 1)
        await endOf(world.ask({ signal: AbortSignal.abort(reason) }, () => Promise.reject(reason)));
    expect([world.departed(), world.state()]).toMatchObject([20, [{ openHolderCount: 0 }]]);
  });

  test('not for what we refuse ourselves', async () => {
    const world = create();
    const refuse: Stage = () => () => Promise.reject(new GatewayError('UPSTREAM_UNAVAILABLE'));
    for (let count = 0; count < 10; count += 1) await world.call('a', good, [refuse]);
    expect([world.departed(), await world.call('a', good)]).toEqual([0, 200]);
  });

  test('and no other route with it', async () => {
    const world = await opened();
    expect(await endOf(world.ask({ endpoint: 'listAccounts' }, () => answerWith(good)))).toBe(200);
  });
});

describe('while a route is left alone', () => {
  test('everyone is told at once how long, and nothing is sent', async () => {
    const world = await opened();
    await pass(500);
    for (const holder of ['a', 'new']) {
      const refused = world.ask({ holder: location(holder) }, () => answerWith(good));
      await expect(refused).rejects.toMatchObject({ code: open, retryAfterMs: 1_500 });
    }
    expect(world.departed()).toBe(21);
  });

  test('it is tried out after 2 s, later and later up to 5 s, and used again once it answers', async () => {
    const world = await opened();
    for (const ms of [2_000, 3_000, 4_500, 5_000, 5_000]) {
      await pass(ms - 1);
      expect(await world.call('d', good)).toBe(open);
      await pass(1);
      expect(world.state()).toMatchObject([{ state: 'half-open' }]);
      expect(await world.call('d', bad)).toBe(500);
    }
    await pass(5_000);
    expect([await world.call('d', good), await world.call('a', good)]).toEqual([200, 200]);
    expect(world.changes.slice(-3)).toEqual(
      ['open', 'half-open', 'closed'].map((state) => `listTags of everyone: ${state}`),
    );
  });

  test('after it was good again it is left alone for new failures only, and for 2 s again', async () => {
    const world = await opened();
    await pass(2_000);
    await world.call('a', good);
    for (const holder of ['a', 'b', 'c']) expect(await world.call(holder, bad)).toBe(500);
    await world.together(['a', 0, 6], ['b', 0, 6], ['c', 0, 6]);
    await pass(2_000);
    await world.call('a', bad);
    await pass(3_000);
    await world.call('a', good);
    await world.together(['a', 0, 7], ['b', 0, 7], ['c', 0, 7]);
    await expect(world.ask({}, () => answerWith(good))).rejects.toMatchObject({ code: open, retryAfterMs: 2_000 });
  });

  test('of many who come at once one tries it out, and a success lets all others in', async () => {
    const world = await opened();
    await pass(2_000);
    const probe = world.begin('a');
    for (const holder of ['a', 'b', 'c', 'd']) expect(await world.call(holder, good)).toBe(open);
    expect(world.departed()).toBe(22);
    expect(await probe(good)).toBe(200);
    for (const holder of ['a', 'b', 'c', 'd']) expect(await world.call(holder, good)).toBe(200);
  });

  test('one hangs for long while it tries: nobody else does', async () => {
    const world = await opened();
    await pass(2_000);
    const probe = world.begin('a');
    await pass(60_000);
    expect(await world.call('b', good)).toBe(open);
    expect(await probe(good)).toBe(200);
  });

  test.each<[string, Outcome]>([
    ['refused by our own limiter', new GatewayError('UPSTREAM_RATE_LIMITED', { retryAfterMs: 5 })],
    ['left without a token', new GatewayError('UPSTREAM_UNAVAILABLE')],
    ['called off by its caller', new CallerGone()],
  ])('who was to try it and was %s gives the turn to the next', async (_what, end) => {
    const world = await opened();
    await pass(2_000);
    await world.call('a', good, [() => () => answerWith(end)]);
    expect(world.state()).toMatchObject([{ state: 'half-open' }]);
    expect(await world.call('b', good)).toBe(200);
    expect(world.changes).toHaveLength(3); // the second probe is no news
  });

  test('so does one whose caller leaves while it is on the wire', async () => {
    const world = await opened();
    await pass(2_000);
    const leaving = new AbortController();
    const probe = endOf(
      world.ask({ signal: leaving.signal }, async () => {
        leaving.abort(new CallerGone());
        return Promise.reject(new CallerGone());
      }),
    );
    expect(await probe).toContain('CallerGone');
    expect(await world.call('b', good)).toBe(200);
  });

  test('who waits for a permit for over a second loses the turn, and is not sent when the permit comes', async () => {
    const world = await opened();
    await pass(2_000);
    const line = Promise.withResolvers<undefined>();
    const waiting = world.begin('a', [(next) => (request) => line.promise.then(() => next(request))]);
    await pass(999);
    expect(await world.call('b', good)).toBe(open);
    await pass(1);
    const probe = world.begin('b');
    line.resolve(undefined);
    expect(await waiting(good)).toBe(open);
    expect(world.departed()).toBe(22);
    expect(await probe(good)).toBe(200);
  });

  test('those who wait for their permits since before are not sent either, unless it is good again by then', async () => {
    const world = create();
    const lines = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()] as const;
    const [early, late] = lines.map((line) =>
      world.begin('a', [(next) => (request) => line.promise.then(() => next(request))]),
    );
    await world.together(['a', 0, 7], ['b', 0, 7], ['c', 0, 7]);
    lines[0].resolve(undefined);
    expect(await early?.(good)).toBe(open);
    await pass(2_000);
    await world.call('b', good);
    lines[1].resolve(undefined);
    expect(await late?.(good)).toBe(200);
  });

  test('what hangs since before does not shut it again', async () => {
    const world = create();
    const hanging = ['a', 'b', 'c'].flatMap((holder) => Array.from({ length: 30 }, () => world.begin(holder)));
    await world.together(['a', 0, 7], ['b', 0, 7], ['c', 0, 7]);
    await pass(2_000);
    await world.call('a', good);
    for (const end of hanging) await end(new GatewayError('UPSTREAM_TIMEOUT'));
    expect(world.state()).toMatchObject([{ state: 'closed', openHolderCount: 0 }]);
  });

  test('a clock that is set back by an hour costs no more than the wait', async () => {
    const world = await opened();
    jest.setSystemTime(Date.now() - 3_600_000);
    expect(await world.call('a', good)).toBe(open);
    await pass(2_000);
    expect(await world.call('a', good)).toBe(200);
  });
});

describe('a location that fails by itself', () => {
  test('is left alone after ten calls of which half failed; the others go on', async () => {
    const world = create();
    await world.together(['sick', 5, 4]);
    expect(await world.call('sick', bad)).toBe(500);
    expect(await world.call('sick', good)).toBe(open);
    expect(await world.call('other', good)).toBe(200);
    await pass(2_000);
    const probe = world.begin('sick');
    expect(await world.call('sick', good)).toBe(open);
    expect(await probe(good)).toBe(200);
    for (const outcome of [bad, good]) expect(await world.call('sick', outcome)).not.toBe(open); // it starts anew
    expect(world.changes).toEqual(['open', 'half-open', 'closed'].map((state) => `listTags of location: ${state}`));
  });

  test('is told by its kind, never by its id; so is the company', async () => {
    const world = create();
    for (let count = 0; count < 10; count += 1)
      await endOf(world.ask({ holder: { kind: 'company' } }, () => answerWith(bad)));
    expect(world.changes).toEqual(['listTags of company: open']);
  });

  test('needs both circuits to let it through, and takes no turn of the route while its own is open', async () => {
    const world = create();
    await world.together(['sick', 0, 10], ['b', 0, 5], ['c', 0, 5]);
    await pass(2_000);
    expect(await world.call('sick', bad)).toBe(500); // the probe of both
    expect(world.state()).toMatchObject([{ state: 'open', openHolderCount: 1 }]);
    await pass(3_000);
    const probe = world.begin('b');
    expect(await world.call('sick', good)).toBe(open);
    expect(await probe(good)).toBe(200);
    expect(await world.call('sick', bad)).toBe(500);
    expect([await world.call('sick', good), await world.call('b', good)]).toEqual([open, 200]);
  });

  test('is forgotten after a minute: those that never come back take no room', async () => {
    const world = create();
    for (let round = 0; round < 10; round += 1) {
      await world.together([`sick${round}`, 0, 10]);
      await pass(5_001); // else the route would be sick
    }
    expect(world.state()).toMatchObject([{ openHolderCount: 10 }]);
    await pass(60_000);
    await world.together(['last', 0, 10]);
    expect(world.state()).toMatchObject([{ openHolderCount: 1 }]);
  });
});
