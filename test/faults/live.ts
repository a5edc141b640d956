// Whole gateways as processes, over a sandbox that they take for the live upstream.
import { expect } from '@jest/globals';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/server.ts';
import { run } from '../support/process.ts';

/** Where a gateway keeps its grants, as settings. */
export type StoreSettings = { readonly DATABASE_URL: string } | { readonly DATA_DIR: string };

/** Which gateway. */
export interface LiveOptions {
  readonly sandbox: Sandbox;
  readonly refreshToken: string;
  readonly store: StoreSettings;
  readonly env?: Readonly<Record<string, string>>;
  /** How it is started; absent: by Node itself, so that signals are for it alone. */
  readonly command?: readonly [string, ...string[]];
}

/** One key for all, in the form of TOKEN_KEYS. */
const tokenKey = `test:${Buffer.alloc(32, 7).toString('base64')}`;

/** Asks for no pause between two questions. */
const manyCalls = 1_000_000;

/** A sandbox that never says "too many". */
export const startAmpleSandbox = (options: SandboxOptions = {}): Promise<Sandbox> =>
  startSandbox({ burst: { limit: manyCalls, windowMs: 10_000 }, dailyLimit: manyCalls, ...options });

/** The first refresh token of the one location that is asked about. */
export const firstToken = (sandbox: Sandbox): string =>
  sandbox.issueRefreshToken({ locationId: sandbox.locations.full });

/** A process, which may refuse to start. */
export const launch = ({ sandbox, refreshToken, store, env = {}, command = ['node', 'src/start.js'] }: LiveOptions) => {
  const [program, ...words] = command;
  return run(program, words, {
    AUTH: 'none',
    UPSTREAM_URL: sandbox.url,
    UPSTREAM_GRANT: 'refresh-token',
    UPSTREAM_CLIENT_ID: sandbox.client.id,
    UPSTREAM_CLIENT_SECRET: sandbox.client.secret,
    UPSTREAM_REFRESH_TOKEN: refreshToken,
    UPSTREAM_BURST: String(manyCalls),
    UPSTREAM_DAILY: String(manyCalls),
    TOKEN_KEYS: tokenKey,
    CACHE: 'off',
    PORT: '0',
    DRAIN_DELAY_MS: '0',
    ...store,
    ...env,
  });
};

/** What came of one question. */
export interface Told {
  /** 'data' or the error's code. */
  readonly outcome: string;
  readonly tookMs: number;
}

let questions = 0;

/** A process that listens. Leaving the scope kills it, and searches what it said for secrets. */
export const startLive = async (options: LiveOptions) => {
  const gateway = launch(options);
  const [, url = ''] = await gateway.seen(/"url":"(http:[^"]+)","mode":"live"/);
  const { sandbox } = options;
  /** A question that nobody has asked before: it needs upstream, and so a token. */
  const ask = async (signal?: AbortSignal): Promise<Told> => {
    const startedAt = performance.now();
    const query = `{ location(id: "${sandbox.locations.full}") { tags(first: 1, search: "q${(questions += 1)}") { nodes { name } } } }`;
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      ...(signal && { signal }),
    });
    const { data, errors = [] } = (await response.json()) as {
      data?: { location: { tags: unknown } | null };
      errors?: { extensions: { code: string } }[];
    };
    const outcome = errors[0]?.extensions.code ?? (data?.location?.tags ? 'data' : 'nothing');
    return { outcome, tookMs: performance.now() - startedAt };
  };
  return {
    ...gateway,
    url,
    ask,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      for (const secret of [sandbox.client.secret, ...sandbox.issuedSecrets()])
        expect(gateway.output()).not.toContain(secret);
    },
  };
};

/** A gateway that a test started. */
export type Live = Awaited<ReturnType<typeof startLive>>;

/** Real time. */
export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves when `check` holds; fails after that long. Gives the milliseconds it took. */
export const until = async (check: () => boolean | Promise<boolean>, withinMs: number): Promise<number> => {
  const startedAt = performance.now();
  while (!(await check())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`not within ${withinMs} ms: ${String(check)}`);
    await pause(50);
  }
  return performance.now() - startedAt;
};

/** Token calls so far, each as what it asked for. */
export const tokenCalls = (sandbox: Sandbox): string[] =>
  sandbox
    .calls()
    .filter(({ route }) => route === 'token' || route === 'reconnect')
    .map(({ route, requestBody }) =>
      route === 'token' ? String((requestBody as { grant_type?: unknown }).grant_type) : route,
    );

/** That many milliseconds or less for so great a share, 0 to 1. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ?? NaN;
