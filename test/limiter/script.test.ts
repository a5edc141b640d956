import { createClient } from '@redis/client';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { budgetScript } from '../../src/limiter/budget-script.ts';
import { applyStep, type Asking, type SharedBudget, type Step, type Told } from '../../src/limiter/budget-step.ts';
import { startRedis, type RedisServer } from '../support/redis.ts';
import { chance, type Chance } from '../support/chance.ts';

const clientOf = (url: string) => createClient({ url });
let redis: RedisServer;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  redis = await startRedis();
  client = clientOf(redis.url);
  await client.connect();
});
afterAll(async () => {
  client.destroy();
  await redis.stop();
});

const options = { burst: { limit: 10, windowMs: 1_000 }, dailyLimit: 40 };
const ids = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8'];

const some = (random: Chance, most: number): number | null => (random() < 0.4 ? null : Math.floor(random() * most));

const feedbackOf = (random: Chance) => ({
  burst: { limit: random() < 0.1 ? 5 + Math.floor(random() * 10) : null, remaining: some(random, 12), windowMs: null },
  daily: { limit: null, remaining: some(random, 60), resetMs: random() < 0.2 ? Math.floor(random() * 5_000) : null },
  isCounted: random() < 0.8,
});

const stepOf = (random: Chance, now: number, life: string | null): Step => {
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? '';
  const at = random();
  if (at < 0.45) {
    const reservePercent = random() < 0.5 ? 0 : 20;
    return { kind: 'take', id: `${pick(ids)}-${now}`, reservePercent, flyingForMs: 300 };
  }
  if (at < 0.75 && taken.length > 0) {
    const blockedMs = random() < 0.1 ? Math.floor(random() * 2_000) : null;
    const feedback = random() < 0.3 ? null : feedbackOf(random);
    return { kind: 'settle', id: pick(taken), takenAt: now - Math.floor(random() * 500), feedback, blockedMs };
  }
  if (at < 0.84) return { kind: 'giveBack', id: pick(taken) };
  if (at < 0.88) {
    const answeredAgoMs = Array.from({ length: Math.floor(random() * 4) }, () => Math.floor(random() * 1_500));
    const flyingForMs = random() < 0.5 ? {} : { [`foreign-${now}`]: 200 };
    const blockedForMs = random() < 0.2 ? 400 : 0;
    const dayEndsInMs = random() < 0.3 ? null : Math.floor(random() * 200_000) - 1_000;
    const foreign = { answeredAgoMs, flyingForMs, blockedForMs, spent: answeredAgoMs.length, dayEndsInMs };
    return { kind: 'adopt', ...foreign, remembered: random() < 0.7 ? 0 : Math.floor(random() * 4) };
  }
  if (at < 0.92) return { kind: 'look' };
  if (at < 0.94) return { kind: 'greet', newEpoch: `life-${now}` };
  return at < 0.98 ? { kind: 'enter', epoch: random() < 0.8 ? life : 'another' } : { kind: 'beat' };
};

/** Permits that may still be out. */
let taken: string[] = [];

const inRedis = async (seed: number, asking: Asking, step: Step, now: number): Promise<Told> => {
  const keys = ['budget', 'members', 'epoch'].map((name) => `${name}:${seed}`);
  const text = await client.eval(budgetScript.lua, {
    keys,
    arguments: [JSON.stringify(asking), JSON.stringify(step), String(now)],
  });
  const told = JSON.parse(typeof text === 'string' ? text : '') as Told;
  const { answered } = told.state;
  return { ...told, state: { ...told.state, answered: Array.isArray(answered) ? answered : [] } };
};

test.each([1, 2, 3, 4, 5, 6])(
  'the script in Redis does what the pure function does, step by step (seed %i)',
  async (seed) => {
    const random = chance(seed);
    let shared: SharedBudget = { state: null, members: {}, epoch: null };
    let now = 1_800_000_000_000;
    taken = [];
    const verdicts = new Set<string>();
    let granted = 0;
    for (let count = 0; count < 600; count += 1) {
      // Mostly forwards, now and then far (a day ends, members are missed), now and then back.
      now += random() < 0.02 ? -400 : random() < 0.01 ? 90_000_000 : Math.floor(random() * 150);
      const member = random() < 0.7 ? 'a' : 'b';
      const askedAt =
        random() < 0.5 ? null : now + Math.floor(random() * random() * -6_000) + (random() < 0.2 ? 500 : 0);
      const asking: Asking = { member, askedAt, presenceMs: 3_000, quietMs: 700, replicas: 2, options };
      const step = stepOf(random, now, shared.epoch?.split(' ')[0] ?? null);
      const applied = applyStep(shared, asking, step, now);
      expect({ count, step, told: await inRedis(seed, asking, step, now) }).toEqual({
        count,
        step,
        told: applied.told,
      });
      if (applied.told.verdict === 'granted' && 'id' in step) taken.push(step.id);
      else if ('id' in step && random() < 0.95) taken = taken.filter((id) => id !== step.id);
      if (applied.told.verdict === 'granted') granted += 1;
      // What only looks is not written.
      const isWritten = !['greet', 'enter', 'beat', 'look'].includes(step.kind);
      shared = isWritten ? applied.shared : { ...applied.shared, state: shared.state };
      verdicts.add(applied.told.verdict);
    }
    expect(verdicts).toEqual(new Set(['done', 'granted', 'none', 'stranger']));
    expect(granted).toBeGreaterThan(30);
  },
);
