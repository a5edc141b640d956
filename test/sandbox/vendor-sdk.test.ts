import { HighLevel, UserType } from '@gohighlevel/api-client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startSandbox } from '../../src/sandbox/server.ts';
import type { Sandbox } from '../../src/sandbox/server.ts';
import { createCaller } from './caller.ts';

let sandbox: Sandbox;
let vendor: HighLevel;
let realUrl: unknown;
beforeAll(async () => {
  sandbox = await startSandbox();
  realUrl = Reflect.get(HighLevel, 'BASE_URL');
  Reflect.set(HighLevel, 'BASE_URL', sandbox.url); // the SDK has no option for the address
  const caller = createCaller(sandbox);
  vendor = new HighLevel({
    clientId: sandbox.client.id,
    clientSecret: sandbox.client.secret,
    logLevel: 'none',
    locationAccessToken: await caller.locationToken(sandbox.locations.full),
  });
});
afterAll(async () => {
  Reflect.set(HighLevel, 'BASE_URL', realUrl);
  await sandbox.close();
});

describe("the vendor's own SDK against the sandbox", () => {
  test('lists tags and reads their details', async () => {
    const { full: locationId } = sandbox.locations;
    const list = await vendor.socialMediaPosting.getTagsLocationId({ locationId, searchText: 'promo', limit: '5' });
    const Tags = z.object({ results: z.object({ tags: z.array(z.object({ _id: z.string(), tag: z.string() })) }) });
    const { tags } = Tags.parse(list).results;
    expect(tags.map(({ tag }) => tag)).toEqual(['promo', 'Promo']);
    const details = await vendor.socialMediaPosting.getTagsByIds(
      { locationId },
      { tagIds: tags.map(({ _id }) => _id) },
    );
    expect(Tags.parse(details).results.tags).toEqual(tags);
    expect(sandbox.calls().at(-1)).toMatchObject({ route: 'readTagDetails', status: 201, version: '2023-02-21' });
  });

  test('lists accounts and reads their statistics', async () => {
    const { full: locationId } = sandbox.locations;
    const accounts: unknown = await vendor.socialMediaPosting.getAccount({ locationId });
    const Accounts = z.object({ results: z.object({ accounts: z.array(z.object({ profileId: z.string() })) }) });
    const profileIds = Accounts.parse(accounts).results.accounts.map(({ profileId }) => profileId);
    expect(profileIds).toHaveLength(6);
    const statistics: unknown = await vendor.socialMediaPosting.getSocialMediaStatistics(
      { locationId },
      { profileIds },
    );
    expect(statistics).toMatchObject({ message: 'Analytics Built Successfully', results: { dayRange: { length: 7 } } });
  });

  test('reads a location, posts and categories', async () => {
    const { full: locationId } = sandbox.locations;
    expect(await vendor.locations.getLocation({ locationId })).toMatchObject({ location: { id: locationId } });
    const wanted = { skip: '0', limit: '10', includeUsers: 'true' };
    const dates = { fromDate: '2020-01-01T00:00:00.000Z', toDate: '2099-01-01T00:00:00.000Z' };
    const posts = await vendor.socialMediaPosting.getPosts({ locationId }, { ...wanted, ...dates });
    expect(posts).toMatchObject({ statusCode: 201, results: { count: 36 } });
    const categories = await vendor.socialMediaPosting.getCategoriesLocationId({ locationId });
    expect(categories).toMatchObject({ results: { count: 3 } });
  });

  test('renews a token once and is told when it does so twice', async () => {
    const { id, secret } = sandbox.client;
    const refreshToken = sandbox.issueRefreshToken({ locationId: sandbox.locations.large });
    const renew = () => vendor.oauth.refreshToken(refreshToken, id, secret, 'refresh_token', UserType.Location);
    expect(await renew()).toMatchObject({ locationId: sandbox.locations.large, userType: 'Location' });
    await expect(renew()).rejects.toMatchObject({
      statusCode: 400,
      message: 'Invalid grant: refresh token is invalid',
    });
  });

  test('exchanges an agency token and finds the installed locations', async () => {
    const { companyId } = sandbox;
    const agency = new HighLevel({
      clientId: sandbox.client.id,
      clientSecret: sandbox.client.secret,
      agencyAccessToken: await createCaller(sandbox).agencyToken(),
    });
    const appId = sandbox.client.id.split('-')[0] ?? '';
    const found = await agency.oauth.getInstalledLocation({ companyId, appId, isInstalled: true });
    expect(found.locations?.map(({ _id }) => _id)).toEqual(sandbox.installedLocationIds);
    const token = await agency.oauth.getLocationAccessToken({ companyId, locationId: sandbox.locations.empty });
    expect(token).toMatchObject({ locationId: sandbox.locations.empty, access_token: expect.any(String) });
  });

  test('reads the limit headers of a refusal', async () => {
    sandbox.setFault({ route: 'listTags', kind: 'rate-limit', times: 1 });
    const { full: locationId } = sandbox.locations;
    await expect(vendor.socialMediaPosting.getTagsLocationId({ locationId })).rejects.toMatchObject({
      statusCode: 429,
      rateLimit: { scope: 'burst', remaining: 0, intervalMs: 10_000 },
    });
  });
});
