import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { envExample, readConfig, settings, settingsTable } from '../src/config.ts';
import { client, grantOf, keys, problemsOf } from './support/settings.ts';

type Env = Readonly<Record<string, string>>;

const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const secretFile = (content: string): string => {
  const path = join(mkdtempSync(join(folder, 'secret-')), 'secret');
  writeFileSync(path, content);
  return path;
};

describe('the mode', () => {
  test('without any setting the sandbox is served on loopback, with every default in place', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      sandboxPort: 4010,
      isProduction: false,
      upstream: { kind: 'sandbox', grantKind: 'client-credentials' },
      authorizeUrl: 'https://marketplace.gohighlevel.com/v2/oauth/chooselocation',
      isPkceOn: false,
      canReconnect: true,
      areForeignInstallsTaken: false,
      publicUrl: null,
      database: { path: ':memory:' },
      auth: { kind: 'open' },
      callerDatabase: { path: ':memory:' },
      corsOrigins: [],
      trustedProxies: [],
      bodyLimitBytes: 262_144,
      maxConnections: 10_000,
      maxConcurrentRequests: 2_000,
      maxWaitMs: 3_000,
      allowances: { caller: { requests: 6_000, cost: 6_000 }, location: { requests: 12_000, cost: 12_000 } },
      documentLimits: {
        tokens: 2_000,
        depth: 12,
        aliases: 30,
        rootFields: 20,
        directives: 50,
        listItems: 1_000,
        variablesBytes: 65_536,
        variablesDepth: 10,
      },
      maxBatch: 1,
      introspection: null,
      persisted: 'off',
      persistedDocuments: null,
      adminHost: '127.0.0.1',
      adminPort: 9464,
      tokenKeys: null,
      credentialMaxAgeDays: 90,
      scopes: [
        'locations.readonly',
        'socialplanner/tag.readonly',
        'socialplanner/statistics.readonly',
        'socialplanner/account.readonly',
      ],
      isCacheOn: true,
      redisUrl: null,
      cacheMemoryBytes: 67_108_864,
      cacheTimeoutMs: 50,
      lifetimes: {
        tagPage: { freshSeconds: 60, revalidateSeconds: 600, hardSeconds: 86_400 },
        tagDetails: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: 86_400 },
        socialAccounts: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: 86_400 },
        statistics: { freshSeconds: 300, revalidateSeconds: 3_600, hardSeconds: 86_400 },
        location: { freshSeconds: 3_600, revalidateSeconds: 86_400, hardSeconds: 604_800 },
      },
      noCacheFloorSeconds: 5,
      accountStatistics: 'endpoint',
      defaultTimeZone: 'UTC',
      requestDeadlineMs: 10_000,
      upstreamTimeoutMs: 3_000,
      burst: { limit: 100, windowMs: 10_000 },
      dailyLimit: 200_000,
      interactiveReserve: 20,
      replicas: 1,
      maxUpstreamCallsPerLocation: 20,
      maxUpstreamCalls: 200,
      drainDelayMs: 1_000,
      logLevel: 'info',
      warnings: [],
    });
  });

  test.each(['prod', 'Production', 'PRODUCTION', ' production', 'production '])(
    'NODE_ENV "%s" is refused, since it would quietly mean "not production"',
    (value) => {
      expect(problemsOf({ NODE_ENV: value })).toEqual([expect.stringMatching(/^NODE_ENV must be production in full/)]);
    },
  );

  test.each(['development', 'test', 'staging', 'preprod'])('NODE_ENV %s is not production', (value) => {
    expect(readConfig({ NODE_ENV: value })).toMatchObject({ isProduction: false, upstream: { kind: 'sandbox' } });
  });
});

describe('values', () => {
  test('all problems are told at once, one a line, each by its name and never with its value', () => {
    const env = {
      PORT: 'hunter2',
      CACHE: 'hunter2',
      LOG_LEVEL: 'hunter2',
      DEFAULT_TIME_ZONE: 'hunter2',
      HOST: 'http://hunter2',
    };
    expect(() => readConfig(env)).toThrow(
      [
        'HOST must be an IP address or host name, without scheme and port.',
        'PORT must be a whole number, 0 to 65535.',
        'CACHE must be on or off.',
        'DEFAULT_TIME_ZONE must be the name of an IANA time zone, such as Europe/Rome.',
        'LOG_LEVEL must be debug or info or warn or error or silent.',
      ].join('\n'),
    );
  });

  test('an empty value is an absent one', () => {
    const empty = Object.fromEntries(settings.map(({ name }) => [name, '']));
    expect(readConfig({ ...empty, UPSTREAM_PRIVATE_TOKEN_FILE: '', UPSTREAM_TYPO: '' })).toEqual(readConfig({}));
  });

  test.each(['-1', '65536', '1.5', '4e3', '0x10', ' 80', '99999999999999999999'])('PORT "%s" is no port', (value) => {
    expect(problemsOf({ PORT: value })).toEqual(['PORT must be a whole number, 0 to 65535.']);
  });

  test('ports, lifetimes and delays may be zero, limits may not', () => {
    expect(readConfig({ PORT: '0', SANDBOX_PORT: '0', CACHE_TAGS_SECONDS: '0', DRAIN_DELAY_MS: '0' })).toMatchObject({
      port: 0,
      lifetimes: { tagPage: { freshSeconds: 0 } },
      drainDelayMs: 0,
    });
    expect(problemsOf({ UPSTREAM_BURST: '0' })).toHaveLength(1);
  });

  test.each([
    ['one number keeps the others', '30', [30, 600, 86_400]],
    ['one that is longer than the next ones lengthens them', '100000', [100_000, 100_000, 100_000]],
    ['one that is longer than the second lengthens that', '700', [700, 700, 86_400]],
    ['two numbers keep the last', '30,40', [30, 40, 86_400]],
    ['three numbers are all', '30, 40 ,50', [30, 40, 50]],
    ['equal numbers go', '5,5,5', [5, 5, 5]],
    ['nothing is kept', '0,0,0', [0, 0, 0]],
    ['thirty days', '2592000', [2_592_000, 2_592_000, 2_592_000]],
  ])('a lifetime is up to three ages: %s', (_name, given, [freshSeconds, revalidateSeconds, hardSeconds]) => {
    expect(readConfig({ CACHE_TAGS_SECONDS: given }).lifetimes.tagPage).toEqual({
      freshSeconds,
      revalidateSeconds,
      hardSeconds,
    });
  });

  test.each([
    '60,50',
    '60,600,599',
    '60,600,86400,86400',
    '2592001',
    '1,9999999',
    '1,,3',
    ',',
    '-1',
    '1.5',
    '1e3',
    'soon',
  ])('a lifetime of "%s" is refused', (given) => {
    expect(problemsOf({ CACHE_LOCATION_SECONDS: given })).toEqual([
      'CACHE_LOCATION_SECONDS must be up to three whole numbers, 0 to 2592000, none smaller than the one before, such as 60,600,86400.',
    ]);
  });

  test('all of a budget cannot be reserved', () => {
    expect(readConfig({ INTERACTIVE_RESERVE: '0', REPLICAS: '3', NO_CACHE_FLOOR_SECONDS: '0' })).toMatchObject({
      interactiveReserve: 0,
      replicas: 3,
      noCacheFloorSeconds: 0,
    });
    expect(problemsOf({ INTERACTIVE_RESERVE: '100', REPLICAS: '0' })).toEqual([
      'INTERACTIVE_RESERVE must be a whole number, 0 to 90.',
      'REPLICAS must be a whole number, 1 to 1000.',
    ]);
  });

  test('the gateway and the sandbox cannot share a port', () => {
    expect(problemsOf({ PORT: '4010' })).toEqual([expect.stringContaining('PORT and SANDBOX_PORT are the same')]);
    expect(problemsOf({ PORT: '4010', ...client })).toEqual([]);
  });

  test.each([
    ['https://api.example.com:8443/', 'https://api.example.com:8443'],
    ['http://127.0.0.1:4010', 'http://127.0.0.1:4010'],
    ['http://localhost:4010', 'http://localhost:4010'],
    ['http://[::1]:4010', 'http://[::1]:4010'],
  ])('UPSTREAM_URL %s is the origin %s', (given, url) => {
    expect(readConfig({ ...client, UPSTREAM_URL: given })).toMatchObject({ upstream: { kind: 'live', url } });
  });

  test.each([
    ['api.example.com', 'must be a URL'],
    ['ftp://api.example.com', 'must begin with https://'],
    ['http://api.example.com', 'http only reaches this machine'],
    ['http://127.0.0.1.example.com', 'http only reaches this machine'],
    ['https://me:hunter2@api.example.com', 'must not contain credentials'],
    ['https://api.example.com/v2', 'no path'],
    ['https://api.example.com/?key=hunter2', 'no path, no query'],
  ])('UPSTREAM_URL %s is refused: %s', (given, reason) => {
    const problems = problemsOf({ ...client, UPSTREAM_URL: given });
    expect(problems).toEqual([expect.stringContaining(`UPSTREAM_URL ${reason.startsWith('must') ? reason : 'must'}`)]);
    expect(problems[0]).toContain(reason);
    expect(problems[0]).not.toContain('hunter2');
  });

  test('REDIS_URL is a Redis URL, and its password is not repeated', () => {
    expect(readConfig({ REDIS_URL: 'rediss://:pw@cache.internal:6380/2' }).redisUrl).toBe(
      'rediss://:pw@cache.internal:6380/2',
    );
    expect(problemsOf({ REDIS_URL: 'http://:hunter2@cache.internal' })).toEqual([
      'REDIS_URL must be a redis:// or rediss:// URL.',
    ]);
  });

  test('a bad word for the mode or the grant is one problem, without guesses about what is missing', () => {
    expect(problemsOf({ UPSTREAM: 'sanbox' })).toEqual(['UPSTREAM must be sandbox or live.']);
    expect(problemsOf({ UPSTREAM_GRANT: 'password' })).toEqual([
      'UPSTREAM_GRANT must be client-credentials or authorization-code or agency or refresh-token or private-token.',
    ]);
  });
});

describe('secrets in files', () => {
  test('each secret can stand in a file, without the line break at its end', () => {
    const env = {
      AUTH: 'none',
      UPSTREAM_CLIENT_ID: 'client-1',
      UPSTREAM_CLIENT_SECRET_FILE: secretFile('s3cret\n'),
      UPSTREAM_REFRESH_TOKEN_FILE: secretFile('r1\r\n'),
      REDIS_URL_FILE: secretFile('redis://127.0.0.1'),
      UPSTREAM_CLIENT_SECRET_PREVIOUS_FILE: secretFile('0ld'),
      DATABASE_URL_FILE: secretFile('postgres://127.0.0.1/gateway\n'),
      TOKEN_KEYS_FILE: secretFile(`${keys.TOKEN_KEYS}\n`),
    };
    expect(grantOf(env)).toMatchObject({
      kind: 'refresh-token',
      clientSecret: 's3cret',
      previousSecret: '0ld',
      refreshToken: 'r1',
    });
    expect(readConfig(env)).toMatchObject({
      redisUrl: 'redis://127.0.0.1',
      database: { url: 'postgres://127.0.0.1/gateway' },
      tokenKeys: [{ id: 'first', bytes: Buffer.alloc(32, 'k') }],
    });
    expect(grantOf({ UPSTREAM_PRIVATE_TOKEN_FILE: secretFile('p1\n') })).toMatchObject({ privateToken: 'p1' });
  });

  test('a secret given twice, an unreadable, an empty and a two-line file are problems that do not quote the secret', () => {
    const problems = problemsOf({
      ...client,
      ...keys,
      UPSTREAM_CLIENT_SECRET_FILE: secretFile('hunter2'),
      REDIS_URL_FILE: '/nowhere/redis-url',
      UPSTREAM_REFRESH_TOKEN_FILE: secretFile('\n'),
      UPSTREAM_PRIVATE_TOKEN_FILE: secretFile('hunter2\nhunter2'),
    });
    expect(problems).toEqual([
      'UPSTREAM_CLIENT_SECRET and UPSTREAM_CLIENT_SECRET_FILE are both set: keep one of them.',
      expect.stringMatching(/^UPSTREAM_REFRESH_TOKEN_FILE names a file \/.* that is empty/),
      'UPSTREAM_PRIVATE_TOKEN must be one line of printable ASCII characters.',
      'REDIS_URL_FILE names a file /nowhere/redis-url that cannot be read (ENOENT): check the path and its permissions.',
    ]);
    expect(problems.join()).not.toMatch(/hunter2|s3cret/);
  });

  test('a secret put where its file’s path belongs is not printed', () => {
    expect(problemsOf({ UPSTREAM_PRIVATE_TOKEN_FILE: 'pit-hunter2' })).toEqual([
      'UPSTREAM_PRIVATE_TOKEN_FILE names a file that cannot be read (ENOENT): check the path and its permissions.',
    ]);
  });
});

describe('unknown names', () => {
  test.each([
    ['UPSTREAM_CLIENT_SECERT', 'UPSTREAM_CLIENT_SECRET'],
    ['UPSTREAM_CLEINT_SECRET', 'UPSTREAM_CLIENT_SECRET'],
    ['UPSTREAM_CLIENTID', 'UPSTREAM_CLIENT_ID'],
    ['UPSTREAM_SECRET_CLIENT', 'UPSTREAM_CLIENT_SECRET'],
    ['UPSTREAM_MS_TIMEOUT', 'UPSTREAM_TIMEOUT_MS'],
    ['UPSTREAM_CLIENT_ID_FILE', 'UPSTREAM_CLIENT_ID'],
    ['UPSTREAM_PRIVATE_TOKN_FILE', 'UPSTREAM_PRIVATE_TOKEN_FILE'],
    ['UPSTREAM_URI', 'UPSTREAM_URL'],
    ['upstream_url', 'UPSTREAM_URL'],
    ['CACHE_TAG_SECONDS', 'CACHE_TAGS_SECONDS'],
    ['SANDBOX_PROT', 'SANDBOX_PORT'],
  ])('%s has one of our prefixes and is a slip: it is refused with "did you mean %s?"', (name, meant) => {
    expect(problemsOf({ UPSTREAM: 'sandbox', [name]: 'hunter2' })).toEqual([
      `${name} is not a setting: did you mean ${meant}?`,
    ]);
  });

  test.each(['CACHE_DIR', 'CACHE_TTL', 'UPSTREAM_BRANCH', 'UPSTREAM_REMOTE', 'UPSTREAM_PORT', 'SANDBOX_ID'])(
    '%s has one of our prefixes but resembles none of ours: it is named as a warning and stops nothing',
    (name) => {
      expect(readConfig({ [name]: 'hunter2' })).toEqual({
        ...readConfig({}),
        warnings: [`${name} is not a setting of ours and is ignored.`],
      });
    },
  );

  test.each([
    ['URL_REDIS', 'REDIS_URL'],
    ['REDIS_URI', 'REDIS_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['LEVEL_LOG', 'LOG_LEVEL'],
    ['LOG_LEVEL_FILE', 'LOG_LEVEL'],
    ['UPSTEAM_CLIENT_ID', 'UPSTREAM_CLIENT_ID'],
    ['REQUEST_DEADLINE_M', 'REQUEST_DEADLINE_MS'],
  ])('%s resembles %s: it is named as a warning and stops nothing', (name, meant) => {
    expect(readConfig({ [name]: 'hunter2' }).warnings).toEqual([
      `${name} is not a setting and is ignored: did you mean ${meant}?`,
    ]);
  });

  test('an ordinary environment is passed over in silence', () => {
    const names =
      'PATH HOME HOSTNAME HOSTTYPE HOSTS USER SHELL SHLVL PWD OLDPWD LANG LC_ALL TERM TZ TMPDIR EDITOR MAIL LOGNAME CI ' +
      'LOG_FILE LOG_DIR POST PROXY_PORT HTTP_PORT HTTPS_PROXY NO_PROXY http_proxy NODE NODE_OPTIONS NODE_PATH NODE_VERSION ' +
      'NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE INIT_CWD COLOR npm_config_cache npm_package_name npm_lifecycle_event FAULTS ' +
      'npm_config_loglevel GITHUB_TOKEN GITHUB_ACTIONS CI_JOB_TOKEN AWS_SECRET_ACCESS_KEY AWS_REGION AZURE_CLIENT_ID ' +
      'AZURE_CLIENT_SECRET GOOGLE_CLIENT_SECRET ARM_TENANT_ID PGHOST PGPORT DATABASE_HOST REDIS_HOST REDIS_PASSWORD ' +
      'REDIS_PORT XDG_CACHE_HOME PIP_NO_CACHE_DIR SSH_CLIENT SSL_CERT_FILE JAVA_HOME DOCKER_HOST DISPLAY STATUS UID';
    expect(readConfig(Object.fromEntries(names.split(' ').map((name) => [name, 'x']))).warnings).toEqual([]);
  });

  test('what Kubernetes tells of services called users-gateway, redis, cache and upstream is passed over', () => {
    const link = (name: string): Env => ({
      [`${name}_SERVICE_HOST`]: '10.0.0.1',
      [`${name}_SERVICE_PORT`]: '4000',
      [`${name}_SERVICE_PORT_HTTP`]: '4000',
      [`${name}_PORT`]: 'tcp://10.0.0.1:4000',
      [`${name}_PORT_4000_TCP`]: 'tcp://10.0.0.1:4000',
      [`${name}_PORT_4000_TCP_PROTO`]: 'tcp',
      [`${name}_PORT_4000_TCP_PORT`]: '4000',
      [`${name}_PORT_4000_TCP_ADDR`]: '10.0.0.1',
    });
    const env = {
      ...link('USERS_GATEWAY'),
      ...link('REDIS'),
      ...link('CACHE'),
      ...link('UPSTREAM'),
      ...link('KUBERNETES'),
    };
    expect(readConfig(env).warnings).toEqual([]);
  });
});

describe('what people read', () => {
  test('.env.example is the table’s text', () => {
    expect(readFileSync(new URL('../.env.example', import.meta.url), 'utf8')).toBe(envExample());
  });

  test('.env.example with its defaults uncommented is what the gateway does without it', () => {
    const uncommented = envExample().replaceAll(/^# ([A-Z_]+=)/gm, '$1');
    // Naming even the vendor's URL means a live upstream.
    const { UPSTREAM_URL, ...env } = parseEnv(uncommented);
    expect(UPSTREAM_URL).toBe('https://services.leadconnectorhq.com');
    expect(Object.keys(env)).toEqual(expect.arrayContaining(['HOST', 'UPSTREAM_CLIENT_SECRET_FILE', 'LOG_LEVEL']));
    expect(readConfig(env)).toEqual(readConfig({}));
  });

  test('the table for the README has a row for each setting, its cells unbroken', () => {
    const lines = settingsTable().split('\n');
    expect(lines).toHaveLength(settings.length + 2);
    expect(lines.filter((line) => line.split('|').length !== 6)).toEqual([]);
    expect(lines).toContain(
      '| `PORT` | `4000` | whole number, 0 to 65535 | Port of the gateway; 0 takes a free one. |',
    );
    expect(settingsTable()).toContain('| `REDIS_URL`, `REDIS_URL_FILE` |');
  });
});
