import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createKeys, type CacheKey, type Lifetimes } from '../../src/cache/keys.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { toLocationId, toTagId } from '../../src/model/ids.ts';
import { chance } from '../support/chance.ts';
import { asker, createRoom, waitFor } from './rooms.ts';
import { createSharedMemory } from './shared-memory.ts';

beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-11-24T10:00:00.000Z') }));
afterEach(() => void jest.useRealTimers());

const lifetime = { freshSeconds: 2, revalidateSeconds: 5, hardSeconds: 20 };
const lifetimes: Lifetimes = {
  tagPage: lifetime,
  tagDetails: lifetime,
  socialAccounts: lifetime,
  statistics: lifetime,
  location: lifetime,
};
const location = toLocationId('location-1');
const neighbour = toLocationId('location-11');
const tags = ['1', 'location-1', 'x'].flatMap((id) => toTagId(id) ?? []);
if (location === null || neighbour === null) throw new Error('these are ids');

/** One that asks: a gateway over some upstream, for a location. */
const tenants = ['space', 'space-2'].flatMap((space) =>
  [location, neighbour].map((locationId) => ({ name: `${space}/${locationId}`, space, locationId })),
);
type Tenant = (typeof tenants)[number];

/** Every kind of question, and what belongs into its answer. */
const questions = ({ name, space, locationId }: Tenant): readonly { key: CacheKey; answer: string }[] => {
  const keys = createKeys(space, lifetimes);
  return [
    ...tags.map((tag) => ({ key: keys.tagDetails(locationId, tag), answer: `${name} tag ${tag}` })),
    ...[0, 20].map((skip) => ({
      key: keys.tagPage({ locationId, search: null, limit: 20, skip }),
      answer: `${name} page ${skip}`,
    })),
    { key: keys.socialAccounts(locationId), answer: `${name} accounts` },
    { key: keys.location(locationId), answer: `${name} record` },
    { key: keys.companyLocations(), answer: `${space} locations` },
    { key: keys.accountStatistics('2026-11-24'), answer: `${space} statistics` },
  ];
};

const all = tenants.flatMap(questions);

/** Two replicas over one store, asked at random by all tenants; the store is meddled with by one who can copy and write but not sign. */
const play = async (seed: number) => {
  const random = chance(seed);
  const pick = <T>(list: readonly T[]): T => {
    const one = list[Math.floor(random() * list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  };
  const shared = createSharedMemory();
  const rooms = [createRoom(shared), createRoom(shared)];
  const outcomes: { readonly expected: string; readonly given: string }[] = [];
  let loads = 0;
  const waits = () => new Promise((resolve) => setTimeout(resolve, random() * 300));
  const load = (answer: string) => async (): Promise<string> => {
    loads += 1;
    await waits();
    const fate = random();
    if (fate < 0.1) throw new GatewayError('UPSTREAM_UNAVAILABLE');
    if (fate < 0.15) throw new GatewayError('NOT_FOUND', { message: answer });
    return answer;
  };
  const told = (error: unknown): string =>
    error instanceof GatewayError && error.code === 'NOT_FOUND' ? error.message : 'failed';
  const ask = async ({ key, answer }: (typeof all)[number]): Promise<void> => {
    const leaver = new AbortController();
    if (random() < 0.1) setTimeout(() => leaver.abort(new Error('gone')), random() * 300);
    const wish = pick([{}, {}, { maxAgeSeconds: 1 }, { maxStaleSeconds: 20 }, { isOnlyIfCached: true }]);
    const given = await pick(rooms)
      .cache.getOrLoad(key, load(answer), asker(wish, leaver.signal))
      .then(({ value }) => value, told);
    outcomes.push({ expected: answer, given });
  };
  const askMany = async (tenant: Tenant): Promise<void> => {
    const ids = tags.map((tag) => `${tenant.name} tag ${tag}`);
    const keys = new Map(questions(tenant).map(({ key, answer }) => [answer, key]));
    const keyOf = (id: string) => keys.get(id) ?? pick(all).key;
    const found = await pick(rooms).cache.getOrLoadMany(
      ids,
      keyOf,
      async (missing) => {
        await waits();
        return new Map(missing.map((id) => [id, id]));
      },
      asker(),
    );
    for (const [expected, one] of found) {
      outcomes.push({ expected, given: one === null ? expected : 'value' in one ? one.value : 'failed' });
    }
  };
  const meddle = (): void => {
    const texts = [...shared.texts].filter(([key]) => !key.startsWith('lease:'));
    if (texts.length === 0) return;
    const [, text] = pick(texts);
    shared.texts.set(pick(all).key.text, pick([text, text, text.slice(3), '{}']));
  };
  const asked: Promise<void>[] = [];
  for (let step = 0; step < 150; step += 1) {
    asked.push(random() < 0.8 ? ask(pick(all)) : askMany(pick(tenants)));
    if (random() < 0.3) meddle();
    if (random() < 0.03) shared.isAway = !shared.isAway;
    if (random() < 0.5) await waitFor(random() * 400);
  }
  await waitFor(10_000);
  await Promise.all(asked);
  return { outcomes, loads };
};

describe('two tenants', () => {
  test('have no key in common, of whatever kind, whatever their upstream', () => {
    expect(new Set(all.map(({ key }) => key.text)).size).toBe(new Set(all.map(({ answer }) => answer)).size);
  });

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'are never given what is not theirs, and nobody waits for ever (seed %d)',
    async (seed) => {
      const { outcomes, loads } = await play(seed);
      expect(outcomes.length).toBeGreaterThanOrEqual(150);
      const wrong = outcomes.filter(({ expected, given }) => given !== expected && given !== 'failed');
      expect(wrong).toEqual([]);
      // Most were answered, and many without a load of their own: there was something to mix up.
      expect(outcomes.filter(({ given }) => given === 'failed').length).toBeLessThan(outcomes.length / 3);
      expect(loads).toBeLessThan(outcomes.length / 2);
    },
  );
});
