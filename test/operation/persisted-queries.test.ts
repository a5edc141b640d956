import { expect, test } from '@jest/globals';
import { createPersistedQueryCache } from '../../src/operation/persisted-queries.ts';
import { run } from '../support/process.ts';

const mebibyte = 1_024 * 1_024;
const keyOf = (index: number) => `apq:${String(index).padStart(64, '0')}`;
const textOf = (index: number) => `{ viewer { field${index}: kind } } # ${'x'.repeat(1_000)}`;

test('a registered document is found again, and is gone once deleted', async () => {
  const cache = createPersistedQueryCache(mebibyte);
  await cache.set('apq:1', '{ viewer { kind } }');
  expect(await cache.get('apq:1')).toBe('{ viewer { kind } }');
  expect(await cache.delete('apq:1')).toBe(true);
  expect(await cache.get('apq:1')).toBeUndefined();
});

test('10,000 registrations stay within the bound, and what was asked for last stays', async () => {
  const cache = createPersistedQueryCache(mebibyte);
  for (let index = 0; index < 10_000; index += 1) {
    await cache.set(keyOf(index), textOf(index));
    await cache.get(keyOf(0));
  }
  const kept = await Promise.all(Array.from({ length: 10_000 }, (_, index) => cache.get(keyOf(index))));
  const characters = kept.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  expect(2 * characters).toBeLessThanOrEqual(mebibyte);
  expect(2 * characters).toBeGreaterThan(mebibyte / 2);
  expect(kept[9_999]).toBe(textOf(9_999));
  expect(kept[0]).toBe(textOf(0));
  expect(kept[1]).toBeUndefined();
});

test('small documents do not hide their overhead: 10,000 of 20 characters are not all kept in 1 MB', async () => {
  const cache = createPersistedQueryCache(mebibyte);
  for (let index = 0; index < 10_000; index += 1) await cache.set(keyOf(index), `{ viewer { k${index} } }`);
  const kept = await Promise.all(Array.from({ length: 10_000 }, (_, index) => cache.get(keyOf(index))));
  expect(kept.filter((text) => text !== undefined).length).toBeLessThan(3_000);
});

test('one document that would fill more than a tenth is not kept, and drives nothing out', async () => {
  const cache = createPersistedQueryCache(mebibyte);
  await cache.set('apq:small', 'x'.repeat(1_000));
  await cache.set('apq:large', 'x'.repeat(60_000));
  expect(await cache.get('apq:large')).toBeUndefined();
  expect(await cache.get('apq:small')).toBeDefined();
});

/** In a process of its own, so that nobody else's memory is in the figure: the growth of the heap in bytes. */
const heapOfDocumentsInLongAddresses = `
  import { createPersistedQueryCache } from './src/operation/persisted-queries.ts';
  const cache = createPersistedQueryCache(${8 * mebibyte});
  const register = async (from, count) => {
    for (let index = from; index < from + count; index += 1) {
      const query = 'query={viewer{kind' + index + ':kind}}&pad=' + 'A'.repeat(8_000) + index;
      const address = Buffer.from(query).toString('latin1');
      await cache.set('apq:' + index, new URLSearchParams(address).get('query'));
    }
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = await register(0, 100);
  console.log('grown by', (await register(100, 1_000)) - before);
`;

test('a document that came in a long address does not keep the address alive', async () => {
  await using running = run('node', ['--expose-gc', '--input-type=module', '--eval', heapOfDocumentsInLongAddresses]);
  const [, bytes] = await running.seen(/grown by (-?\d+)/);
  expect(Number(bytes)).toBeLessThan(3 * mebibyte);
});
