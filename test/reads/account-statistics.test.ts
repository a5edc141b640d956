import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { freshAt } from '../../src/model/freshness.ts';
import type { LocationId } from '../../src/model/ids.ts';
import { warning, type Metric, type Statistics } from '../../src/model/statistics.ts';
import { createCalendars } from '../../src/reads/calendar.ts';
import { createRollUp } from '../../src/reads/account-statistics.ts';
import { emptyFigures } from '../../src/reads/figures.ts';
import { defaultWish, type StatisticsWish } from '../../src/reads/wish.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { cause, locationId, profileId } from '../upstream/over-sandbox.ts';
import { stopClock } from '../support/clock.ts';
import { readsOver } from './reads-over-sandbox.ts';

beforeEach(() => {
  stopClock('2026-11-24T15:00:00Z');
});
afterEach(() => {
  jest.useRealTimers();
});

const codes = ({ quality }: Statistics) => quality.warnings.map(({ code }) => code);
const noLocations = () => Promise.reject(new Error('nobody should ask for them'));
const ofCompany = { locationIds: noLocations, isOfCompany: true };
const whose = (ids: readonly LocationId[]) => ({ locationIds: () => Promise.resolve(ids), isOfCompany: false });

describe('upstream’s own account-level endpoint', () => {
  test('is asked once, on the company’s token, for the last seven days in the default zone', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox, { accountStatistics: 'endpoint' });
    const statistics = await over.reads.accountStatistics(ofCompany, null, cause);
    expect(statistics).toMatchObject({
      period: { from: '2026-11-17', to: '2026-11-23', days: 7 },
      comparisonPeriod: { from: '2026-11-10', to: '2026-11-16', days: 7 },
      timeZone: 'UTC',
      profileIds: [],
      quality: { isComplete: true },
      freshness: { fetchedAt: Date.now() },
    });
    expect(codes(statistics)).toEqual(['TIME_ZONE_ASSUMED', 'DATES_INFERRED']);
    expect(statistics.likes.series?.map(({ date }) => date).at(-1)).toBe('2026-11-23');
    const points = statistics.likes.series?.map(({ value }) => value ?? NaN) ?? [];
    expect(statistics.likes.total).toBe(points.reduce((sum, value) => sum + value, 0));
    const calls = sandbox.calls();
    expect(calls.map(({ method, path, query }) => [method, path, query])).toEqual([
      ['GET', '/socialplanner/statistics.readonly', {}],
    ]);
    expect(calls[0]).toMatchObject({ locationId: null, version: 'v3', status: 200 });
    await over.close();
  });

  test('is not asked for somebody who may read some locations only: theirs are added up', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox, { accountStatistics: 'endpoint' });
    const { full } = sandbox.locations;
    const statistics = await over.reads.accountStatistics(whose([locationId(full)]), null, cause);
    expect(statistics.profileIds.length).toBeGreaterThan(0);
    const calls = sandbox.calls();
    expect(calls.map(({ route }) => route)).not.toContain('readAccountStatistics');
    expect(new Set(calls.map((call) => call.locationId))).toEqual(new Set([full]));
    await over.close();
  });

  test('takes no wish, and is not asked then', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox, { accountStatistics: 'endpoint' });
    const asking = over.reads.accountStatistics(ofCompany, defaultWish, cause);
    await expect(asking).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(sandbox.calls()).toEqual([]);
    await over.close();
  });

  test('counts its days by another zone than ours: the points are dropped, and that is a gap', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox, { accountStatistics: 'endpoint', defaultTimeZone: 'Pacific/Kiritimati' });
    const { period, likes, quality } = await over.reads.accountStatistics(ofCompany, null, cause);
    expect(period.to).toBe('2026-11-24');
    expect(likes).toMatchObject({ total: expect.any(Number) as unknown, series: null });
    expect(quality).toMatchObject({
      isComplete: false,
      warnings: [{ code: 'TIME_ZONE_ASSUMED' }, { code: 'WEEKDAYS_DISAGREE' }],
    });
    await over.close();
  });
});

describe('a roll-up of a real upstream', () => {
  test('adds up what the locations say one by one', async () => {
    await using sandbox = await startSandbox();
    const { full, restricted, empty } = sandbox.locations;
    const over = readsOver(sandbox);
    const ids = [full, restricted, empty].map(locationId);
    const rolled = await over.reads.accountStatistics(whose(ids), null, cause);
    const { from, to } = rolled.period;
    // Sydney is a day ahead; the days are those that are over everywhere.
    expect([from, to, rolled.timeZone]).toEqual(['2026-11-17', '2026-11-23', null]);
    const wish: StatisticsWish = { ...defaultWish, period: { kind: 'range', from, to } };
    const [one, other] = await Promise.all(ids.slice(0, 2).map((id) => over.reads.statistics(id, wish, cause)));
    if (!one || !other) throw new Error('statistics');
    for (const name of ['posts', 'impressions', 'likes', 'comments', 'shares', 'followers'] as const) {
      expect(rolled[name].total).toBe((one[name].total ?? NaN) + (other[name].total ?? NaN));
    }
    expect(rolled.profileIds).toEqual([...one.profileIds, ...other.profileIds]);
    expect(rolled.quality.isComplete).toBe(false);
    expect(rolled.quality.warnings).toEqual([
      ...one.quality.warnings.map((noticed) => ({ ...noticed, locationId: full })),
      ...other.quality.warnings.map((noticed) => ({ ...noticed, locationId: restricted })),
    ]);
    await over.close();
  });

  test('reads fifty locations at most, three calls each, and names the others', async () => {
    await using sandbox = await startSandbox({ extraLocations: 52 });
    const over = readsOver(sandbox, { isKeeping: true });
    const ids = sandbox.extraLocationIds.map(locationId);
    const rolled = await over.reads.accountStatistics(whose(ids), null, cause);
    const missing = rolled.quality.warnings.filter(({ code }) => code === 'LOCATION_UNREADABLE');
    expect(missing.map((one) => one.locationId)).toEqual(ids.slice(50));
    expect(rolled.quality.isComplete).toBe(false);
    expect(rolled.profileIds).toHaveLength(50);
    const calls = sandbox.calls();
    expect(new Set(calls.map((call) => call.locationId))).toEqual(new Set(ids.slice(0, 50)));
    expect(calls).toHaveLength(150);
    await over.close();
  });
});

describe('a roll-up', () => {
  const metric = (total: number): Metric => ({ ...emptyFigures.likes, total });
  const statisticsOf = (total: number, more: Partial<Statistics> = {}): Statistics => ({
    ...emptyFigures,
    likes: metric(total),
    period: { from: '', to: '', days: 0 },
    comparisonPeriod: null,
    timeZone: 'UTC',
    profileIds: [profileId(`p${total}`)],
    quality: { isComplete: true, warnings: [] },
    freshness: freshAt(1_000 - total),
    ...more,
  });
  const [a, b, c] = [locationId('a'), locationId('b'), locationId('c')];
  const notConnected = new GatewayError('LOCATION_NOT_CONNECTED');
  const unavailable = new GatewayError('UPSTREAM_UNAVAILABLE');

  const rollUp = async (
    answers: ReadonlyMap<LocationId, Statistics | GatewayError>,
    { wish = null, zones = {} }: { wish?: StatisticsWish | null; zones?: Record<string, string> } = {},
  ) => {
    const wishes: StatisticsWish[] = [];
    const read = createRollUp(
      {
        readStatistics: (id, given) => {
          wishes.push(given);
          const answer = answers.get(id) ?? unavailable;
          return answer instanceof GatewayError ? Promise.reject(answer) : Promise.resolve(answer);
        },
        readTimeZone: (id) => {
          const name = zones[id];
          return name === 'fails'
            ? Promise.reject(unavailable)
            : Promise.resolve({ name: name ?? 'UTC', isAssumed: false });
        },
        calendarOf: createCalendars(),
      },
      50,
    );
    return { statistics: await read(whose([...answers.keys()]), wish, cause), wishes };
  };

  test('leaves out the locations that cannot be read, names them and says that it is not complete', async () => {
    const { statistics } = await rollUp(
      new Map<LocationId, Statistics | GatewayError>([
        [a, notConnected],
        [b, statisticsOf(5)],
        [c, unavailable],
      ]),
    );
    expect(statistics.likes.total).toBe(5);
    expect(statistics.quality).toMatchObject({
      isComplete: false,
      warnings: [
        { code: 'LOCATION_UNREADABLE', locationId: a },
        { code: 'LOCATION_UNREADABLE', locationId: c },
      ],
    });
    expect(statistics.quality.warnings).toHaveLength(2);
  });

  test('of which nothing can be read fails with the first error', async () => {
    const answers = new Map<LocationId, GatewayError>([
      [a, notConnected],
      [b, unavailable],
    ]);
    await expect(rollUp(answers)).rejects.toBe(notConnected);
  });

  test('of no location knows nothing, and nothing is missing', async () => {
    const { statistics } = await rollUp(new Map());
    expect(statistics).toMatchObject({
      likes: { total: null },
      timeZone: null,
      profileIds: [],
      quality: { isComplete: true, warnings: [] },
      freshness: freshAt(Date.now()),
      period: { from: '2026-11-17', to: '2026-11-23' },
    });
  });

  test('is not made unknown by a location without accounts', async () => {
    const none = statisticsOf(0, { ...emptyFigures, profileIds: [] });
    const { statistics } = await rollUp(
      new Map([
        [a, none],
        [b, statisticsOf(5)],
        [c, statisticsOf(7)],
      ]),
    );
    expect(statistics).toMatchObject({ likes: { total: 12 }, profileIds: ['p5', 'p7'], quality: { isComplete: true } });
  });

  test('has the zone that all share, or none; it is as old as its oldest part', async () => {
    const berlin = { timeZone: 'Europe/Berlin' };
    const same = await rollUp(
      new Map([
        [a, statisticsOf(5, berlin)],
        [b, statisticsOf(7, berlin)],
      ]),
    );
    expect(same.statistics).toMatchObject({ timeZone: 'Europe/Berlin', freshness: freshAt(993) });
    const mixed = await rollUp(
      new Map([
        [a, statisticsOf(5, berlin)],
        [b, statisticsOf(7)],
      ]),
    );
    expect(mixed.statistics.timeZone).toBeNull();
  });

  test('asks all locations for the same days: the last that are over in every zone', async () => {
    stopClock('2026-11-24T11:00:00Z'); // the 25th in the first of the zones, still the 23rd in the last
    const answers = new Map([
      [a, statisticsOf(1)],
      [b, statisticsOf(2)],
      [c, statisticsOf(3)],
    ]);
    const zones = { a: 'Pacific/Kiritimati', b: 'Etc/GMT+12', c: 'fails' };
    const { statistics, wishes } = await rollUp(answers, { zones });
    const period = { kind: 'range', from: '2026-11-16', to: '2026-11-22' };
    expect(wishes.map((wish) => wish.period)).toEqual([period, period]); // nobody asks where the zone is not known;
    expect(statistics).toMatchObject({
      period: { from: '2026-11-16', to: '2026-11-22', days: 7 },
      comparisonPeriod: { from: '2026-11-09', to: '2026-11-15', days: 7 },
    });
  });

  test('passes an explicit wish on as it is', async () => {
    const wish: StatisticsWish = {
      profileIds: null,
      platforms: ['GOOGLE'],
      period: { kind: 'range', from: '2026-01-01', to: '2026-01-31' },
      compareTo: { kind: 'none' },
    };
    const { statistics, wishes } = await rollUp(new Map([[a, statisticsOf(1)]]), { wish, zones: { a: 'Asia/Tokyo' } });
    expect(wishes).toEqual([wish]);
    expect(statistics).toMatchObject({ period: { days: 31 }, comparisonPeriod: null });
  });

  test('refuses profile ids, which belong to one location, before it looks for locations', async () => {
    const read = createRollUp(
      { readStatistics: noLocations, readTimeZone: noLocations, calendarOf: createCalendars() },
      50,
    );
    const wish = { ...defaultWish, profileIds: [profileId('p1')] };
    await expect(read(ofCompany, wish, cause)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('says of which location a warning is, and a gap in one is a gap in all', async () => {
    const noticed = [warning('DATES_INFERRED', 'worked out'), warning('ACCOUNT_EXPIRED', 'left out')];
    const gap = statisticsOf(5, { quality: { isComplete: false, warnings: noticed } });
    const { statistics } = await rollUp(
      new Map([
        [a, gap],
        [b, statisticsOf(7)],
      ]),
    );
    expect(statistics.quality).toEqual({
      isComplete: false,
      warnings: noticed.map((one) => ({ ...one, locationId: a })),
    });
  });
});
