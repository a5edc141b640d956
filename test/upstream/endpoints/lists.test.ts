import { describe, expect, test } from '@jest/globals';
import { GatewayError } from '../../../src/model/errors.ts';
import type { Endpoint } from '../../../src/upstream/endpoint.ts';
import { listAccounts } from '../../../src/upstream/endpoints/list-accounts.ts';
import { listTags } from '../../../src/upstream/endpoints/list-tags.ts';
import { readLocation } from '../../../src/upstream/endpoints/read-location.ts';
import { readTagDetails } from '../../../src/upstream/endpoints/read-tag-details.ts';
import { searchLocations } from '../../../src/upstream/endpoints/search-locations.ts';
import { locationId, tagId } from '../over-sandbox.ts';

const L1 = locationId('L1');
const page = { locationId: L1, search: null, limit: 3, skip: 0 };
const accounts = { locationId: L1 };
const details = { locationId: L1, tagIds: [tagId('t1')] };
const search = { companyId: null, limit: 2, skip: 0 };

const reading = <Input, Output>(endpoint: Endpoint<Input, Output>, input: Input, body: unknown) => {
  const notes: string[] = [];
  return { answer: endpoint.read(body, (field) => notes.push(field), input), notes };
};
const failing = (read: () => unknown): GatewayError => {
  try {
    read();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('was read all the same');
};
const results = (content: object) => ({ success: true, statusCode: 200, message: 'Fetched', results: content });
const tag = (id: string, more: object = {}) => ({ _id: id, tag: `name of ${id}`, locationId: 'L1', ...more });
const ids = ({ rows }: { rows: readonly { id: string }[] }) => rows.map(({ id }) => id);

describe('the envelope', () => {
  const endpoints: [string, (body: unknown) => unknown][] = [
    ['listTags', (body) => reading(listTags, page, body)],
    ['readTagDetails', (body) => reading(readTagDetails, details, body)],
    ['listAccounts', (body) => reading(listAccounts, accounts, body)],
  ];
  const broken: [string, unknown, string][] = [
    ['nothing', undefined, 'results'],
    ['null', null, 'results'],
    ['a page of HTML', '<html>', 'results'],
    ['a list', [], 'results'],
    ['no results', { success: true, statusCode: 200 }, 'results'],
    ['results null', { success: true, results: null }, 'results'],
    ['results in a text', { success: true, results: 'none' }, 'results'],
    ['success false', { success: false, results: { tags: [], accounts: [], count: 0 } }, 'success'],
    ['success in words', { success: 'perhaps', results: { tags: [], accounts: [], count: 0 } }, 'success'],
  ];
  test.each(
    endpoints.flatMap(([name, read]) => broken.map(([what, body, field]) => ({ name, what, body, field, read }))),
  )('$name with $what is no answer', ({ body, field, read }) => {
    const error = failing(() => read(body));
    expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
    expect(String(error.cause)).toBe(`Error: upstream answer: ${field}`);
    expect(error.message).not.toContain(field);
  });

  test('success may be missing, and so may everything but the list', () => {
    expect(reading(listTags, page, { results: { tags: [] } })).toEqual({
      answer: { rows: [], hasNextPage: false, totalCount: 0 },
      notes: [],
    });
  });

  test('fields that we do not know are ignored, whatever they are called', () => {
    const body = `{"__proto__":{"success":false},"results":{"__proto__":{"x":1},"count":1,"more":[1],"tags":[
      {"_id":"t1","tag":"one","__proto__":{"deleted":true},"constructor":{"prototype":{"deleted":true}},"colour":{}}]}}`;
    const { answer, notes } = reading(listTags, page, JSON.parse(body));
    expect(answer.rows).toEqual([{ id: 't1', name: 'one', record: null, offset: 0 }]);
    expect(notes).toEqual([]);
    expect(({} as Record<string, unknown>)['deleted']).toBeUndefined();
  });
});

describe('tags', () => {
  test('only the documented text stands for an empty list', () => {
    const empty = { rows: [], hasNextPage: false, totalCount: 0 };
    expect(reading(listTags, page, results({ tags: 'Tags not found for Location Id', count: 0 }))).toEqual({
      answer: empty,
      notes: [],
    });
    expect(reading(readTagDetails, details, results({ tags: 'Tags not found', count: 0 })).answer).toEqual([]);
  });

  test.each([['Tags not found'], [''], ['none'], [null], [undefined], [{}], [0]])(
    'a list of tags that is %p is no answer',
    (tags) => {
      const error = failing(() => reading(listTags, page, results({ tags, count: 0 })));
      expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
      expect(String(error.cause)).toContain('results.tags');
    },
  );
  test.each([['Tags not found for Location Id'], [''], [null], [{}]])('details that are %p are no answer', (tags) => {
    expect(failing(() => reading(readTagDetails, details, results({ tags }))).code).toBe('UPSTREAM_INVALID_RESPONSE');
  });

  test('a bad row is left out and noted, the others keep their place in the list', () => {
    const tags = [tag('t1'), null, tag('t3'), 'row', { tag: 'no id' }, tag('../oauth/token'), tag('t7')];
    const { answer, notes } = reading(listTags, { ...page, skip: 10, limit: 7 }, results({ tags, count: 7 }));
    expect(answer.rows.map(({ id, offset }) => [id, offset])).toEqual([
      ['t1', 10],
      ['t3', 12],
      ['t7', 16],
    ]);
    expect(answer.hasNextPage).toBe(true);
    expect(notes).toEqual(Array(4).fill('results.tags[]'));
    expect(reading(readTagDetails, details, results({ tags })).answer.map(({ id }) => id)).toEqual(['t1', 't3', 't7']);
  });

  test('rows of which none can be read are no answer: an empty list would be a lie', () => {
    for (const read of [
      () => reading(listTags, page, results({ tags: [null, { _id: 7 }], count: 2 })),
      () => reading(readTagDetails, details, results({ tags: [{ tag: 'no id' }] })),
      () => reading(listAccounts, accounts, results({ accounts: [{ id: 'a1' }] })),
      () => reading(searchLocations, search, { locations: [{ id: 'a/b' }] }),
    ]) {
      expect(failing(read).code).toBe('UPSTREAM_INVALID_RESPONSE');
    }
  });

  test('fields of a wrong type are null and noted by path, null and absent ones are null without a word', () => {
    const odd = tag('t1', { tag: 7, createdBy: {}, createdAt: 'yesterday 5', updatedAt: null, deleted: 'true' });
    const { answer, notes } = reading(readTagDetails, details, results({ tags: [odd], count: 1 }));
    expect(answer).toEqual([
      { id: 't1', name: null, createdAt: null, updatedAt: null, createdById: null, isDeleted: false },
    ]);
    expect(notes.toSorted()).toEqual([
      'results.tags[].createdAt',
      'results.tags[].createdBy',
      'results.tags[].deleted',
      'results.tags[].tag',
    ]);
  });

  test.each([
    ['2026-06-01T10:20:30.456Z', Date.UTC(2026, 5, 1, 10, 20, 30, 456)],
    ['2026-06-01T10:20:30+02:00', Date.UTC(2026, 5, 1, 8, 20, 30)],
    ['2026-06-01T10:20Z', Date.UTC(2026, 5, 1, 10, 20)],
    ['2026-06-01T10:20:30', null],
    ['2026-06-01', null],
    ['Tag 5', null],
    ['2026-13-45T10:20:30Z', null],
    ['', null],
  ])('the moment %p is read as %p', (createdAt, ms) => {
    const { answer } = reading(readTagDetails, details, results({ tags: [tag('t1', { createdAt })] }));
    expect(answer[0]?.createdAt).toBe(ms);
  });

  test('a row is the full record when it says when the tag was last changed', () => {
    const full = tag('t1', { createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-02T00:00:00Z', createdBy: 'u1' });
    const { answer } = reading(listTags, page, results({ tags: [full, tag('t2', { deleted: true })], count: 2 }));
    expect(answer.rows.map(({ record }) => record)).toEqual([
      {
        id: 't1',
        name: 'name of t1',
        createdAt: Date.UTC(2026, 0, 1),
        updatedAt: Date.UTC(2026, 0, 2),
        createdById: 'u1',
        isDeleted: false,
      },
      null,
    ]);
  });

  // count may be the page's or the total: a full page has a next one unless count exceeds the rows and is reached.
  test.each([
    { length: 3, limit: 3, skip: 0, count: 3, hasNextPage: true, totalCount: null },
    { length: 3, limit: 3, skip: 0, count: 40, hasNextPage: true, totalCount: 40 },
    { length: 3, limit: 3, skip: 37, count: 40, hasNextPage: false, totalCount: 40 },
    { length: 3, limit: 3, skip: 3, count: 3, hasNextPage: true, totalCount: null },
    { length: 3, limit: 3, skip: 0, count: null, hasNextPage: true, totalCount: null },
    { length: 3, limit: 3, skip: 0, count: '40', hasNextPage: true, totalCount: 40 },
    { length: 3, limit: 3, skip: 0, count: 'many', hasNextPage: true, totalCount: null },
    { length: 3, limit: 3, skip: 30, count: 20, hasNextPage: true, totalCount: null },
    { length: 2, limit: 3, skip: 0, count: 2, hasNextPage: false, totalCount: 2 },
    { length: 2, limit: 3, skip: 6, count: 8, hasNextPage: false, totalCount: 8 },
    { length: 2, limit: 3, skip: 6, count: 2, hasNextPage: false, totalCount: 8 },
    { length: 0, limit: 3, skip: 0, count: 0, hasNextPage: false, totalCount: 0 },
    { length: 0, limit: 3, skip: 9, count: 0, hasNextPage: false, totalCount: null },
    { length: 0, limit: 3, skip: 9, count: 9, hasNextPage: false, totalCount: 9 },
    { length: 5, limit: 3, skip: 0, count: 5, hasNextPage: true, totalCount: null },
  ])(
    '$length rows of $limit after $skip with count $count: next $hasNextPage, total $totalCount',
    ({ length, limit, skip, count, ...expected }) => {
      const tags = Array.from({ length }, (_, index) => tag(`t${index}`));
      const { answer } = reading(listTags, { ...page, limit, skip }, results({ tags, count }));
      expect(answer).toMatchObject(expected);
      expect(ids(answer)).toHaveLength(length);
    },
  );
});

describe('accounts', () => {
  const account = (more: object = {}) => ({ id: 'o_L1_x', profileId: 'p1', platform: 'facebook', ...more });
  const read = (rows: unknown) => reading(listAccounts, accounts, results({ accounts: rows, groups: [] }));

  test('an account is its three ids and what upstream says of it', () => {
    const full = account({
      name: 'Bay',
      type: 'page',
      expire: '2026-12-01T00:00:00Z',
      isExpired: true,
      hasStatisticsPermissions: false,
    });
    expect(read([full]).answer).toEqual([
      {
        id: 'o_L1_x',
        profileId: 'p1',
        name: 'Bay',
        platform: 'FACEBOOK',
        platformKey: 'facebook',
        accountType: 'page',
        isExpired: true,
        expiresAt: Date.UTC(2026, 11, 1),
        hasStatisticsPermission: false,
      },
    ]);
  });

  test('silence means alive and permitted, a platform that we do not know is OTHER, deleted ones are left out', () => {
    const { answer, notes } = read([
      account({ platform: 'threads' }),
      account({ profileId: 'p2', platform: 'TikTok', isExpired: null }),
      account({ profileId: 'p3', deleted: true }),
    ]);
    expect(
      answer.map(({ platform, platformKey, isExpired, hasStatisticsPermission }) => [
        platform,
        platformKey,
        isExpired,
        hasStatisticsPermission,
      ]),
    ).toEqual([
      ['OTHER', 'threads', false, true],
      ['TIKTOK', 'TikTok', false, true],
    ]);
    expect(notes).toEqual([]);
  });

  test('an account whose ids cannot be read is left out and noted', () => {
    const { answer, notes } = read([
      account({ profileId: 'a/b' }),
      account({ id: null }),
      account({ platform: 7 }),
      account(),
    ]);
    expect(answer).toHaveLength(1);
    expect(notes).toEqual(Array(3).fill('results.accounts[]'));
  });

  test.each([['No accounts'], [null], [undefined], [{}]])('a list of accounts that is %p is no answer', (rows) => {
    expect(failing(() => read(rows)).code).toBe('UPSTREAM_INVALID_RESPONSE');
  });
  test('no account is an answer', () => {
    expect(read([]).answer).toEqual([]);
  });
});

describe('locations', () => {
  test('of a location only what the graph shows is kept', () => {
    const location = {
      id: 'L1',
      name: 'Bay',
      timezone: 'Europe/Berlin',
      city: 'Berlin',
      country: 'DE',
      email: 'a@b.c',
    };
    expect(reading(readLocation, { locationId: L1 }, { location }).answer).toEqual({
      id: 'L1',
      name: 'Bay',
      timeZone: 'Europe/Berlin',
      city: 'Berlin',
      country: 'DE',
    });
  });

  test.each([['Mars/Olympus'], [''], [null], [7], [undefined]])('the zone %p is no zone', (timezone) => {
    const { answer } = reading(readLocation, { locationId: L1 }, { location: { id: 'L1', timezone } });
    expect(answer).toEqual({ id: 'L1', name: null, timeZone: null, city: null, country: null });
  });

  test.each([
    ['nothing', null],
    ['the envelope', results({ location: { id: 'L1' } })],
    ['no id', { location: { name: 'Bay' } }],
    ['another location', { location: { id: 'L2' } }],
  ])('%s in place of the location is no answer', (_what, body) => {
    const error = failing(() => reading(readLocation, { locationId: L1 }, body));
    expect(error.code).toBe('UPSTREAM_INVALID_RESPONSE');
    expect(String(error.cause)).toMatch(/upstream answer: (body|location\.id)/);
  });

  test('the last page of the search is the short one', () => {
    const row = (id: string) => ({ id, name: id });
    const read = (locations: unknown[]) => reading(searchLocations, search, { locations }).answer;
    expect(read([row('L1'), row('L2')]).isLast).toBe(false);
    expect(read([row('L1'), null])).toMatchObject({ isLast: false, records: [{ id: 'L1' }] });
    expect(read([row('L1')]).isLast).toBe(true);
    expect(read([])).toEqual({ records: [], isLast: true });
  });

  test.each([[null], ['x'], [{}], [{ locations: 'none' }], [{ locations: null }]])(
    'a search answered by %p is no answer',
    (body) => {
      expect(failing(() => reading(searchLocations, search, body)).code).toBe('UPSTREAM_INVALID_RESPONSE');
    },
  );
});
