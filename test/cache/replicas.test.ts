import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { fixedUrgency } from '../../src/model/urgency.ts';
import { asker, cacheKey, createRoom, settle, upstream, waitFor } from './rooms.ts';
import { createSharedMemory } from './shared-memory.ts';

const start = Date.parse('2026-11-24T10:00:00.000Z');
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

const key = cacheKey('a', 60, { revalidateSeconds: 300, hardSeconds: 3_600 });

const settleIn = async <T>(ms: number, answer: Promise<T>): Promise<T> => {
  const late = new Error(`no answer in ${ms} ms`);
  answer.catch(() => undefined);
  const limit = new Promise<never>((_, reject) => setTimeout(() => reject(late), ms));
  limit.catch(() => undefined);
  await waitFor(ms);
  return Promise.race([answer, limit]);
};

/** Replicas over one store and one upstream. */
const replicas = (count = 2) => {
  const shared = createSharedMemory();
  const calls = upstream();
  const rooms = Array.from({ length: count }, () => createRoom(shared));
  const asks = rooms.map(
    ({ cache }) =>
      (cause = asker()) =>
        cache.getOrLoad(key, calls.load, cause),
  );
  const [one = asks[0], two = asks[0], three = asks[0]] = asks;
  if (one === undefined || two === undefined || three === undefined) throw new Error('no replica');
  return { shared, rooms, ...calls, one, two, three };
};

describe('one replica loads, the others wait', () => {
  test('a hundred equal questions to each of two cold replicas are one call; the other one shares it', async () => {
    const { one, two, loads } = replicas();
    const [ones, twos] = [one, two].map((ask) => Array.from({ length: 100 }, () => ({ ask, cause: asker() })));
    const all = [...(ones ?? []), ...(twos ?? [])];
    const answers = await settle(Promise.all(all.map(({ ask, cause }) => ask(cause))));
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['answer 1']));
    expect(loads()).toBe(1);
    const shared = all.map(({ cause }) => cause.meter.cost().shared);
    expect([shared.filter((count) => count === 1).length, shared.filter((count) => count === 0).length]).toEqual([
      199, 1,
    ]);
  });

  test('what it loads comes to them within a few milliseconds, or within 250 where its news get lost', async () => {
    for (const [isMute, ms] of [
      [false, 10],
      [true, 260],
    ] as const) {
      const { one, two, shared, loads } = replicas();
      shared.isMute = isMute;
      const first = one();
      await waitFor(5);
      const second = two();
      await settle(first);
      let isHere = false;
      void second.then(() => (isHere = true));
      await waitFor(ms);
      expect(isHere).toBe(true);
      expect(loads()).toBe(1);
    }
  });

  test('when its load fails the next one tries at once, and so on, one at a time', async () => {
    const { one, two, three, loads, fail, causes } = replicas(3);
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'), 2);
    const answers = Promise.allSettled([one(), two(), three()]);
    await waitFor(120);
    expect(loads()).toBe(2);
    await waitFor(110);
    expect(loads()).toBe(3);
    await waitFor(110);
    expect((await answers).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(causes.map(({ urgency }) => urgency.priority)).toEqual(Array(3).fill('interactive'));
  });

  test('when it has died they wait until its lease is over, and one of them loads', async () => {
    const { two, three, shared, loads } = replicas(3);
    await settle(shared.claim([{ key: 'lease:a', value: 'one that is gone', ttlMs: 2_200 }]));
    const answers = Promise.all([two(), three()]);
    await waitFor(1_900);
    expect(loads()).toBe(0);
    await waitFor(500);
    expect((await answers).map(({ value }) => value)).toEqual(['answer 1', 'answer 1']);
    expect(loads()).toBe(1);
  });

  test('when it holds its lease for ever they load after four seconds all the same', async () => {
    const { two, shared } = replicas();
    await settle(shared.claim([{ key: 'lease:a', value: 'one that never ends', ttlMs: 3_600_000 }]));
    const answer = two();
    await waitFor(4_200);
    expect((await answer).value).toBe('answer 1');
    expect(shared.texts.get('lease:a')).toBe('one that never ends'); // only the holder gives it up
  });

  test('who has little time waits for half of it, and loads in the other half', async () => {
    const { two, shared, loads } = replicas();
    await settle(shared.claim([{ key: 'lease:a', value: 'one that is slow', ttlMs: 4_000 }]));
    const hurried = { ...asker(), urgency: fixedUrgency('interactive', Date.now() + 2_000) };
    const answer = two(hurried);
    await waitFor(950);
    expect(loads()).toBe(0);
    await waitFor(250);
    expect((await answer).value).toBe('answer 1');
  });

  test('who leaves does not wait on, and what only those who left had waited for is not loaded', async () => {
    const { two, shared, loads } = replicas();
    await settle(shared.claim([{ key: 'lease:a', value: 'another', ttlMs: 1_000 }]));
    const leaver = new AbortController();
    const answer = two(asker({}, leaver.signal));
    await waitFor(500);
    leaver.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
    await waitFor(5);
    shared.asked.length = 0;
    await waitFor(10_000);
    expect([loads(), shared.asked]).toEqual([0, []]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('who leaves while the lease is asked for has not made anybody load', async () => {
    const { one, shared, loads } = replicas();
    const leaver = new AbortController();
    const answer = one(asker({}, leaver.signal));
    await waitFor(1);
    expect(shared.asked).toEqual(['getMany', 'claim']);
    leaver.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
    await waitFor(200);
    expect([loads(), shared.texts.size]).toEqual([0, 0]);
  });

  test('a load that is called off gives up its lease', async () => {
    const { one, two, loads } = replicas();
    const leaver = new AbortController();
    const called = one(asker({}, leaver.signal));
    await waitFor(10);
    const waiting = two();
    await waitFor(10);
    leaver.abort(new Error('gone'));
    await expect(called).rejects.toThrow('gone');
    await waitFor(110);
    expect((await waiting).value).toBe('answer 2');
    expect(loads()).toBe(2);
  });

  test('who asks again right after a failure does not wait for the lease of its own process', async () => {
    const { one, shared, fail } = replicas();
    const { run } = shared;
    const late: typeof run = async (...words) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return run(...words);
    };
    Object.assign(shared, { run: late });
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'));
    await expect(settleIn(110, one())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect((await settleIn(170, one())).value).toBe('answer 2');
  });

  test('an answer that is never fresh is not worth waiting for another replica', async () => {
    const { rooms, load, loads, shared } = replicas();
    const unfresh = cacheKey('a', 0, { hardSeconds: 3_600 });
    await settleIn(110, Promise.all(rooms.map(({ cache }) => cache.getOrLoad(unfresh, load, asker()))));
    expect(loads()).toBe(2);
    expect(shared.asked).not.toContain('claim');
  });

  test('ids that another replica loads are waited for, the others are loaded meanwhile', async () => {
    const { rooms } = replicas();
    const asked: string[] = [];
    const load = async (missing: readonly string[]) => {
      asked.push(missing.join(''));
      await waitForMs(100);
      return new Map(missing.map((id) => [id, id.toUpperCase()]));
    };
    const waitForMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const ask = (index: number, ids: string) =>
      rooms[index]?.cache.getOrLoadMany(Array.from(ids), (id) => ({ ...key, text: id }), load, asker());
    const first = ask(0, 'ab');
    await waitFor(10);
    const second = ask(1, 'bcd');
    await settle(Promise.all([first, second]));
    expect(asked).toEqual(['ab', 'cd']);
    expect([...((await second) ?? [])].map(([id, one]) => [id, one !== null && 'value' in one && one.value])).toEqual([
      ['b', 'B'],
      ['c', 'C'],
      ['d', 'D'],
    ]);
  });
});

describe('what one replica reads again the others see', () => {
  test('they drop their own copy, take the new one from the shared store, and one of all reads it again', async () => {
    const { one, two, loads, causes } = replicas();
    await settle(one());
    await settle(two());
    expect(loads()).toBe(1);
    await waitFor(60_000);
    const stale = await settle(Promise.all([one(), two()]));
    expect(stale.map(({ freshness }) => freshness.state)).toEqual(Array(2).fill('STALE_WHILE_REVALIDATE'));
    expect(loads()).toBe(2);
    expect(causes[1]?.urgency.priority).toBe('background');
    for (const ask of [one, two]) expect(await settle(ask())).toMatchObject({ value: 'answer 2' });
    expect(loads()).toBe(2);
  });

  test('a new answer replaces a fresh copy elsewhere as soon as it is told, with its own age', async () => {
    const { one, two, shared } = replicas();
    await settle(one());
    await settle(two());
    const renewed = await settle(one(asker({ maxAgeSeconds: 0 })));
    expect(renewed.value).toBe('answer 2');
    shared.asked.length = 0;
    expect(await settle(two())).toEqual(renewed);
    expect(await settle(two())).toEqual(renewed);
    expect(shared.asked).toEqual(['getMany']); // once, then from memory
  });

  test('what was replaced while it was on its way from the shared store is not remembered', async () => {
    const { one, two, shared } = replicas();
    await settle(one());
    const { getMany } = shared;
    const slowly: typeof getMany = async (keys) => {
      const texts = await getMany(keys);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return texts;
    };
    Object.assign(shared, { getMany: slowly });
    const late = two();
    await waitFor(0);
    Object.assign(shared, { getMany });
    await waitFor(5);
    await settle(one(asker({ maxAgeSeconds: 0 })));
    await waitFor(200);
    expect((await late).value).toBe('answer 1');
    expect((await settle(two())).value).toBe('answer 2');
  });

  test('a copy is dropped only for news that bear our mark', async () => {
    const { one, shared } = replicas();
    await settle(one());
    const heard: string[] = [];
    shared.subscribe('users-gateway:news', (text) => heard.push(text));
    await settle(createRoom(shared, { secret: 'another' }).cache.getOrLoad(key, () => Promise.resolve('x'), asker()));
    expect(heard.length).toBeGreaterThan(0);
    for (const text of ['', '{}', 'x'.repeat(22), '{"from":"x","kind":"kept","keys":["a"]}']) {
      void shared.publish('users-gateway:news', text);
    }
    await waitFor(10);
    shared.asked.length = 0;
    expect((await one()).value).toBe('answer 1');
    expect(shared.asked).toEqual([]);
  });

  test('a person who needs an answer that is then left to another replica waits for that one', async () => {
    const { one, two, shared, loads } = replicas();
    await settle(one());
    await settle(two());
    await waitFor(60_000);
    const renewing = one(asker({ maxAgeSeconds: 0 })); // takes the lease
    await waitFor(5);
    shared.asked.length = 0;
    await waitFor(0);
    const stale = settle(two()); // wants to read it again behind, and asks for the lease
    const person = asker({ maxAgeSeconds: 0 });
    const needing = two(person); // joins that
    expect((await stale).freshness.state).toBe('STALE_WHILE_REVALIDATE');
    expect((await needing).value).toBe('answer 2');
    expect((await renewing).value).toBe('answer 2');
    expect(loads()).toBe(2);
    expect(person.meter.cost()).toMatchObject({ shared: 1, made: 0 });
  });
});

describe('a shared store that is away', () => {
  test('costs a call in each replica, no answer and no wait; meanwhile each keeps its own', async () => {
    const { one, two, shared, loads, rooms } = replicas();
    shared.isAway = true;
    const answers = Promise.all([one(), two()]);
    await waitFor(100);
    expect((await answers).map(({ value }) => value)).toEqual(['answer 1', 'answer 2']);
    expect(shared.asked.filter((name) => name === 'claim')).toEqual([]); // one read has told that it is away
    expect([(await one()).value, (await two()).value]).toEqual(['answer 1', 'answer 2']);
    expect(loads()).toBe(2);
    expect(rooms[0]?.counts()).toMatchObject({ 'cache miss test': 1, 'cache hit test': 1 });
    expect(rooms[0]?.counts()['cache broken']).toBeGreaterThan(0);
  });

  test('when it goes away while one waits for another replica, that one loads at once', async () => {
    const { one, two, shared, loads } = replicas();
    const first = one();
    await waitFor(10);
    const second = two();
    await waitFor(10);
    shared.isAway = true;
    shared.asked.length = 0;
    await waitFor(400);
    expect(shared.asked).not.toContain('claim'); // one read has told
    expect((await first).value).toBe('answer 1');
    expect((await second).value).toBe('answer 2');
    expect(loads()).toBe(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('one that is silent for its time limit costs that once a question', async () => {
    const { one, shared } = replicas();
    const silent = () => new Promise<never>((_, reject) => setTimeout(() => reject(new Error('late')), 50));
    Object.assign(shared, { getMany: silent, claim: silent, setMany: silent, run: silent, publish: silent });
    let isHere = false;
    void one().then(() => (isHere = true));
    await waitFor(149);
    expect(isHere).toBe(false);
    await waitFor(1);
    expect(isHere).toBe(true);
  });

  test('what was loaded meanwhile is not replaced by what is older there when it is back', async () => {
    const { one, shared, fail } = replicas();
    await settle(one());
    await waitFor(30_000);
    shared.isAway = true;
    await settle(one(asker({ maxAgeSeconds: 0 })));
    shared.isAway = false;
    await waitFor(60_000);
    fail(new GatewayError('UPSTREAM_UNAVAILABLE'));
    const answers = [await settle(one()), await settle(one())];
    expect(answers).toEqual(
      Array(2).fill(
        expect.objectContaining({
          value: 'answer 2',
          freshness: expect.objectContaining({ state: 'STALE_WHILE_REVALIDATE' }),
        }),
      ),
    );
  });
});
