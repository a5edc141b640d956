import { dayOf, lastSevenDays } from '../clock.ts';
import type { DayRange } from '../clock.ts';
import { badRequest, unprocessable } from '../errors.ts';
import { isRecord } from '../route.ts';
import type { Answer, LocationRoute } from '../route.ts';
import { buildStatistics, STATISTICS_PLATFORMS } from '../statistics.ts';

const INSTANT = /^20\d\d-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;
const MOST_DAYS = 3_660; // the vendor's longest range is not documented; ten years keep one answer small

/** The endpoint's frame: neither `success` nor `statusCode`, other than its neighbours. */
export const built = (status: number, results: Readonly<Record<string, unknown>>): Answer => ({
  status,
  body: { results, message: 'Analytics Built Successfully' },
});

const texts = (body: Readonly<Record<string, unknown>>, name: string): readonly string[] | null => {
  const value = body[name];
  if (value === undefined) return null;
  if (!Array.isArray(value)) throw unprocessable([`${name} must be an array`]);
  const strings = value.filter((one) => typeof one === 'string');
  if (strings.length < value.length) throw unprocessable([`each value in ${name} must be a string`]);
  return strings;
};

const instant = (value: unknown, name: string): number => {
  const time = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw badRequest(`${name} must be a valid ISO 8601 date string`);
  return time;
};

/** Both instants become days of the location, and both days belong to the range. */
const rangeOf = (value: unknown, name: string, timeZone: string): DayRange => {
  if (!isRecord(value)) throw unprocessable([`${name} must be an object`]);
  const start = instant(value['startDate'], `${name}.startDate`);
  const end = instant(value['endDate'], `${name}.endDate`);
  if (start > end) throw badRequest(`${name}.startDate must be before ${name}.endDate`);
  const range = { first: dayOf(start, timeZone), last: dayOf(end, timeZone) };
  if (range.last - range.first >= MOST_DAYS) throw badRequest(`${name} is too long`);
  return range;
};

const rangesOf = (body: Readonly<Record<string, unknown>>, timeZone: string) => {
  const { currentRange, prevRange } = body;
  if (currentRange === undefined && prevRange !== undefined)
    throw badRequest('prevRange can only be provided together with currentRange');
  if (currentRange === undefined) return null;
  return {
    current: rangeOf(currentRange, 'currentRange', timeZone),
    previous: prevRange === undefined ? null : rangeOf(prevRange, 'prevRange', timeZone),
  };
};

const profileIdsOf = (body: Readonly<Record<string, unknown>>): ReadonlySet<string> => {
  const profileIds = texts(body, 'profileIds') ?? [];
  if (profileIds.length === 0) throw badRequest('profileIds must contain at least 1 elements');
  if (profileIds.length > 100) throw badRequest('profileIds must contain no more than 100 elements');
  return new Set(profileIds);
};

/**
 * A read in spite of its method. The figures are summed over the profiles; those of another location add nothing.
 * Under v3 it answers 200 and takes ranges, under older versions 201 and always the last seven days.
 */
export const readStatistics: LocationRoute = {
  name: 'readStatistics',
  kind: 'location',
  method: 'POST',
  path: '/social-media-posting/statistics',
  scope: 'socialplanner/statistics.readonly',
  locationIn: 'query',
  answer: ({ body, version }, { figures, clock }, location) => {
    if (!isRecord(body)) throw unprocessable(['profileIds must be an array']);
    const profileIds = profileIdsOf(body);
    const platforms = texts(body, 'platforms');
    const unknown = platforms?.find((platform) => !STATISTICS_PLATFORMS.includes(platform));
    if (unknown !== undefined)
      throw badRequest(`each value in platforms must be one of: ${STATISTICS_PLATFORMS.join(', ')}`);
    const { timeZone } = location.plan;
    const ranges = (version === 'v3' ? rangesOf(body, timeZone) : null) ?? lastSevenDays(clock(), timeZone);
    const accounts = location.accounts.filter(
      ({ profileId, platform }) => profileIds.has(profileId) && (platforms?.includes(platform) ?? true),
    );
    return built(version === 'v3' ? 200 : 201, buildStatistics(figures, { accounts, ...ranges }));
  },
};
