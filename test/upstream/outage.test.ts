import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CallerGone, GatewayError } from '../../src/model/errors.ts';
import { createTally } from '../../src/observe/tally.ts';
import { createCircuits } from '../../src/upstream/circuits.ts';
import { deadline, untilUrgencyEnds } from '../../src/upstream/deadline.ts';
import { createRetryBudget } from '../../src/upstream/retry-budget.ts';
import { retry } from '../../src/upstream/retry.ts';
import { stack, type Send, type Stage } from '../../src/upstream/send.ts';
import { chance } from '../support/chance.ts';
import { answerWith, endOf, location, question, startFaulty, ways, type Faulty, type Outcome } from './faulty.ts';

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('two hundred questions during an outage', () => {
  const attemptMs = 3_000;

  /** The stages in their order, over a real server. Jitter is nothing, and time passes only while nothing is on its way. */
  const connect = (upstream: Faulty) => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    jest.spyOn(Math, 'random').mockReturnValue(0);
    const tally = createTally();
    const circuits = createCircuits({ onChange: () => undefined, tally });
    const send = stack(
      [
        untilUrgencyEnds,
        retry({ budget: createRetryBudget(), tally }),
        circuits.gate,
        circuits.watch,
        deadline(attemptMs),
      ],
      upstream.transport,
    );
    return async (count: number, locations: number) => {
      const ends: (number | string)[] = [];
      for (let index = 0; index < count; index += 1)
        void endOf(send(question({ holder: location(`l${index % locations}`) }, 60_000))).then((end) => ends.push(end));
      while (ends.length < count) {
        while (!upstream.isQuiet() && !upstream.isStuck()) await turn();
        await jest.advanceTimersByTimeAsync(upstream.isStuck() ? attemptMs : 1);
      }
      return ends;
    };
  };
  const refused = new Set<number | string>(['UPSTREAM_CIRCUIT_OPEN']);
  const outages: [string, Faulty['ways'][number], number | string][] = [
    ['resets', ways.reset, 'UPSTREAM_UNAVAILABLE'],
    ['fails', ways.status(500), 500],
    ['cuts its answers', ways.cut, 'UPSTREAM_UNAVAILABLE'],
    ['hangs', ways.hang, 'UPSTREAM_TIMEOUT'],
  ];

  test.each(outages)('all at once to an upstream that %s cost 240 requests at most', async (_how, way, end) => {
    await using upstream = await startFaulty();
    upstream.ways = [way];
    const ends = await connect(upstream)(200, 20);
    expect(new Set(ends.filter((one) => !refused.has(one)))).toEqual(new Set([end]));
    expect(upstream.arrived()).toBeGreaterThanOrEqual(200); // they were under way before anybody knew
    expect(upstream.arrived()).toBeLessThanOrEqual(240);
  });

  test.each(outages)('fifty at a time to an upstream that %s: only the first ones are sent', async (_how, way) => {
    await using upstream = await startFaulty();
    upstream.ways = [way];
    const ask = connect(upstream);
    await ask(50, 10);
    expect(upstream.arrived()).toBeLessThanOrEqual(60);
    const before = upstream.arrived();
    for (let wave = 1; wave < 4; wave += 1) expect(new Set(await ask(50, 10))).toEqual(refused);
    expect(upstream.arrived()).toBe(before);
  });

  test('to a single location end as fast', async () => {
    await using upstream = await startFaulty();
    upstream.ways = [ways.reset];
    const ask = connect(upstream);
    for (let wave = 0; wave < 15; wave += 1) await ask(10, 1);
    const before = upstream.arrived();
    expect(before).toBeLessThan(30);
    expect(new Set(await ask(50, 1))).toEqual(refused);
    expect(upstream.arrived()).toBe(before);
  });

  test('are answered once it is good again: one finds out, then all are let in', async () => {
    await using upstream = await startFaulty();
    upstream.ways = [ways.reset];
    const ask = connect(upstream);
    await ask(200, 20);
    upstream.ways = [ways.good];
    jest.setSystemTime(Date.now() + 2_000);
    const before = upstream.arrived();
    const first = await ask(20, 20);
    expect(first.filter((end) => end === 200)).toHaveLength(1);
    expect(upstream.arrived() - before).toBe(1);
    expect(await ask(20, 20)).toEqual(Array.from({ length: 20 }, () => 200));
  });
});

describe('whatever happens', () => {
  interface Call {
    readonly endpoint: string;
    readonly holder: string;
    /** What the next step of it is: a permit, or an end. */
    phase: 'in line' | 'on the wire' | 'over';
    isProbe: boolean;
    readonly admit: (outcome: GatewayError | null) => void;
    readonly answer: (outcome: Outcome) => void;
  }
  const endpoints = ['shared', 'solo'] as const; // `solo` is only asked for by one location
  const settled = () => jest.advanceTimersByTimeAsync(0);

  const create = () => {
    const calls: Call[] = [];
    const failures: { readonly at: number; readonly endpoint: string; readonly holder: string }[] = [];
    const opened: { readonly endpoint: string; readonly holders: number; readonly failures: number }[] = [];
    const ends: (number | string)[] = [];
    const states = new Map<string, string>();
    const circuits = createCircuits({
      tally: createTally(),
      onChange: ({ endpoint, holderKind, state }) => {
        if (holderKind !== null) return;
        const recent = failures.filter((one) => one.endpoint === endpoint && Date.now() - one.at < 5_000);
        const holders = new Set(recent.map(({ holder }) => holder)).size;
        if (state === 'open' && (states.get(endpoint) ?? 'closed') === 'closed')
          opened.push({ endpoint, holders, failures: recent.length });
        states.set(endpoint, state);
      },
    });
    const isShut = (endpoint: string) => {
      const row = circuits.snapshot().find((one) => one.endpoint === endpoint);
      return row !== undefined && (row.state !== 'closed' || (endpoint === 'solo' && row.openHolderCount > 0));
    };
    const ask = (endpoint: string, holder: string, isInLine: boolean) => {
      const permit = Promise.withResolvers<GatewayError | null>();
      const end = Promise.withResolvers<Outcome>();
      const call: Call = {
        endpoint,
        holder,
        phase: 'in line',
        isProbe: false,
        admit: permit.resolve,
        answer: (outcome) => {
          call.phase = 'over';
          if (outcome instanceof GatewayError) failures.push({ at: Date.now(), endpoint, holder });
          end.resolve(outcome);
        },
      };
      if (!isInLine) permit.resolve(null);
      const line: Stage = (next) => async (request) => {
        const refusal = await permit.promise;
        if (refusal) throw refusal;
        return next(request);
      };
      const wire: Send = async () => {
        Object.assign(call, { phase: 'on the wire', isProbe: isShut(endpoint) });
        return answerWith(await end.promise);
      };
      calls.push(call);
      const send = stack([circuits.gate, line, circuits.watch], wire);
      void endOf(send(question({ endpoint, holder: location(holder) }))).then((one) => {
        call.phase = 'over';
        ends.push(one);
      });
    };
    const inPhase = (phase: Call['phase']) => calls.filter((call) => call.phase === phase);
    const probesOn = (endpoint: string) =>
      inPhase('on the wire').filter((call) => call.isProbe && call.endpoint === endpoint).length;
    return { ask, inPhase, probesOn, opened, ends };
  };

  const stepOnce = (world: ReturnType<typeof create>, random: () => number, holders: number, badness: number) => {
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
    const dice = random();
    if (dice < 0.5) {
      const endpoint = random() < 0.7 ? 'shared' : 'solo';
      const holder = endpoint === 'solo' ? 'h0' : `h${Math.floor(random() * holders)}`;
      world.ask(endpoint, holder, random() < 0.2);
    } else if (dice < 0.6) {
      const refusal = random() < 0.3 ? new GatewayError('UPSTREAM_RATE_LIMITED') : null;
      pick(world.inPhase('in line'))?.admit(refusal);
    } else if (dice < 0.95) {
      const isGone = random() < 0.1;
      const failure = random() < badness ? new GatewayError('UPSTREAM_UNAVAILABLE') : {};
      pick(world.inPhase('on the wire'))?.answer(isGone ? new CallerGone() : failure);
    } else return Math.floor(random() * 1_500);
    return 0;
  };

  /** Good and bad times by turns; gives what happened to the circuits. */
  const live = async (seed: number, holders: number) => {
    const random = chance(seed);
    const world = create();
    let badness = 0;
    for (let step = 0; step < 400; step += 1) {
      if (step % 100 === 0) badness = random();
      await jest.advanceTimersByTimeAsync(stepOnce(world, random, holders, badness));
      for (const endpoint of endpoints)
        expect(`${world.probesOn(endpoint)} probes of ${endpoint}, seed ${seed}`).toMatch(/^[01] /);
    }
    return world;
  };
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
  const fake = () => jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });

  test('a route is left alone only after three locations failed, and tried by one call at a time', async () => {
    fake();
    const opened = [];
    for (const seed of seeds)
      opened.push(...(await live(seed, 2 + (seed % 4))).opened.map((one) => ({ seed, ...one })));
    expect(opened.length).toBeGreaterThan(30);
    expect(opened.filter(({ holders, failures }) => holders < 3 || failures < 10)).toEqual([]);
    expect(opened.filter(({ endpoint }) => endpoint === 'solo')).toEqual([]);
  });

  test('ten seconds after upstream is good again everybody is answered', async () => {
    fake();
    let refusals = 0;
    for (const seed of seeds.slice(0, 20)) {
      const world = await live(seed, 5);
      const askAll = async () => {
        world.ends.length = 0;
        for (const holder of ['h0', 'h1', 'h2', 'h3', 'h4']) world.ask('shared', holder, false);
        world.ask('solo', 'h0', false);
        await settled();
        for (const call of world.inPhase('on the wire')) call.answer({});
        await settled();
      };
      for (const call of world.inPhase('in line')) call.admit(null);
      await jest.advanceTimersByTimeAsync(3_000); // the longest attempt
      for (const call of world.inPhase('on the wire')) call.answer(new GatewayError('UPSTREAM_TIMEOUT'));
      for (let ms = 3_000; ms <= 10_000; ms += 500) {
        await askAll();
        refusals += world.ends.filter((end) => end !== 200).length;
        await jest.advanceTimersByTimeAsync(500);
      }
      await askAll();
      expect([seed, ...world.ends]).toEqual([seed, 200, 200, 200, 200, 200, 200]);
    }
    expect(refusals).toBeGreaterThan(0);
  });
});
