import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createClient } from '@redis/client';
import { startGateway, type Gateway, type UpstreamAccess } from '../../src/compose.ts';
import { readConfig, type Config } from '../../src/config.ts';
import { GatewayError } from '../../src/model/errors.ts';
import { createLog } from '../../src/observe/log.ts';
import { createSeal } from '../../src/tokens/seal.ts';
import { createOAuthClient } from '../../src/tokens/oauth-client.ts';
import { privateToken } from '../../src/tokens/grants.ts';
import { createTokenEndpoint } from '../../src/tokens/token-endpoint.ts';
import { createDispatcher } from '../../src/upstream/transport.ts';
import { open } from '../support/consent.ts';
import { createStoreFolder } from '../support/gateway.ts';
import { companyId, locationId, manners, startHostile, type Hostile } from '../support/hostile-upstream.ts';
import { createCanaries } from '../support/leaks.ts';
import { run } from '../support/process.ts';
import { startRedis } from '../support/redis.ts';

/** Everything that is said, by place. */
const emitted = new Map<string, string>();
const say = (place: string, text: string) => void emitted.set(place, (emitted.get(place) ?? '') + text + '\n');
const show = (place: string, value: unknown) =>
  say(place, inspect(value, { depth: Infinity, showHidden: false, maxArrayLength: null, maxStringLength: null }));

let canaries = createCanaries();
beforeEach(() => {
  emitted.clear();
  canaries = createCanaries();
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, method).mockImplementation((...words: unknown[]) => show(`console.${method}`, words));
});
afterEach(() => {
  jest.restoreAllMocks();
});

const sealKey = () => Buffer.from(canaries.plant('token key')).subarray(0, 32);

interface Started {
  readonly gateway: Gateway;
  readonly ask: (query?: string) => Promise<void>;
  readonly get: (path: string, cookies?: Map<string, string>) => Promise<Response>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** A gateway whose log knows no secret: nothing may lean on the last line of defence. */
const start = async (access: UpstreamAccess, config: Partial<Config>): Promise<Started> => {
  const log = createLog({ level: 'debug', secrets: [], sink: { write: (line) => say('log', line) } });
  const base = readConfig({ UPSTREAM: 'sandbox', PORT: '0', DRAIN_DELAY_MS: '0' });
  const whole: Config = {
    ...base,
    logLevel: 'debug',
    isPkceOn: true,
    requestDeadlineMs: 2_000,
    isCacheOn: false,
    ...config,
  };
  const gateway = await startGateway(whole, access, log);
  const heard = async (place: string, response: Response, unsaid: readonly string[] = []) => {
    const headers = [...response.headers].filter(([name]) => !unsaid.includes(name));
    say(place, `${response.status} ${JSON.stringify(headers)} ${await response.clone().text()}`);
  };
  const defaultQuery = `{ location(id: "${locationId}") { name installation { status missingScopes } } }`;
  return {
    gateway,
    ask: async (query = defaultQuery) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ query });
      await heard('GraphQL answers', await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body }));
    },
    get: async (path, cookies = new Map<string, string>()) => {
      const response = await open(new URL(path, gateway.url), cookies);
      // Where the browser is sent holds the state, and the cookie is the browser's: that is what they are for.
      await heard('pages', response, path.startsWith('/oauth/install') ? ['location', 'set-cookie'] : []);
      return response;
    },
    [Symbol.asyncDispose]: async () => {
      show('inspected gateway', gateway);
      say('tally', JSON.stringify(gateway.tally.snapshot()));
      await gateway.close();
    },
  };
};

const readFolder = (folder: string) => {
  for (const name of readdirSync(folder)) say(`store file ${name}`, readFileSync(join(folder, name), 'latin1'));
};

const appOf = () => ({
  clientId: 'app-1',
  clientSecret: canaries.plant('client secret'),
  previousSecret: canaries.plant('previous client secret'),
  companyId: null,
});

/** A person's way through the consent page, which the test stands in for. */
const install = async ({ get }: Started, change: Readonly<Record<string, string>> = {}) => {
  const cookies = new Map<string, string>();
  const begun = await get('/oauth/install', cookies);
  const consent = new URL(begun.headers.get('location') ?? '');
  const state = canaries.adopt('state', consent.searchParams.get('state') ?? '');
  for (const [name, value] of cookies) canaries.adopt(`cookie ${name}`, value);
  const back = new URLSearchParams({ state, code: canaries.plant('code'), ...change });
  await get(`/oauth/callback?${back.toString()}`, cookies);
};

/** The token requests' own secrets, which nobody but the gateway knew. */
const adoptSent = ({ seen }: Hostile) => {
  for (const body of seen.bodies) {
    const verifier = new URLSearchParams(body).get('code_verifier');
    if (verifier !== null) canaries.adopt('code verifier', verifier);
  }
};

const expectNoLeak = (hostile: Hostile, places: readonly string[]) => {
  adoptSent(hostile);
  expect([...emitted.keys()]).toEqual(expect.arrayContaining([...places]));
  expect(canaries.leaksIn(emitted)).toEqual([]);
};

test('the search sees what upstream repeats: the same words in the log would be found', async () => {
  await using hostile = await startHostile(canaries);
  hostile.token = 400;
  const secretOfForm = canaries.plant('client secret');
  const answer = await fetch(`${hostile.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_secret: secretOfForm }),
  });
  say('log', await answer.text());
  expect(canaries.leaksIn(emitted).join()).toContain('client secret, as form-encoded, in log');
});

const kinds = ['authorization-code', 'agency', 'refresh-token', 'client-credentials', 'private-token'] as const;

const accessOf = (kind: (typeof kinds)[number], { url }: Hostile): UpstreamAccess => {
  if (kind === 'private-token')
    return { url, sandbox: null, grant: { kind, privateToken: canaries.plantToken('private token') } };
  const refreshToken = canaries.plant('refresh token of the settings');
  const app = appOf();
  if (kind === 'agency' || kind === 'refresh-token')
    return { url, sandbox: null, grant: { kind, ...app, refreshToken } };
  return { url, sandbox: null, grant: { kind, ...app } };
};

describe.each(kinds)('the %s grant shows no secret', (kind) => {
  const begin = async (hostile: Hostile, path: string) => {
    const key = { id: 'k', bytes: sealKey() };
    return start(accessOf(kind, hostile), { database: { path }, tokenKeys: [key] });
  };
  const isConsented = kind !== 'client-credentials' && kind !== 'private-token';

  test('where all goes well, and where upstream repeats what it was sent to each question', async () => {
    await using hostile = await startHostile(canaries);
    await using store = await createStoreFolder();
    {
      await using gateway = await begin(hostile, store.path);
      if (isConsented) await install(gateway);
      await gateway.ask();
      for (const manner of manners) {
        hostile.data = manner;
        await gateway.ask();
        await gateway.ask(
          `{ location(id: "${locationId}") { tags { nodes { name } } statistics { likes { total } } } }`,
        );
      }
      if (isConsented) readFolder(store.folder);
      const stored = await gateway.gateway.consenting?.store.summaries();
      show('inspected grants', stored);
      for (const { key } of stored ?? []) show('inspected grants', await gateway.gateway.consenting?.store.find(key));
    }
    if (isConsented) readFolder(store.folder);
    expect(hostile.seen.authorizations.size).toBeGreaterThan(0);
    const places = ['log', 'GraphQL answers', 'tally', 'inspected gateway'];
    expectNoLeak(hostile, isConsented ? [...places, 'pages', 'store file gateway.db', 'inspected grants'] : places);
  });

  test.each(kind === 'private-token' ? (['good'] as const) : manners)(
    'where the token endpoint answers as %s',
    async (manner) => {
      await using hostile = await startHostile(canaries);
      await using store = await createStoreFolder();
      {
        await using gateway = await begin(hostile, store.path);
        hostile.token = manner;
        if (isConsented) await install(gateway);
        await gateway.ask();
        hostile.token = 'good';
        if (isConsented) await install(gateway);
        hostile.token = manner;
        hostile.data = 401; // the token is refused, and so is its renewal
        await gateway.ask();
        if (isConsented) readFolder(store.folder);
      }
      expectNoLeak(hostile, ['log', 'GraphQL answers']);
    },
  );
});

describe('a store that fails shows no secret', () => {
  const opened = async (hostile: Hostile, store: { readonly path: string }) => {
    const key = { id: 'k', bytes: sealKey() };
    return start(accessOf('authorization-code', hostile), { database: { path: store.path }, tokenKeys: [key] });
  };

  test.each([
    [
      'a record that was altered',
      "update gateway_grants set sealed = substr(sealed, 1, length(sealed) - 4) || 'AAAA'",
      200,
    ],
    ['a record that was cut', 'update gateway_grants set sealed = substr(sealed, 1, 20)', 200],
    ['a record of a key that is gone', "update gateway_grants set sealed = replace(sealed, 'v1.k.', 'v1.other.')", 200],
    ['a table that is gone', 'drop table gateway_grants', 500],
  ])('%s', async (_name, damage, status) => {
    await using hostile = await startHostile(canaries);
    await using store = await createStoreFolder();
    {
      await using gateway = await opened(hostile, store);
      await install(gateway);
      const file = new DatabaseSync(store.path);
      file.exec(damage);
      file.close();
      hostile.data = 401;
      await gateway.ask();
      await install(gateway);
      expect(emitted.get('pages')).toContain(`${status} `);
      readFolder(store.folder);
    }
    expectNoLeak(hostile, ['log', 'GraphQL answers', 'pages']);
  });

  test('a PostgreSQL that cannot be reached, whose address holds a password', async () => {
    await using hostile = await startHostile(canaries);
    const password = canaries.plant('database password');
    const url = `postgres://gateway:${encodeURIComponent(password)}@127.0.0.1:1/grants`;
    const starting = start(accessOf('agency', hostile), {
      database: { url },
      tokenKeys: [{ id: 'k', bytes: sealKey() }],
    });
    const error: unknown = await starting.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(String(error)).toContain('DATABASE_URL');
    show('inspected error', error);
    say('message', String(error));
    expectNoLeak(hostile, ['inspected error']);
  });
});

describe('a callback that is not what it should be shows no secret', () => {
  test.each([
    ['an error', { error: 'access_denied', error_description: 'no' }],
    ['an error that repeats a secret', { error: '%s', error_description: '%s' }],
    ['another state', { state: '%s' }],
    ['no code', { code: '' }],
    ['a code like no other', { code: '%s' }],
  ])('%s', async (_name, change) => {
    await using hostile = await startHostile(canaries);
    const filled = Object.fromEntries(
      Object.entries(change).map(([name, value]) => [name, value.replace('%s', canaries.plant(`callback's ${name}`))]),
    );
    {
      await using gateway = await start(accessOf('authorization-code', hostile), {
        database: { path: ':memory:' },
        tokenKeys: [{ id: 'k', bytes: sealKey() }],
      });
      hostile.token = 400;
      await install(gateway, filled);
    }
    expectNoLeak(hostile, ['log', 'pages', 'tally']);
  });
});

describe('Redis', () => {
  test('holds no secret in keys and values', async () => {
    await using hostile = await startHostile(canaries);
    await using redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    {
      await using gateway = await start(accessOf('agency', hostile), {
        isCacheOn: true,
        redisUrl: redis.url,
        database: { path: ':memory:' },
        tokenKeys: [{ id: 'k', bytes: sealKey() }],
      });
      while ((await client.dbSize()) === 0) await gateway.ask();
      for (const key of await client.keys('*')) {
        const isSet = (await client.type(key)) === 'zset'; // who of the replicas is there
        say('Redis', `${key} ${isSet ? (await client.zRange(key, 0, -1)).join(' ') : ((await client.get(key)) ?? '')}`);
      }
    }
    client.destroy();
    expectNoLeak(hostile, ['Redis', 'log']);
  });

  test('whose address holds a password that it does not take is warned of without it', async () => {
    await using hostile = await startHostile(canaries);
    await using redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    await client.configSet('requirepass', 'another one');
    client.destroy();
    const password = canaries.plant('Redis password');
    const redisUrl = redis.url.replace('//', `//:${encodeURIComponent(password)}@`);
    {
      await using gateway = await start(accessOf('client-credentials', hostile), { isCacheOn: true, redisUrl });
      while (!(emitted.get('log') ?? '').includes('Redis cannot be used')) await gateway.ask();
    }
    expectNoLeak(hostile, ['log', 'tally']);
  });
});

test('what console.log shows of tokens, grants, clients, seals and errors holds no secret', async () => {
  await using hostile = await startHostile(canaries);
  const { url } = hostile;
  const endpoint = createTokenEndpoint(createDispatcher({ connections: 1 }), { timeoutMs: 2_000 });
  const client = createOAuthClient({ ...appOf(), url, authorizeUrl: `${url}/authorize`, endpoint });
  show('inspected client', client);
  show('inspected seal', createSeal([{ id: 'k', bytes: sealKey() }]));
  const grant = privateToken(canaries.plantToken('private token'));
  show('inspected grant', [grant, await grant.obtain({ kind: 'company' }, { held: null, refused: null })]);
  show('inspected answer', await client.refresh(canaries.plant('refresh token'), 'Location'));
  for (const manner of manners) {
    hostile.token = manner;
    const error: unknown = await client
      .refresh(canaries.plant('refresh token'), 'Company')
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(GatewayError);
    show('inspected errors', error);
    show('inspected errors', await client.reconnect({ companyId }).catch((one: unknown) => one));
  }
  expectNoLeak(hostile, [
    'inspected client',
    'inspected seal',
    'inspected grant',
    'inspected answer',
    'inspected errors',
  ]);
});

test('a process that has its secrets from files shows them to nobody who looks at it', async () => {
  await using hostile = await startHostile(canaries);
  await using store = await createStoreFolder();
  const file = (name: string, value: string) => {
    const path = join(store.folder, name);
    writeFileSync(path, value, { mode: 0o600 });
    return path;
  };
  const key = sealKey().toString('base64');
  canaries.adopt('token key as set', key);
  await using gateway = run('node_modules/.bin/node', ['src/start.js'], {
    PORT: '0',
    DRAIN_DELAY_MS: '0',
    LOG_LEVEL: 'debug',
    AUTH: 'none',
    UPSTREAM_URL: hostile.url,
    UPSTREAM_GRANT: 'agency',
    UPSTREAM_CLIENT_ID: 'app-1',
    UPSTREAM_CLIENT_SECRET_FILE: file('client-secret', canaries.plant('client secret')),
    UPSTREAM_REFRESH_TOKEN_FILE: file('refresh-token', canaries.plant('refresh token')),
    TOKEN_KEYS_FILE: file('token-keys', `k:${key}`),
    DATA_DIR: join(store.folder, 'data'),
  });
  const [, url = ''] = await gateway.seen(/"url":"(http:[^"]+)"/);
  for (const manner of ['good', 401, 500] as const) {
    Object.assign(hostile, { token: manner, data: manner });
    const body = JSON.stringify({ query: `{ location(id: "${locationId}") { name } }` });
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    say('GraphQL answers', await answer.text());
  }
  for (const name of ['cmdline', 'environ']) say(name, readFileSync(`/proc/${gateway.pid}/${name}`, 'latin1'));
  readFolder(join(store.folder, 'data'));
  gateway.kill('SIGTERM');
  await gateway.exited;
  say('output', gateway.output());
  expect(emitted.get('cmdline')).toContain('src/start.js');
  expectNoLeak(hostile, ['output', 'cmdline', 'environ', 'store file gateway.db', 'GraphQL answers']);
});
