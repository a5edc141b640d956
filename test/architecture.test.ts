import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

// The one total order of the house: a file imports only its own room or rooms to the right of it (CONTRIBUTING.md).
const order = [
  'http',
  'auth',
  'operation',
  'resolvers',
  'loaders',
  'reads',
  'cache',
  'tokens',
  'limiter',
  'upstream',
  'stores',
  'observe',
  'model',
];

// npm packages have one home each.
const homes: Record<string, readonly string[]> = {
  fastify: ['http', 'sandbox'],
  '@fastify/cors': ['http'],
  '@fastify/helmet': ['http'],
  '@fastify/under-pressure': ['http'],
  '@apollo/server': ['operation', 'http'], // http: only HeaderMap, the shape in which Apollo takes headers
  '@graphql-tools/schema': ['operation'],
  graphql: ['operation', 'resolvers'],
  dataloader: ['loaders'],
  keyv: ['cache'],
  jose: ['auth'],
  'lru-cache': ['auth', 'cache', 'limiter', 'operation'],
  'prom-client': ['observe'],
  'openid-client': ['tokens'],
  kysely: ['stores', 'tokens'],
  pg: ['stores'],
  undici: ['upstream', 'tokens', 'auth', '.'], // auth: the issuers' keys
  '@redis/client': ['stores'],
  cockatiel: ['stores', 'upstream'],
  pino: ['observe'],
  zod: ['.', 'upstream', 'sandbox'],
  'close-with-grace': ['.'],
  '@clack/prompts': ['cli'],
};

interface Source {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly { readonly from: string; readonly isType: boolean }[];
}

const importPattern =
  /^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

const sources: readonly Source[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('generated/'))
  .map((path) => {
    const text = readFileSync(`src/${path}`, 'utf8');
    const imports = [...text.matchAll(importPattern)].map(([, type, from, bare, dynamic]) => ({
      from: from ?? bare ?? dynamic ?? '',
      isType: type !== undefined,
    }));
    return { path, room: path.includes('/') ? (path.split('/')[0] ?? '') : '.', text, imports };
  });

const roomOf = ({ path }: Source, from: string): string => {
  const parts = new URL(from, `file:///${path}`).pathname.slice(1).split('/');
  return parts.length > 1 ? (parts[0] ?? '') : '.';
};

const roomImports = sources.flatMap((source) =>
  source.imports
    .filter(({ from }) => from.startsWith('.'))
    .map((one) => ({ ...source, ...one, to: roomOf(source, one.from) })),
);

describe('the house', () => {
  test('is read at all', () => {
    expect(sources.length).toBeGreaterThan(60);
    expect(roomImports.length).toBeGreaterThan(150);
  });

  test('a file imports only its own room or rooms below it', () => {
    const upward = roomImports.filter(
      ({ room, to }) =>
        order.includes(room) && to !== room && to !== 'generated' && order.indexOf(to) < order.indexOf(room),
    );
    expect(upward.map(({ path, from }) => `${path} -> ${from}`)).toEqual([]);
  });

  test('generated code gives types only, and to resolvers only', () => {
    const wrong = roomImports.filter(({ to, room, isType }) => to === 'generated' && (room !== 'resolvers' || !isType));
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test('the sandbox is a house of its own', () => {
    const outward = roomImports.filter(({ room, to }) => room === 'sandbox' && to !== 'sandbox');
    expect(outward.map(({ path, from }) => `${path} -> ${from}`)).toEqual([]);
    const inward = roomImports.filter(({ room, to }) => to === 'sandbox' && room !== 'sandbox');
    expect(new Set(inward.map(({ path }) => path))).toEqual(new Set(['banner.ts', 'compose.ts', 'main.ts']));
  });

  test('an npm package is used in its home only', () => {
    const strangers = sources.flatMap(({ path, room, imports }) =>
      imports
        .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
        .map(({ from }) => (from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? '')))
        .filter((name) => !(homes[name] ?? []).includes(room))
        .map((name) => `${path} -> ${name}`),
    );
    expect(strangers).toEqual([]);
  });

  test('only config.ts and main.ts read the environment', () => {
    const readers = sources.filter(({ text }) => /process\.env\b/.test(text)).map(({ path }) => path);
    expect(readers).toEqual(['main.ts']);
  });

  test('files are at most 250 lines, and none is called utils', () => {
    expect(sources.filter(({ text }) => text.split('\n').length > 251).map(({ path }) => path)).toEqual([]);
    expect(sources.filter(({ path }) => /util|helper|common/i.test(path)).map(({ path }) => path)).toEqual([]);
  });
});
