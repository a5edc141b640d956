import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency, sharedUrgency } from '../../src/model/urgency.ts';
import type { CostMeter } from '../../src/observe/cost.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createCollector } from '../../src/reads/collector.ts';
import { ownCause, type Cause } from '../../src/upstream/cause.ts';
import { locationId } from '../upstream/over-sandbox.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const [here, there] = [locationId('here'), locationId('there')];
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `t${from + index}`);

interface Sent {
  readonly location: string;
  readonly ids: readonly string[];
  readonly cause: Cause;
  readonly at: number;
  /** Answers all ids, or those in the place of them. */
  readonly answer: (ids?: readonly string[]) => void;
  readonly fail: (error: unknown) => void;
}

/** One who can leave, and whose calls are counted. */
const guest = (options: Partial<Cause> = {}) => {
  const controller = new AbortController();
  const cause: Cause = { ...ownCause('interactive', 8_000), signal: controller.signal, ...options };
  return { cause, leave: () => controller.abort(new Error('gone')) };
};

const countsOf = ({ cost }: CostMeter) => [cost().made, cost().shared];

/** A collector over calls that wait until the test answers them, unless `isAnswering`. */
const start = ({ isAnswering = false, mostIds = 100 } = {}) => {
  const sent: Sent[] = [];
  const startedAt = performance.now();
  const collector = createCollector<string, string>({
    mostIds,
    tally: createTally(),
    send: (location, ids, cause) => {
      cause.meter.made(`location:${location}`);
      const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
      const answer = (known = ids) => resolve(new Map(known.map((id) => [id, `${location} ${id}`])));
      sent.push({ location, ids, cause, at: performance.now() - startedAt, answer, fail: reject });
      cause.signal.addEventListener('abort', () => reject(cause.signal.reason as Error));
      if (isAnswering) answer();
      return promise;
    },
  });
  const call = (index = 0): Sent => {
    const one = sent[index];
    if (!one) throw new Error(`only ${sent.length} calls were sent`);
    return one;
  };
  return { ...collector, sent, call, ids: () => sent.map(({ ids }) => ids) };
};

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('what travels together', () => {
  test('ids of several who ask within two milliseconds are one call, each id once, and each gets its own', async () => {
    const { collect, ids } = start({ isAnswering: true });
    const asked = [['a', 'b'], ['b', 'c', 'c'], ['d']].map((some) => collect(here, some, guest().cause));
    await pass(1);
    const late = collect(here, ['e'], guest().cause);
    await pass(1);
    expect(ids()).toEqual([]);
    await pass(2);
    expect(ids()).toEqual([['a', 'b', 'c', 'd', 'e']]);
    expect((await Promise.all([...asked, late])).map((found) => Object.fromEntries(found))).toEqual([
      { a: 'here a', b: 'here b' },
      { b: 'here b', c: 'here c' },
      { d: 'here d' },
      { e: 'here e' },
    ]);
  });

  test('one who stays alone waits two milliseconds, and who comes later travels in the next call', async () => {
    const { collect, sent } = start({ isAnswering: true });
    void collect(here, ['a'], guest().cause);
    await pass(2);
    expect(sent.map(({ ids }) => ids)).toEqual([['a']]);
    await pass(500);
    void collect(here, ['b'], guest().cause);
    await pass(1);
    expect(sent).toHaveLength(1);
    await pass(1);
    expect(sent.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
  });

  test('locations never travel together', async () => {
    const { collect, sent } = start({ isAnswering: true });
    const both = [collect(here, ['a'], guest().cause), collect(there, ['a'], guest().cause)];
    await pass(2);
    expect((await Promise.all(both)).map((found) => found.get('a'))).toEqual(['here a', 'there a']);
    expect(sent.map(({ location, ids }) => `${location} ${ids.join()}`)).toEqual(['here a', 'there a']);
  });

  test('a full call leaves at once, and the ids beyond it with the next, of one who asks or of many', async () => {
    const { collect, ids } = start({ isAnswering: true });
    const many = range(0, 99).map((id) => collect(here, [id], guest().cause));
    expect(ids()).toEqual([]);
    const big = collect(here, range(99, 250), guest().cause);
    expect(ids()).toEqual([range(0, 100), range(100, 200)]);
    await pass(25);
    expect(ids()).toEqual([range(0, 100), range(100, 200), range(200, 250)]);
    expect([...(await big).keys()]).toEqual(range(99, 250));
    expect(await Promise.all(many)).toHaveLength(99);
  });

  test('while others keep coming the call waits, but not beyond fifty milliseconds', async () => {
    const { collect, sent, call } = start({ isAnswering: true });
    for (const id of range(0, 60)) {
      void collect(here, [id], guest().cause);
      await pass(1);
    }
    await pass(500);
    expect(sent.map(({ ids }) => ids).flat()).toEqual(range(0, 60));
    expect(sent).toHaveLength(2);
    expect(call().at).toBeGreaterThan(45);
    expect(call().at).toBeLessThanOrEqual(50);
  });

  test('a crowd at one location, and there alone, is waited for longer, so that it costs few calls', async () => {
    const { collect, sent } = start({ isAnswering: true });
    for (const id of range(0, 300)) {
      void collect(here, [id], guest().cause);
      await pass(10); // in every gap a lone call would leave
    }
    await pass(25);
    const gaps = sent.map(({ at }, index) => at - (sent[index - 1]?.at ?? 0));
    expect(sent.map(({ ids }) => ids).flat()).toEqual(range(0, 300));
    expect(sent.length).toBeLessThanOrEqual(11);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(425);
    void collect(there, ['a'], guest().cause);
    await pass(2);
    expect(sent.at(-1)).toMatchObject({ location: 'there', ids: ['a'] });
    await pass(500);
    void collect(here, ['a'], guest().cause);
    await pass(2);
    expect(sent.at(-1)).toMatchObject({ location: 'here', ids: ['a'] });
  });

  test('background work waits for company, people do not wait for background work', async () => {
    const { collect, sent } = start({ isAnswering: true });
    const background = () => guest({ urgency: fixedUrgency('background', Date.now() + 8_000) }).cause;
    void collect(here, ['a'], background());
    await pass(20);
    void collect(here, ['b'], background());
    await pass(20);
    expect(sent).toEqual([]);
    void collect(here, ['c'], guest().cause);
    await pass(1);
    void collect(here, ['d'], background());
    await pass(1);
    expect(sent.map(({ ids }) => ids)).toEqual([['a', 'b', 'c', 'd']]);
  });

  test('background work that a person joins leaves as soon as theirs would', async () => {
    const { collect, sent } = start({ isAnswering: true });
    const urgency = sharedUrgency(fixedUrgency('background', Date.now() + 8_000));
    void collect(here, ['a'], guest({ urgency }).cause);
    await pass(10);
    urgency.join(fixedUrgency('interactive', Date.now() + 8_000));
    await pass(2);
    expect(sent).toHaveLength(1);
  });

  test('a process that is busy reads its sockets once more before the call leaves', async () => {
    const { collect, ids } = start({ isAnswering: true });
    const virtual = performance.now.bind(performance);
    let standstillMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => virtual() + standstillMs);
    void collect(here, ['a'], guest().cause);
    standstillMs = 20; // so much later the timer comes
    await pass(2);
    expect(ids()).toEqual([]);
    void collect(here, ['b'], guest().cause);
    await pass(2);
    clock.mockRestore();
    expect(ids()).toEqual([['a', 'b']]);
  });

  test('ids that upstream does not know, or that nobody asked for, are not there', async () => {
    const { collect, call } = start();
    const both = [collect(here, ['a', 'b'], guest().cause), collect(here, ['c'], guest().cause)];
    await pass(2);
    call().answer(['stranger', 'c', 'a', 'c']);
    expect((await Promise.all(both)).map((found) => [...found.keys()])).toEqual([['a'], ['c']]);
  });

  test('no id is no call', async () => {
    const { collect, sent } = start();
    expect((await collect(here, [], guest().cause)).size).toBe(0);
    await pass(100);
    expect(sent).toEqual([]);
  });
});

describe('one who leaves', () => {
  test('before the call takes only the ids along that nobody else waits for', async () => {
    const { collect, ids } = start({ isAnswering: true });
    const [leaver, stayer] = [guest(), guest()];
    const left = collect(here, ['a', 'b'], leaver.cause);
    const stayed = collect(here, ['b', 'c'], stayer.cause);
    leaver.leave();
    await expect(left).rejects.toThrow('gone');
    await pass(2);
    expect(ids()).toEqual([['b', 'c']]);
    expect([...(await stayed).keys()]).toEqual(['b', 'c']);
  });

  test('as the last one takes the call along, and who comes after is served', async () => {
    const { collect, ids } = start({ isAnswering: true });
    const leaver = guest();
    const left = collect(here, ['a'], leaver.cause);
    leaver.leave();
    await expect(left).rejects.toThrow('gone');
    const next = collect(here, ['b'], guest().cause);
    await pass(2);
    expect(ids()).toEqual([['b']]);
    expect([...(await next).keys()]).toEqual(['b']);
  });

  test('while the call is on its way harms nobody; the call ends when the last one has left', async () => {
    const { collect, call } = start();
    const guests = [guest(), guest()];
    const left = guests.map(({ cause }, index) => collect(here, [`t${index}`], cause));
    const gone = Promise.allSettled(left);
    await pass(2);
    for (const { leave } of guests) {
      expect(call().cause.signal.aborted).toBe(false);
      leave();
      await pass(0);
    }
    expect(call().cause.signal).toMatchObject({ aborted: true, reason: { message: 'gone' } });
    expect((await gone).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('from a call on its way leaves the others their answers, also where it shares an id', async () => {
    const { collect, call } = start();
    const leaver = guest();
    const left = collect(here, ['a', 'b'], leaver.cause);
    const stayed = collect(here, ['b', 'c'], guest().cause);
    await pass(2);
    leaver.leave();
    await expect(left).rejects.toThrow('gone');
    call().answer();
    expect(Object.fromEntries(await stayed)).toEqual({ b: 'here b', c: 'here c' });
  });

  test('before asking asks nothing', async () => {
    const { collect, sent } = start();
    const leaver = guest();
    leaver.leave();
    await expect(collect(here, ['a'], leaver.cause)).rejects.toThrow('gone');
    await pass(100);
    expect(sent).toEqual([]);
  });
});

describe('on whose behalf a call goes', () => {
  test('it hurries as the most urgent who asked, until the latest end, and is raised on its way', async () => {
    const { collect, call } = start();
    const now = Date.now();
    const raises: (() => void)[] = [];
    const raised = {
      ...fixedUrgency('background', now + 500),
      onRaise: (hear: () => void) => (raises.push(hear), () => undefined),
    };
    void collect(here, ['a'], guest({ urgency: raised }).cause);
    void collect(here, ['b'], guest({ urgency: fixedUrgency('live', now + 100) }).cause);
    await pass(25);
    expect(call().cause.urgency).toMatchObject({ priority: 'live', endsAt: now + 500 });
    Object.assign(raised, { priority: 'interactive', endsAt: now + 900 });
    for (const hear of raises) hear();
    expect(call().cause.urgency).toMatchObject({ priority: 'interactive', endsAt: now + 900 });
  });

  test('it names all operations, each once', async () => {
    const { collect, call } = start();
    for (const operations of [['A'], ['B'], ['A']]) void collect(here, operations, guest({ operations }).cause);
    await pass(2);
    expect(call().cause.operations).toEqual(['A', 'B']);
  });

  test('it is counted as made for the first who is still there, and as shared once for each other operation', async () => {
    const { collect, call } = start();
    const [left, first, second] = [guest(), guest(), guest()];
    const asked = [
      collect(here, ['a'], left.cause),
      ...[first, second, second].map(({ cause }, index) => collect(here, [`b${index}`, 'c'], cause)),
    ];
    left.leave();
    await expect(asked[0]).rejects.toThrow('gone');
    await pass(2);
    call().answer();
    await Promise.all(asked.slice(1));
    expect([left, first, second].map(({ cause }) => countsOf(cause.meter))).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    expect([...second.cause.meter.cost().byHolder.keys()]).toEqual(['location:here']);
  });

  test('a repeat is counted for whoever is the first by then, and a call without an answer is shared by nobody', async () => {
    const { collect, call } = start();
    const [first, second] = [guest(), guest()];
    const asked = [first, second].map(({ cause }, index) => collect(here, [`t${index}`], cause));
    await pass(2);
    first.leave();
    await expect(asked[0]).rejects.toThrow('gone');
    call().cause.meter.made('location:here');
    call().fail(new GatewayError('UPSTREAM_TIMEOUT'));
    await asked[1];
    expect([first, second].map(({ cause }) => countsOf(cause.meter))).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });
});

describe('a call that fails', () => {
  const codesOf = (found: ReadonlyMap<string, string | Error>) =>
    [...found].flatMap(([id, value]) => (value instanceof GatewayError ? [`${id} ${value.code}`] : []));
  const refused = () => new GatewayError('UPSTREAM_REFUSED');

  test.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_RATE_LIMITED', 'UPSTREAM_SCOPE_MISSING', 'NOT_FOUND'] as const)(
    'with %s fails for all its ids and for no others, and is not asked again',
    async (code) => {
      const { collect, sent, call } = start({ mostIds: 2 });
      const both = [collect(here, ['a', 'b'], guest().cause), collect(here, ['c', 'd'], guest().cause)];
      call(0).fail(new GatewayError(code));
      call(1).answer();
      const [bad, good] = await Promise.all(both);
      expect(codesOf(bad ?? new Map())).toEqual([`a ${code}`, `b ${code}`]);
      expect(Object.fromEntries(good ?? [])).toEqual({ c: 'here c', d: 'here d' });
      expect(sent).toHaveLength(2);
    },
  );

  /** Upstream refuses every call that carries one of these ids. */
  const refusing = async (bad: readonly string[], ids: readonly string[], perGuest = 1) => {
    const calls: (readonly string[])[] = [];
    const { collect } = createCollector<string, string>({
      mostIds: 100,
      tally: createTally(),
      send: (_, some) => {
        calls.push(some);
        if (some.some((id) => bad.includes(id))) return Promise.reject(refused());
        return Promise.resolve(new Map(some.map((id) => [id, 'known'])));
      },
    });
    const guests = Array.from({ length: ids.length / perGuest }, (_, index) =>
      ids.slice(index * perGuest, (index + 1) * perGuest),
    );
    const asked = guests.map((own) => collect(here, own, guest().cause));
    await pass(2);
    const found = new Map((await Promise.all(asked)).flatMap((one) => [...one]));
    return { calls, failed: codesOf(found), known: [...found].filter(([, value]) => value === 'known').length };
  };

  test.each([
    { bad: ['t0'], count: 1, most: 1 },
    { bad: ['t0'], count: 100, most: 15 },
    { bad: ['t99'], count: 100, most: 15 },
    { bad: ['t17', 't50', 't83'], count: 100, most: 37 },
  ])('because upstream refuses $bad of $count is halved until only they are refused', async ({ bad, count, most }) => {
    const { calls, failed, known } = await refusing(bad, range(0, count));
    expect(failed).toEqual(bad.map((id) => `${id} UPSTREAM_REFUSED`));
    expect(known).toBe(count - bad.length);
    expect(calls.length).toBeLessThanOrEqual(most);
  });

  test('whatever is asked does not become a call for each id', async () => {
    const { calls, failed } = await refusing(range(0, 100), range(0, 100), 50);
    expect(failed).toHaveLength(100);
    expect(calls).toHaveLength(41);
  });

  test('and is halved no longer asks for those who have left', async () => {
    const { collect, call, ids } = start();
    const leaver = guest();
    const left = collect(here, ['a', 'b'], leaver.cause);
    const stayed = collect(here, ['c', 'd'], guest().cause);
    await pass(2);
    leaver.leave();
    await expect(left).rejects.toThrow('gone');
    call().fail(refused());
    await pass(0);
    expect(ids().slice(1)).toEqual([['c', 'd']]);
    call(1).answer();
    expect(Object.fromEntries(await stayed)).toEqual({ c: 'here c', d: 'here d' });
  });
});
