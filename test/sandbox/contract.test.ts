import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type Sandbox } from '../../src/sandbox/server.ts';
import { createCaller, type Heard } from './caller.ts';

// The vendor's own specs (CC0-1.0), put together; see "info" in the file for where each part comes from.
const contract = JSON.parse(readFileSync('test/fixtures/users-api.openapi.json', 'utf8')) as { paths: Paths };

type Paths = Readonly<
  Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>>
>;

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
addFormats.default(ajv);
ajv.addSchema(contract, 'contract');

const pointer = (...parts: readonly (string | number)[]) =>
  parts.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

/** What the contract finds wrong with an answer; throws where it documents no such status. */
const deviations = (path: string, method: string, { status, body }: Heard): string[] => {
  if (contract.paths[path]?.[method]?.responses[status] === undefined)
    throw new Error(`${method} ${path} documents no ${status}`);
  const validate = ajv.compile({
    $ref: `contract#/${pointer('paths', path, method, 'responses', status, 'content', 'application/json', 'schema')}`,
  });
  validate(body);
  return (validate.errors ?? []).map(
    ({ instancePath, message }: ErrorObject) => `${instancePath.replace(/\d+/g, '*')} ${message ?? ''}`,
  );
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

describe('answers have the vendor’s shapes', () => {
  const full = () => sandbox.locations.full;
  const tagIds = () =>
    sandbox
      .tagsOf(full())
      .slice(0, 3)
      .map(({ id }) => id);
  const profileIds = () => sandbox.accountsOf(full()).map(({ profileId }) => profileId);

  // `wrong`: where the document contradicts what the vendor really sends (upstream README §2); everything else must fit.
  test.each<[string, string, () => [string, object?], RegExp | null]>([
    ['/social-media-posting/{locationId}/tags', 'get', () => [`/social-media-posting/${full()}/tags?limit=50`], null],
    [
      '/social-media-posting/{locationId}/tags/details',
      'post',
      () => [`/social-media-posting/${full()}/tags/details`, { tagIds: tagIds() }],
      null,
    ],
    ['/social-media-posting/{locationId}/accounts', 'get', () => [`/social-media-posting/${full()}/accounts`], null],
    [
      '/social-media-posting/{locationId}/categories',
      'get',
      () => [`/social-media-posting/${full()}/categories`],
      null,
    ],
    [
      '/social-media-posting/statistics',
      'post',
      () => [`/social-media-posting/statistics?locationId=${full()}`, { profileIds: profileIds() }],
      /[cC]hange must be number$/,
    ],
    ['/locations/{locationId}', 'get', () => [`/locations/${full()}`], null],
  ])('%s %s', async (path, method, request, wrong) => {
    const { ask, locationToken } = createCaller(sandbox);
    const [url, json] = request();
    const answer = await ask(url, { token: await locationToken(full()), ...(json && { json }) });
    const found = deviations(path, method, answer);
    expect(wrong === null ? found : found.filter((deviation) => !wrong.test(deviation))).toEqual([]);
  });

  test('the agency’s reads', async () => {
    const { ask, agencyToken } = createCaller(sandbox);
    const token = await agencyToken();
    const company = `companyId=${sandbox.companyId}`;
    const appId = sandbox.client.id.split('-')[0] ?? '';
    expect(deviations('/locations/search', 'get', await ask(`/locations/search?${company}`, { token }))).toEqual([]);
    const installed = await ask(`/oauth/installedLocations?${company}&appId=${appId}`, {
      token,
      version: '2021-07-28',
    });
    expect(deviations('/oauth/installedLocations', 'get', installed)).toEqual([]);
    const form = { companyId: sandbox.companyId, locationId: full() };
    const exchanged = await ask('/oauth/locationToken', { token, version: '2021-07-28', form });
    expect(deviations('/oauth/locationToken', 'post', exchanged)).toEqual([]);
  });

  test('tokens and refusals', async () => {
    const { ask, grant } = createCaller(sandbox);
    const answer = await grant({ grant_type: 'client_credentials', user_type: 'Location', locationId: full() });
    expect(deviations('/oauth/token', 'post', answer)).toEqual([]);
    const refused = await grant({ grant_type: 'refresh_token', refresh_token: 'spent', user_type: 'Location' });
    expect(refused.status).toBe(400);
    expect(deviations('/oauth/token', 'post', refused)).toEqual([]);
    const path = '/social-media-posting/{locationId}/tags';
    const unauthorized = await ask(`/social-media-posting/${full()}/tags`);
    expect(unauthorized.status).toBe(401);
    expect(deviations(path, 'get', unauthorized)).toEqual([]);
  });

  test('an answer of another shape is found', () => {
    const broken = {
      status: 200,
      headers: new Headers(),
      body: { results: { tags: 'none' }, statusCode: 200, success: true, message: '' },
    };
    expect(deviations('/social-media-posting/{locationId}/tags', 'get', broken)).toEqual([
      '/results/tags must be array',
    ]);
  });
});
