import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  type GraphQLSchema,
  type IntrospectionQuery,
} from 'graphql';
import { apolloSandboxRoutes } from '../../src/http/apollo-sandbox.ts';
import { homeRoutes } from '../../src/http/home.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLog } from '../../src/observe/log.ts';
import { readCatalogue } from '../../src/operation/catalogue.ts';
import { createSchema } from '../../src/operation/schema.ts';
import { httpDefaults } from '../support/http-defaults.ts';
import { startTestGateway, type Answer, type TestGateway } from '../support/gateway.ts';
import { unescaped } from '../support/html.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const read = async (path: string, base = gateway.url) => {
  const response = await fetch(base + path);
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const policyOf = (headers: Headers): Record<string, string[]> =>
  Object.fromEntries(
    (headers.get('content-security-policy') ?? '').split(';').map((directive) => {
      const [name = '', ...values] = directive.trim().split(/\s+/);
      return [name, values];
    }),
  );

/** The pages alone, over whatever they are given. */
const startPages = async (home: Parameters<typeof homeRoutes>[0], document: string) => {
  const log = createLog({ level: 'silent', secrets: [] });
  const app = await createHttpServer({ ...httpDefaults, log });
  homeRoutes(home)(app);
  apolloSandboxRoutes({ document, variables: { location: document } })(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => app.close() };
};

const tagsOf = ({ data }: Answer): readonly unknown[] =>
  (data as { location: { tags: { nodes: readonly unknown[] } } }).location.tags.nodes;

const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

describe('the start page', () => {
  test('shows the mode, every address and a command that answers when pasted', async () => {
    const { status, headers, text } = await read('/');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('sandbox mode: all data is invented');
    for (const path of ['/sandbox', '/schema.graphql', '/readyz'])
      expect(text).toContain(`href="${gateway.url}${path}"`);
    expect(text).toContain(`href="${gateway.sandbox.controlUrl}"`);
    expect(text).toContain(`<code>${gateway.url}/graphql</code>`);
    const shown = unescaped(/<pre>(curl .*?)<\/pre>/.exec(text)?.[1] ?? '');
    expect(shown).toBe(gateway.gateway.curl);
    const [, body = ''] = /-d '(.*)'$/.exec(shown) ?? [];
    const { query } = JSON.parse(body) as { query: string };
    const answer = await gateway.ask(query);
    expect(answer.errors).toEqual([]);
    expect(tagsOf(answer)).toHaveLength(3);
  });

  test('every address that it links to answers a browser', async () => {
    const { text } = await read('/');
    const links = [...text.matchAll(/<a href="([^"]+)"/g)].map(([, address = '']) => address);
    expect(links.length).toBeGreaterThanOrEqual(4);
    for (const address of links) expect([address, (await fetch(address)).status]).toEqual([address, 200]);
  });

  test('lists every operation of the catalogue with when, key fields, scopes, cost and its text', async () => {
    const { text } = await read('/');
    const page = unescaped(text);
    const catalogue = readCatalogue(createSchema(), { rollUpLocations: 0, listingCalls: 0 });
    expect(catalogue.length).toBeGreaterThanOrEqual(10);
    for (const { name, trigger, action, keyFields, scopes, worst, text: document } of catalogue) {
      const [, entry = ''] = page.split(`<details id="${name}">`);
      const [own = ''] = entry.split('</details>');
      for (const part of [trigger, action, keyFields, ...scopes, document.trim()]) expect(own).toContain(part);
      expect(own).toContain(worst.total === 0 ? 'no call' : `≤ ${worst.total} call`);
    }
  });

  test('has no script, needs no other host, and its policy allows neither', async () => {
    const { headers, text } = await read('/');
    expect(text).not.toMatch(/<script|javascript:| on\w+=| style=/i);
    expect(text).not.toMatch(/(?:src|@import|url\()/);
    const hosts = [...text.matchAll(/https?:\/\/([^/"<\s]+)/g)].map(([, host = '']) => host);
    expect(hosts.every((host) => host.startsWith('127.0.0.1:'))).toBe(true);
    const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] ?? '';
    expect(policyOf(headers)).toEqual({
      'default-src': ["'none'"],
      'style-src': [`'sha256-${createHash('sha256').update(style).digest('base64')}'`],
      'img-src': ['data:'],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    });
    expect(Object.fromEntries(headers)).toMatchObject(securityHeaders);
  });

  test('text from elsewhere cannot become markup, and live mode without a command shows none', async () => {
    const evil = `</pre><script>x</script>"'&`;
    const worst = { total: 1, perLocation: 1, values: 1, locationIds: [] };
    const entry = {
      file: evil,
      name: evil,
      trigger: evil,
      action: evil,
      keyFields: evil,
      scopes: [evil],
      worst,
      text: evil,
    };
    const links = [[evil, `http://127.0.0.1/${evil}`]] as const;
    const given = { mode: 'live', links, schema: { catalogue: [entry], text: evil } } as const;
    await using hostile = await startPages(() => ({ ...given, curl: evil }), evil);
    const { text } = await read('/', hostile.url);
    expect(text).not.toContain('<script');
    expect(unescaped(text).split('<script>').length - 1).toBe(11);
    expect(text).toContain('live</span>');
    await using quiet = await startPages(() => ({ ...given, curl: null }), '');
    expect((await read('/', quiet.url)).text).not.toContain('Try it');
  });

  test('the icon that browsers ask for is an empty answer, not an error in their console', async () => {
    expect(await read('/favicon.ico')).toMatchObject({ status: 204, text: '' });
  });
});

describe('Apollo Sandbox', () => {
  test('runs and styles only what carries a nonce of this answer, and its policy names only hosts of Apollo', async () => {
    const { status, headers, text } = await read('/sandbox');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.fromEntries(headers)).toMatchObject(securityHeaders);
    const policy = policyOf(headers);
    const nonceOf = (tag: string) => new RegExp(`<${tag} nonce="([^"]+)">`).exec(text)?.[1] ?? '';
    expect(policy['script-src']).toEqual([
      'https://embeddable-sandbox.cdn.apollographql.com',
      `'nonce-${nonceOf('script')}'`,
    ]);
    expect(policy['style-src']).toEqual([`'nonce-${nonceOf('style')}'`]);
    expect(policy['default-src']).toEqual(["'none'"]);
    expect(policy['connect-src']).toEqual(["'self'"]);
    expect(policy['frame-ancestors']).toEqual(["'none'"]);
    const hosts = Object.values(policy)
      .flat()
      .filter((source) => source.includes('//'));
    for (const host of hosts) expect(host).toMatch(/^https:\/\/[a-z.-]+\.apollographql\.com$/);
    expect(text.match(/<(script|style)\b[^>]*>/g)).toHaveLength(2);
    expect(text).not.toMatch(/ (?:on\w+|style)="/);
    expect((await read('/sandbox')).headers.get('content-security-policy')).not.toBe(
      headers.get('content-security-policy'),
    );
  });

  test('opens with an operation that answers, without telemetry and without cookies', async () => {
    const { text } = await read('/sandbox');
    const script = /<script[^>]*>(.*)<\/script>/s.exec(text)?.[1] ?? '';
    expect(() => new Script(script)).not.toThrow();
    const [, json = ''] =
      /EmbeddedSandbox\(\{ \.\.\.(\{.*\}), initialEndpoint: location\.origin \+ '\/graphql' \}\)/.exec(script) ?? [];
    const options = JSON.parse(json) as { initialState: { document: string; variables: Record<string, unknown> } };
    expect(options).toMatchObject({
      runTelemetry: false,
      endpointIsEditable: false,
      initialState: { includeCookies: false, pollForSchemaUpdates: false },
    });
    const answer = await gateway.ask(options.initialState.document, options.initialState.variables);
    expect(answer.errors).toEqual([]);
    expect(tagsOf(answer)).toHaveLength(20);
  });

  test('says what to do before Apollo has answered, and an operation cannot end the script', async () => {
    const empty = () => ({ mode: 'live', links: [], curl: null, schema: { catalogue: [], text: '' } }) as const;
    await using pages = await startPages(empty, 'query { a } </script><script>x</script>');
    const { text } = await read('/sandbox', pages.url);
    expect(text.match(/<\/?script/g)).toHaveLength(2);
    const [markup = ''] = text.split('<script');
    expect(markup).toContain('<a href="/">the start page</a>');
    expect(markup).toContain('<noscript>');
  });

  test('is absent in production, where the other pages stay', async () => {
    await using production = await startTestGateway({ config: { isProduction: true } });
    const absent = await read('/sandbox', production.url);
    expect(absent.status).toBe(404);
    expect(absent.headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(absent.text)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    const { status, text } = await read('/', production.url);
    expect(status).toBe(200);
    expect(text).not.toContain('/sandbox"');
  });
});

describe('addresses', () => {
  test('the schema that is served is the schema that is executed', async () => {
    const { headers, text } = await read('/schema.graphql');
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const answer = await gateway.ask(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
    // Without what describes the scalars, which the schema takes from their code.
    const printed = (schema: GraphQLSchema) =>
      printSchema(lexicographicSortSchema(schema)).replace(
        /^"""(?:(?!""")[\s\S])*"""\nscalar (\w+).*$|^scalar (\w+).*$/gm,
        'scalar $1$2',
      );
    expect(printed(buildSchema(text))).toBe(printed(buildClientSchema(answer.data as IntrospectionQuery)));
  });

  test('a path that leads nowhere is answered as JSON that says where GraphQL and the links are', async () => {
    const { status, headers, text } = await read('/nowhere');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    const { errors } = JSON.parse(text) as { errors: { message: string; extensions: { code: string } }[] };
    expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(errors[0]?.message).toMatch(/POST \/graphql.*GET \//);
  });
});
