import { describe, expect, test } from '@jest/globals';
import { GatewayError } from '../../src/model/errors.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { createReadCompanyLocations } from '../../src/reads/locations.ts';
import { chunks } from '../../src/reads/statistics.ts';
import { createUpstream } from '../../src/upstream/endpoint.ts';
import type { UpstreamRequest } from '../../src/upstream/send.ts';
import { cause, locationId, tagId } from '../upstream/over-sandbox.ts';
import { readDeps, readsOver } from './reads-over-sandbox.ts';

const everywhere = () => true;

describe('tag details', () => {
  test('travel a hundred ids a call and are paired by id; unknown ones are null', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox, { isKeeping: true });
    const large = locationId(sandbox.locations.large);
    const known = sandbox.tagsOf(large).slice(0, 248);
    const ids = [...known.map(({ id }) => tagId(id)), tagId('unknown-1'), tagId('unknown-2')].toReversed();
    const details = await over.reads.tagDetails(large, [...ids, ...ids], cause);
    expect([...details.keys()]).toEqual(ids);
    expect(known.map(({ id }) => details.get(tagId(id)))).toMatchObject(known.map(({ name }) => ({ value: { name } })));
    expect([details.get(tagId('unknown-1')), details.get(tagId('unknown-2'))]).toEqual([null, null]);
    const sent = sandbox.calls().map(({ requestBody }) => (requestBody as { tagIds: string[] }).tagIds);
    expect(sent.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(sent.flat().toSorted()).toEqual(ids.toSorted());
    sandbox.clearCalls();
    await over.reads.tagDetails(large, [...ids.slice(0, 3), tagId('unknown-3')], cause);
    expect(sandbox.calls().map(({ requestBody }) => requestBody)).toEqual([{ tagIds: ['unknown-3'] }]);
    await over.close();
  });

  test('of no tag cost no call, and a call that fails fails for its ids', async () => {
    await using sandbox = await startSandbox();
    const over = readsOver(sandbox);
    const full = locationId(sandbox.locations.full);
    expect((await over.reads.tagDetails(full, [], cause)).size).toBe(0);
    expect(sandbox.calls()).toEqual([]);
    sandbox.setFault({ route: 'readTagDetails', kind: 'reset' });
    const failed = await over.reads.tagDetails(full, [tagId('t1')], cause);
    expect(failed.get(tagId('t1'))).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await over.close();
  });

  test('are cut into pieces without a rest or a hole', () => {
    expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(chunks([1, 2], 2)).toEqual([[1, 2]]);
    expect(chunks([], 2)).toEqual([]);
  });
});

describe('pages, accounts and locations', () => {
  test('are asked for once and then kept, each by its own question', async () => {
    await using sandbox = await startSandbox();
    const { reads, ...over } = readsOver(sandbox, { isKeeping: true });
    const [full, large] = [locationId(sandbox.locations.full), locationId(sandbox.locations.large)];
    const page = { locationId: full, search: null, limit: 2, skip: 0 };
    const askAll = () =>
      Promise.all([
        reads.tagPage(page, cause),
        reads.tagPage({ ...page, skip: 2 }, cause),
        reads.tagPage({ ...page, locationId: large }, cause),
        reads.socialAccounts(full, cause),
        reads.location(full, cause),
      ]);
    const first = await askAll();
    expect(sandbox.calls()).toHaveLength(5);
    const again = await askAll();
    expect(sandbox.calls()).toHaveLength(5);
    expect(again).toEqual(first);
    expect(new Set(first.slice(0, 3).map((answer) => JSON.stringify(answer))).size).toBe(3);
    await over.close();
  });

  test('that failed are not kept', async () => {
    await using sandbox = await startSandbox();
    const { reads, ...over } = readsOver(sandbox, { isKeeping: true });
    const full = locationId(sandbox.locations.full);
    sandbox.setFault({ route: 'readLocation', kind: 'body', body: {}, times: 1 });
    await expect(reads.location(full, cause)).rejects.toMatchObject({ code: 'UPSTREAM_INVALID_RESPONSE' });
    expect(await reads.location(full, cause)).toMatchObject({ id: full, country: 'US' });
    await over.close();
  });

  test('all locations of the company are read page by page until a short one, in the order of ids', async () => {
    await using sandbox = await startSandbox({ extraLocations: 120 });
    const { reads, ...over } = readsOver(sandbox);
    const records = await reads.companyLocations(cause, everywhere);
    expect(records.map(({ id }) => id)).toEqual(sandbox.readableLocationIds.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(sandbox.calls().map(({ query }) => [query['skip'], query['limit'], query['companyId']])).toEqual([
      ['0', '100', sandbox.companyId],
      ['100', '100', sandbox.companyId],
    ]);
    await over.close();
  });

  const locationsFrom = async (rowsOf: (page: number) => readonly unknown[]) => {
    const requests: UpstreamRequest[] = [];
    const send = (request: UpstreamRequest) => {
      requests.push(request);
      return Promise.resolve({ status: 200, headers: {}, body: { locations: rowsOf(requests.length - 1) } });
    };
    const deps = readDeps(createUpstream({ send, tolerated: () => undefined }));
    return { records: await createReadCompanyLocations(deps, { companyId: null })(cause, everywhere), requests };
  };
  const rows = (from: number, length: number) => Array.from({ length }, (_, index) => ({ id: `L${from + index}` }));

  test('a location that moved to the next page while we read is counted once', async () => {
    const { records, requests } = await locationsFrom((page) => (page === 0 ? rows(0, 100) : rows(99, 3)));
    expect(records).toHaveLength(102);
    expect(requests[0]?.path).toBe('/locations/search?skip=0&limit=100&order=asc');
  });

  test('an upstream that never comes to an end is left after twenty pages', async () => {
    const { records, requests } = await locationsFrom((page) => rows(page * 100, 100));
    expect([records.length, requests.length]).toEqual([2_000, 20]);
  });
});

describe('locations that are connected one by one', () => {
  test('are listed in the order of ids, a call for each that is not kept, and none of the company', async () => {
    await using sandbox = await startSandbox();
    const { full, large, empty } = sandbox.locations;
    const ids = [full, large, empty].map(locationId);
    const { reads, ...over } = readsOver(sandbox, { isKeeping: true, connectedIds: () => Promise.resolve(ids) });
    await reads.location(locationId(large), cause);
    const records = await reads.companyLocations(cause, everywhere);
    expect(records.map(({ id }) => id)).toEqual([...ids].sort());
    expect(records.every(({ name }) => name !== null)).toBe(true);
    expect(sandbox.calls().map(({ route }) => route)).toEqual(['readLocation', 'readLocation', 'readLocation']);
    await over.close();
  });

  test('that cannot be read are listed without a name, and those connected since are there at once', async () => {
    await using sandbox = await startSandbox();
    const [full, large] = [locationId(sandbox.locations.full), locationId(sandbox.locations.large)];
    const ids = [full];
    const { reads, ...over } = readsOver(sandbox, { isKeeping: true, connectedIds: () => Promise.resolve(ids) });
    expect(await reads.companyLocations(cause, everywhere)).toMatchObject([{ id: full, country: 'US' }]);
    ids.push(large);
    sandbox.setFault({ route: 'readLocation', locationId: large, kind: 'status', status: 500 });
    const nameless = { id: large, name: null, timeZone: null, city: null, country: null };
    expect(await reads.companyLocations(cause, everywhere)).toEqual(expect.arrayContaining([nameless]));
    await over.close();
  });

  test('are none where nobody is connected, and unknown while the store is away', async () => {
    await using sandbox = await startSandbox();
    const none = readsOver(sandbox, { connectedIds: () => Promise.resolve([]) });
    expect(await none.reads.companyLocations(cause, everywhere)).toEqual([]);
    const away = new GatewayError('GRANT_STORE_UNAVAILABLE');
    const unknown = readsOver(sandbox, { connectedIds: () => Promise.reject(away) });
    await expect(unknown.reads.companyLocations(cause, everywhere)).rejects.toBe(away);
    expect(sandbox.calls()).toEqual([]);
    await Promise.all([none.close(), unknown.close()]);
  });

  test('are not taken for unreadable when whoever asked has left', async () => {
    await using sandbox = await startSandbox();
    const ids = [locationId(sandbox.locations.full)];
    const { reads, ...over } = readsOver(sandbox, { connectedIds: () => Promise.resolve(ids) });
    sandbox.setFault({ route: 'readLocation', kind: 'hang' });
    const leaver = new AbortController();
    const asked = reads.companyLocations({ ...cause, signal: leaver.signal }, everywhere);
    leaver.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await over.close();
  });
});
