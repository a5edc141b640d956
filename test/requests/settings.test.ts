import { describe, expect, jest, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { stopClock } from '../support/clock.ts';
import { byClientCredentials, byPrivateToken, byRefreshToken, byRoute, startTestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

const board = (id: string) =>
  `{ location(id: "${id}") { name tags(first: 3) { nodes { name details { updatedAt } } } statistics { likes { total } } } }`;

describe('CACHE', () => {
  test('off keeps nothing between requests, and asks once within one', async () => {
    await using gateway = await startTestGateway({ config: { isCacheOn: false } });
    const { full } = gateway.sandbox.locations;
    const once = { listTags: 1, listAccounts: 1, readLocation: 1, readStatistics: 1 };
    await gateway.ask(board(full));
    expect(byRoute(gateway.calls())).toEqual(once);
    await gateway.ask(board(full));
    expect(byRoute(gateway.calls())).toEqual(once);
  });

  test('REDIS_URL: what one gateway has read, another one over the same upstream need not', async () => {
    await using redis = await startRedis();
    const config = { redisUrl: redis.url };
    await using first = await startTestGateway({ config });
    const { sandbox } = first;
    await using second = await startTestGateway({ config, access: () => byClientCredentials(sandbox) });
    await connected(first.gateway);
    await connected(second.gateway);
    const answer = await first.ask(board(sandbox.locations.full));
    first.calls();
    expect((await second.ask(board(sandbox.locations.full))).data).toEqual(answer.data);
    expect(first.calls()).toEqual([]);
  });

  test('a Redis that is not there costs nobody an answer', async () => {
    await using gateway = await startTestGateway({ config: { redisUrl: 'redis://127.0.0.1:1' } });
    const answer = await gateway.ask(board(gateway.sandbox.locations.full));
    expect(answer.errors).toEqual([]);
    expect(gateway.gateway.tally.snapshot()).toHaveProperty('redis problem');
    gateway.calls();
    await gateway.ask(board(gateway.sandbox.locations.full));
    expect(gateway.calls()).toEqual([]); // this process keeps its own meanwhile
  });
});

describe('how long answers count', () => {
  const tags = (id: string) => `{ location(id: "${id}") { tags(first: 2) { totalCount } } }`;
  const none = { freshSeconds: 0, revalidateSeconds: 0, hardSeconds: 0 };

  test('CACHE_TAGS_SECONDS=0,0,0 keeps no pages of tags, and everything else', async () => {
    const { lifetimes } = readConfig({});
    await using gateway = await startTestGateway({ config: { lifetimes: { ...lifetimes, tagPage: none } } });
    const { full } = gateway.sandbox.locations;
    await gateway.ask(board(full));
    gateway.calls();
    const { headers } = await gateway.ask(board(full));
    expect(byRoute(gateway.calls())).toEqual({ listTags: 1 });
    expect(headers.get('cache-control')).toBe('private, no-cache');
    gateway.sandbox.setFault({ route: 'listTags', kind: 'body', body: {} });
    expect(gateway.codesOf(await gateway.ask(board(full)))).toEqual(['UPSTREAM_INVALID_RESPONSE']);
  });

  test('NO_CACHE_FLOOR_SECONDS decides what no-cache means', async () => {
    stopClock('2026-06-15T12:00:00.000Z');
    await using gateway = await startTestGateway({ config: { noCacheFloorSeconds: 20 } });
    const { full } = gateway.sandbox.locations;
    const callsAfter = async (seconds: number) => {
      jest.setSystemTime(Date.now() + seconds * 1_000);
      await gateway.ask(tags(full), {}, { 'cache-control': 'no-cache' });
      return gateway.calls().length;
    };
    expect([await callsAfter(0), await callsAfter(20), await callsAfter(1), await callsAfter(20)]).toEqual([
      1, 0, 1, 0,
    ]);
  });
});

describe('UPSTREAM_GRANT', () => {
  test('refresh-token: each token is spent once, its successor renews the next time', async () => {
    await using gateway = await startTestGateway({ access: byRefreshToken });
    const { full, large } = gateway.sandbox.locations;
    for (let renewal = 0; renewal < 3; renewal += 1) {
      expect(
        (
          await gateway.ask(
            `{ location(id: "${full}") { tags(first: 1) { freshness { state } } installation { status grantKind } } }`,
          )
        ).data.location.installation,
      ).toEqual({
        status: 'CONNECTED',
        grantKind: 'LOCATION_GRANT',
      });
      gateway.sandbox.expireAccessTokens();
      expect(
        (await gateway.ask(`{ location(id: "${full}") { socialAccounts { nodes { id } } name } }`)).errors,
      ).toEqual([]);
    }
    const other = await gateway.ask(`{ location(id: "${large}") { name installation { status } } }`);
    expect(gateway.codesOf(other)).toEqual(['LOCATION_NOT_CONNECTED']);
    expect(other.data.location.installation.status).toBe('NOT_INSTALLED'); // no grant of it is held
  });

  test('two private tokens on one Redis never see each other’s answers', async () => {
    await using redis = await startRedis();
    const config = { redisUrl: redis.url };
    await using first = await startTestGateway({ config, access: (sandbox) => byPrivateToken(sandbox) });
    const { sandbox } = first;
    await using second = await startTestGateway({ config, access: () => byPrivateToken(sandbox, 'large') });
    await connected(first.gateway);
    await connected(second.gateway);
    const question = `{ location(id: "${sandbox.locations.full}") { name } }`;
    expect((await first.ask(question)).data.location.name).toBe('Harbour Bay Dental');
    const answer = await second.ask(question);
    expect(answer.data.location.name).toBeNull();
    expect(second.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED']);
  });

  test('private-token: sent as it is, never renewed', async () => {
    await using gateway = await startTestGateway({ access: (sandbox) => byPrivateToken(sandbox) });
    const { full, large } = gateway.sandbox.locations;
    const answer = await gateway.ask(`{ location(id: "${full}") { name } other: location(id: "${large}") { name } }`);
    expect(answer.data).toEqual({ location: { name: 'Harbour Bay Dental' }, other: { name: null } });
    expect(gateway.codesOf(answer)).toEqual(['LOCATION_NOT_CONNECTED']);
    expect(gateway.sandbox.calls().filter(({ route }) => route === 'token')).toEqual([]);
    const state = await gateway.ask(
      `{ location(id: "${full}") { installation { status } } other: location(id: "${large}") { installation { status } } }`,
    );
    expect(state.data).toEqual({
      location: { installation: { status: 'CONNECTED' } },
      other: { installation: { status: 'NOT_INSTALLED' } },
    });
  });
});

describe('ACCOUNT_STATISTICS', () => {
  const question =
    '{ accountStatistics { posts { total } timeZone quality { isComplete warnings { code location { id } } } } }';

  test('endpoint walks the path of the user’s document', async () => {
    await using gateway = await startTestGateway({ config: { accountStatistics: 'endpoint' } });
    const answer = await gateway.ask(question);
    expect(answer.errors).toEqual([]);
    expect(answer.data.accountStatistics.posts.total).toBeGreaterThan(0);
    expect(gateway.calls().map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /socialplanner/statistics.readonly',
    ]);
  });

  test('roll-up adds up the readable locations and names those that are missing', async () => {
    await using gateway = await startTestGateway({ config: { accountStatistics: 'roll-up' } });
    const { notInstalled } = gateway.sandbox.locations;
    const { posts, quality } = (await gateway.ask(question)).data.accountStatistics;
    expect(posts.total).toBeGreaterThan(0);
    expect(quality.isComplete).toBe(false);
    expect(quality.warnings).toContainEqual({ code: 'LOCATION_UNREADABLE', location: { id: notInstalled } });
    expect(gateway.calls().some(({ route }) => route === 'readAccountStatistics')).toBe(false);
  });
});

test('a field whose scope the caller lacks is FORBIDDEN by name, and nothing is asked upstream', async () => {
  await using gateway = await startTestGateway({ config: { scopes: ['locations.readonly'] } });
  const answer = await gateway.ask(
    `{ location(id: "${gateway.sandbox.locations.full}") { name tags { totalCount } statistics { timeZone } } }`,
  );
  expect(gateway.codesOf(answer)).toEqual(['FORBIDDEN', 'FORBIDDEN']);
  expect(answer.errors[0]?.message).toBe('`tags` needs the scope socialplanner/tag.readonly.');
  expect(byRoute(gateway.calls())).toEqual({ readLocation: 1 });
});

/** Asks until the gateway's own connection to Redis has taken an answer. */
const connected = async ({
  tally,
  url,
}: {
  tally: { snapshot(): Readonly<Record<string, number>> };
  url: string;
}): Promise<void> => {
  while (!Object.keys(tally.snapshot()).some((name) => /^cache (miss|hit) /.test(name))) {
    await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ accountStatistics { timeZone } }' }),
    }).then((response) => response.text());
  }
};

test('in production the schema cannot be asked for, and typing errors get no suggestions', async () => {
  await using gateway = await startTestGateway({ config: { isProduction: true } });
  const asked = await gateway.ask('{ __schema { types { name } } }');
  expect(gateway.codesOf(asked)).toEqual(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED']);
  expect(asked.errors[0]?.message).toMatch(/introspection has been disabled/);
  const mistyped = await gateway.ask('{ vewer { subject } }');
  expect(mistyped.errors[0]?.message).toBe('Cannot query field "vewer" on type "Query".');
  expect((await gateway.ask('{ viewer { __typename } }')).data).toEqual({ viewer: { __typename: 'Viewer' } });
});
