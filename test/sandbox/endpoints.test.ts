import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

const TagList = z.object({
  results: z.object({ tags: z.array(z.object({ _id: z.string(), tag: z.string() })), count: z.number() }),
});

let sandbox: Sandbox;
let caller: ReturnType<typeof createCaller>;
let fullToken: string;
beforeAll(async () => {
  sandbox = await startSandbox({ extraLocations: 2, burst: { limit: 10_000, windowMs: 10_000 } });
  caller = createCaller(sandbox);
  fullToken = await caller.locationToken(sandbox.locations.full);
});
afterAll(() => sandbox.close());

const planner = (locationId: string, rest: string): string => `/social-media-posting/${locationId}/${rest}`;
const listTags = async (locationId: string, query = '') => {
  const token = await caller.locationToken(locationId);
  return caller.ask(planner(locationId, `tags${query}`), { token });
};

describe('tags', () => {
  test('a page holds ten tags in order of creation unless asked otherwise, and counts all of them', async () => {
    const { status, body, headers } = await listTags(sandbox.locations.full);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, statusCode: 200, message: 'Fetched Tags by Location ID' });
    const { tags, count } = TagList.parse(body).results;
    expect(tags).toHaveLength(10);
    expect(count).toBe(40);
    const known = sandbox.tagsOf(sandbox.locations.full);
    expect(tags.map(({ _id }) => _id)).toEqual(known.slice(0, 10).map(({ id }) => id));
    expect(known.map(({ createdAt }) => createdAt)).toEqual(known.map(({ createdAt }) => createdAt).toSorted());
    expect(headers.get('traceid')).toBe(z.object({ traceId: z.string() }).parse(body).traceId);
  });

  test('a row has all the fields of the contract', async () => {
    const { body } = await listTags(sandbox.locations.full, '?limit=1');
    expect(body).toMatchObject({
      results: {
        tags: [
          {
            _id: expect.stringMatching(/^[0-9a-f]{24}$/),
            tag: 'Spring Campaign 🌷',
            locationId: sandbox.locations.full,
            createdBy: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
            deleted: false,
            createdAt: expect.stringMatching(/^2024-\d\d-\d\dT.*Z$/),
            updatedAt: expect.stringMatching(/Z$/),
          },
        ],
      },
    });
  });

  test('limit is clamped to a hundred and pages follow on each other without gaps', async () => {
    const first = TagList.parse((await listTags(sandbox.locations.large, '?limit=5000')).body).results;
    const second = TagList.parse((await listTags(sandbox.locations.large, '?limit=100&skip=100')).body).results;
    expect(first.tags).toHaveLength(100);
    expect(first.count).toBe(2_300);
    expect([...first.tags, ...second.tags].map(({ _id }) => _id)).toEqual(
      sandbox
        .tagsOf(sandbox.locations.large)
        .slice(0, 200)
        .map(({ id }) => id),
    );
  });

  test('searchText finds a part of the name in any case, and the count is that of the search', async () => {
    const { tags, count } = TagList.parse((await listTags(sandbox.locations.full, '?searchText=PROMO')).body).results;
    expect(tags.map(({ tag }) => tag)).toEqual(['promo', 'Promo']);
    expect(count).toBe(2);
  });

  test('no tag is a text where the list belongs', async () => {
    expect((await listTags(sandbox.locations.empty)).body).toMatchObject({
      statusCode: 200,
      results: { tags: 'Tags not found for Location Id', count: 0 },
    });
  });

  test('a limit that is no number is 422 with a list of messages', async () => {
    const { status, body } = await listTags(sandbox.locations.full, '?limit=ten');
    expect(status).toBe(422);
    expect(body).toMatchObject({ statusCode: 422, message: ['limit must be a number string'] });
  });

  test('the names hold an emoji, right-to-left script and exactly eighty characters', () => {
    const names = sandbox.tagsOf(sandbox.locations.full).map(({ name }) => name);
    expect(names).toHaveLength(40);
    expect(names.some((name) => /\p{Emoji_Presentation}/u.test(name))).toBe(true);
    expect(names.some((name) => /\p{Script=Arabic}/u.test(name))).toBe(true);
    expect(names.some((name) => name.length === 80)).toBe(true);
  });

  test('details answer 201 with what is found, leaving out unknown ids without a word', async () => {
    const [first, second] = sandbox.tagsOf(sandbox.locations.full).map(({ id }) => id);
    const { status, body } = await caller.ask(planner(sandbox.locations.full, 'tags/details'), {
      token: fullToken,
      json: { tagIds: [second, first, 'f'.repeat(24), first] },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ success: true, statusCode: 201, message: 'Fetched Tags by Tag IDs' });
    expect(TagList.parse(body).results.tags.map(({ _id }) => _id)).toEqual([first, second]);
    expect(TagList.parse(body).results.count).toBe(2);
  });

  test('details of nothing are a text, and malformed bodies 422', async () => {
    const details = (json: unknown) =>
      caller.ask(planner(sandbox.locations.full, 'tags/details'), { token: fullToken, json });
    expect(await details({ tagIds: ['nope'] })).toMatchObject({
      status: 201,
      body: { results: { tags: 'Tags not found', count: 0 } },
    });
    for (const json of [{}, { tagIds: 'one' }, { tagIds: [1] }, []])
      expect(await details(json)).toMatchObject({ status: 422, body: { message: expect.any(Array) } });
  });

  test('a removed tag leaves the list but not the details, a renamed and an added one are seen at once', async () => {
    const location = sandbox.extraLocationIds[0] ?? '';
    const token = await caller.locationToken(location);
    const [removed, renamed] = sandbox.tagsOf(location).map(({ id }) => id);
    sandbox.removeTag(location, removed ?? '');
    sandbox.renameTag(location, renamed ?? '', 'Renamed');
    const added = sandbox.addTag(location, 'Added');
    const { results } = TagList.parse((await listTags(location, '?limit=100')).body);
    expect(results.count).toBe(50);
    expect(results.tags[0]).toMatchObject({ _id: renamed, tag: 'Renamed' });
    expect(results.tags.at(-1)).toMatchObject({ _id: added, tag: 'Added' });
    const { body } = await caller.ask(planner(location, 'tags/details'), { token, json: { tagIds: [removed] } });
    expect(body).toMatchObject({ results: { tags: [{ _id: removed, deleted: true }], count: 1 } });
  });

  test('with incomplete rows the list carries only id, name and location', async () => {
    await using lean = await startSandbox({ incompleteListRows: true });
    const leanCaller = createCaller(lean);
    const token = await leanCaller.locationToken(lean.locations.full);
    const { body } = await leanCaller.ask(planner(lean.locations.full, 'tags?limit=1'), { token });
    const { tags } = z.object({ results: z.object({ tags: z.array(z.unknown()) }) }).parse(body).results;
    const [tag] = lean.tagsOf(lean.locations.full);
    expect(tags).toEqual([{ _id: tag?.id, tag: tag?.name, locationId: lean.locations.full }]);
  });
});

describe('accounts', () => {
  test('the full location has six platforms, each account with three different ids, and one group', async () => {
    const { status, body } = await caller.ask(planner(sandbox.locations.full, 'accounts'), { token: fullToken });
    expect(status).toBe(200);
    const Row = z.looseObject({ id: z.string(), oauthId: z.string(), profileId: z.string(), platform: z.string() });
    const Body = z.object({
      results: z.object({ accounts: z.array(Row), groups: z.array(z.object({ accountIds: z.array(z.string()) })) }),
    });
    const { accounts, groups } = Body.parse(body).results;
    expect(accounts.map(({ platform }) => platform)).toEqual([
      'facebook',
      'instagram',
      'linkedin',
      'google',
      'youtube',
      'tiktok',
    ]);
    for (const { id, oauthId, profileId } of accounts) {
      expect(id.startsWith(`${oauthId}_${sandbox.locations.full}_1`)).toBe(true);
      expect(profileId).toMatch(/^[0-9a-f]{24}$/);
    }
    expect(groups[0]?.accountIds).toEqual(accounts.map(({ id }) => id));
  });

  test('the restricted location has one account expired, one without permission and one healthy', () => {
    expect(sandbox.accountsOf(sandbox.locations.restricted)).toMatchObject([
      { platform: 'facebook', isExpired: true, hasStatisticsPermissions: true },
      { platform: 'instagram', isExpired: false, hasStatisticsPermissions: false },
      { platform: 'google', isExpired: false, hasStatisticsPermissions: true },
    ]);
  });

  test('a location without accounts answers empty lists', async () => {
    const token = await caller.locationToken(sandbox.locations.empty);
    const { body } = await caller.ask(planner(sandbox.locations.empty, 'accounts'), { token });
    expect(body).toMatchObject({ results: { accounts: [], groups: [] } });
  });
});

describe('locations', () => {
  test('a location is a bare object with its time zone and invented personal data', async () => {
    const { status, body } = await caller.ask(`/locations/${sandbox.locations.full}`, { token: fullToken });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      location: {
        id: sandbox.locations.full,
        companyId: sandbox.companyId,
        name: 'Harbour Bay Dental',
        timezone: 'America/New_York',
        email: expect.stringMatching(/@example\.com$/),
        phone: expect.any(String),
        firstName: expect.any(String),
      },
    });
    expect(body).not.toHaveProperty('success');
  });

  test('an agency token reads every location of its company, no other, and hears 404 for an unknown one', async () => {
    const token = await caller.agencyToken();
    const statusOf = async (id: string) => (await caller.ask(`/locations/${id}`, { token })).status;
    for (const id of sandbox.readableLocationIds) expect(await statusOf(id)).toBe(200);
    expect(await statusOf(sandbox.locations.otherTenant)).toBe(403);
    expect(await statusOf('A'.repeat(20))).toBe(404);
  });

  test('the search pages without a total until a short page, forwards and backwards', async () => {
    const token = await caller.agencyToken();
    const Found = z.strictObject({ locations: z.array(z.looseObject({ id: z.string() })), traceId: z.string() });
    const search = async (query: string) =>
      Found.parse((await caller.ask(`/locations/search?${query}`, { token })).body).locations.map(({ id }) => id);
    const ids = [...(await search('limit=4')), ...(await search('limit=4&skip=4'))];
    expect(ids).toEqual(sandbox.readableLocationIds);
    expect(await search('order=desc')).toEqual(ids.toReversed());
    expect(await search('email=full%40example.com')).toEqual([sandbox.locations.full]);
  });
});

describe('posts and categories', () => {
  const range = { fromDate: '2020-01-01T00:00:00.000Z', toDate: '2099-01-01T00:00:00.000Z' };
  const listPosts = (json: unknown, version = 'v3') =>
    caller.ask(planner(sandbox.locations.full, 'posts/list'), { token: fullToken, version, json });
  const Posts = z.object({
    results: z.object({
      posts: z.array(z.looseObject({ _id: z.string(), tags: z.array(z.string()), insights: z.unknown().optional() })),
      count: z.number(),
    }),
  });

  test('posts carry tag ids of their location and, under v3 only, insights', async () => {
    const wanted = { ...range, skip: '0', limit: '100', includeUsers: 'true' };
    const { status, body } = await listPosts(wanted);
    expect(status).toBe(201);
    const { posts, count } = Posts.parse(body).results;
    expect(count).toBe(36);
    expect(posts).toHaveLength(36);
    const tagIds = new Set(sandbox.tagsOf(sandbox.locations.full).map(({ id }) => id));
    expect(posts.every(({ tags }) => tags.length > 0 && tags.every((id) => tagIds.has(id)))).toBe(true);
    expect(posts.some(({ insights }) => insights !== undefined)).toBe(true);
    const old = Posts.parse((await listPosts(wanted, '2021-07-28')).body).results;
    expect(old.posts.every(({ insights }) => insights === undefined)).toBe(true);
    const one = await caller.ask(planner(sandbox.locations.full, `posts/${posts[0]?._id ?? ''}`), { token: fullToken });
    expect(one).toMatchObject({ status: 200, body: { results: { post: { _id: posts[0]?._id, gmbPostDetails: {} } } } });
  });

  test('numbers where the contract has strings are refused', async () => {
    expect(await listPosts({ ...range, skip: 0, limit: 10, includeUsers: true })).toMatchObject({ status: 400 });
    expect(await listPosts({})).toMatchObject({ status: 422 });
  });

  test('an unknown category is 200 with a text in its place, none at all an empty list', async () => {
    const list = await caller.ask(planner(sandbox.locations.full, 'categories'), { token: fullToken });
    expect(list).toMatchObject({ status: 200, body: { results: { count: 3 } } });
    const unknown = await caller.ask(planner(sandbox.locations.full, 'categories/nope'), { token: fullToken });
    expect(unknown).toMatchObject({
      status: 200,
      body: { message: 'Fetched Catagory', results: { category: 'Category not found' } },
    });
    const token = await caller.locationToken(sandbox.locations.empty);
    const none = await caller.ask(planner(sandbox.locations.empty, 'categories'), { token });
    expect(none.body).toMatchObject({ results: { count: 0, categories: [] } });
  });
});

describe('the edges of HTTP', () => {
  test('an unknown route is 404 in the words of the framework', async () => {
    expect(await caller.ask('/social-media-posting/x/nothing?a=1', { token: fullToken })).toMatchObject({
      status: 404,
      body: { statusCode: 404, message: 'Cannot GET /social-media-posting/x/nothing' },
    });
  });

  test('broken JSON is 400, more than a megabyte 413, an undecodable address 400', async () => {
    const path = planner(sandbox.locations.full, 'tags/details');
    const post = (body: string) =>
      fetch(`${sandbox.url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect((await post('{')).status).toBe(400);
    expect((await post(`"${'x'.repeat(1_048_576)}"`)).status).toBe(413);
    expect((await fetch(`${sandbox.url}/%zz`)).status).toBe(400);
    expect(sandbox.calls().slice(-3)).toMatchObject([{ status: 400 }, { status: 413 }, { status: 400 }]);
  });

  test('the log names route, location, token and operations of each call, without a secret', async () => {
    sandbox.clearCalls();
    await caller.grant({ grant_type: 'refresh_token', refresh_token: 'not-a-real-token' });
    await caller.ask(planner(sandbox.locations.full, 'tags?searchText=a%20b'), {
      token: fullToken,
      headers: { 'x-graphql-operations': 'DashboardOverview, Other' },
    });
    const [grant, list] = sandbox.calls();
    expect(grant).toMatchObject({
      route: 'token',
      status: 400,
      requestBody: { client_secret: '***', refresh_token: '***', grant_type: 'refresh_token' },
    });
    expect(list).toMatchObject({
      method: 'GET',
      path: `/social-media-posting/${sandbox.locations.full}/tags`,
      rawPath: `/social-media-posting/${sandbox.locations.full}/tags?searchText=a%20b`,
      query: { searchText: 'a b' },
      route: 'listTags',
      locationId: sandbox.locations.full,
      status: 200,
      version: 'v3',
      tokenFingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
      operations: ['DashboardOverview', 'Other'],
    });
    const log = JSON.stringify(sandbox.calls());
    for (const secret of [sandbox.client.secret, fullToken, 'not-a-real-token']) expect(log).not.toContain(secret);
  });

  test('two sandboxes of one seed hold the same data, of another seed other data', async () => {
    await using twin = await startSandbox();
    await using other = await startSandbox({ seed: 8 });
    expect(twin.locations).toEqual(sandbox.locations);
    expect(twin.client).toEqual(sandbox.client);
    expect(twin.tagsOf(twin.locations.full)).toEqual(sandbox.tagsOf(sandbox.locations.full));
    expect(other.locations.full).not.toBe(sandbox.locations.full);
    expect(new Set([...sandbox.readableLocationIds, sandbox.locations.otherTenant]).size).toBe(8);
    expect(sandbox.installedLocationIds).not.toContain(sandbox.locations.notInstalled);
  });
});
