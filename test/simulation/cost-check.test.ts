import { describe, expect, test } from '@jest/globals';
import { toLocationId } from '../../src/model/ids.ts';
import { ownCause } from '../../src/upstream/cause.ts';
import type { UpstreamRequest } from '../../src/upstream/send.ts';
import { createArrivalChecks } from './check-arrivals.ts';
import { createCallChecks } from './check-calls.ts';
import { createVerdict } from './checks.ts';
import { createEventLog } from './events.ts';
import { createRandom } from './random.ts';
import { drawScenario } from './scenario.ts';
import { createSimulatedUpstream } from './upstream.ts';
import type { UpstreamLimits } from './upstream-limits.ts';

const now = () => 1_800_000_000_000;
const options = { seed: 1, replicas: 1, locations: 1, hours: 1, calls: null, breaking: 'none' } as const;

/** A location of which ten requests may arrive on a day, and who sends them. */
const create = (limits: Partial<UpstreamLimits>) => {
  const random = createRandom('cost');
  const given = { limit: 100, windowMs: 10_000, dailyLimit: 10, isSliding: true, tells: 'nothing', ...limits } as const;
  const scenario = { ...drawScenario(options, random), limits: given };
  const events = createEventLog(now, null);
  const verdict = createVerdict(events);
  const arrivals = createArrivalChecks({ ...given, dailyLimit: 1_000, reserve: 0 }, verdict);
  const upstream = createSimulatedUpstream({ now, random, scenario, events, arrivals, verdict });
  const calls = createCallChecks({ now, arrivals, verdict, isUnforeseeable: upstream.isUnforeseeable });
  const { before, after } = calls.around((request) => Promise.resolve(upstream.arrive(request)));
  const send = before(after);
  const { pressure } = calls.press('loc0x');
  return {
    pressure,
    ask: async (count: number) => {
      for (let call = 0; call < count; call += 1) await send(request());
    },
    othersAsk: (count: number) => {
      for (let call = 0; call < count; call += 1) upstream.spendOtherwise('loc0x');
    },
  };
};

const request = (): UpstreamRequest => {
  const locationId = toLocationId('loc0x');
  if (locationId === null) throw new Error('no location');
  return {
    endpoint: 'listTags',
    method: 'GET',
    path: '/social-media-posting/loc0x/tags?limit=5&skip=0',
    headers: {},
    body: null,
    holder: { kind: 'location', locationId },
    scope: 'socialplanner/tag.readonly',
    isRepeatable: true,
    ...ownCause('interactive', 60_000),
  };
};

describe('what a crowd costs', () => {
  test('is not what upstream refuses because others have spent of a day of which it tells nothing', async () => {
    const { ask, othersAsk, pressure } = create({});
    await ask(3);
    othersAsk(5);
    await ask(6);
    expect(pressure).toEqual({ requests: 5, answers: 5, inVain: [] });
  });

  test.each<[string, Partial<UpstreamLimits>, number]>([
    ['the gateways have spent the day by themselves', {}, 0],
    ['upstream tells of it', { tells: 'all' }, 5],
    ['it is not the day that is over', { limit: 10, dailyLimit: 12 }, 5],
  ])('is all that upstream refuses where %s', async (_, limits, byOthers) => {
    const { ask, othersAsk, pressure } = create(limits);
    othersAsk(byOthers);
    await ask(13 - byOthers);
    expect([pressure.requests, pressure.answers]).toEqual([13 - byOthers, 10 - byOthers]);
    expect(pressure.inVain).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^listTags .*: 429$/)));
  });
});
