import { parse } from 'graphql';
import { expect, test } from '@jest/globals';
import { createDocumentStore } from '../../src/operation/documents.ts';

const padded = (index: number, characters: number) =>
  parse(`# ${'x'.repeat(characters)}\n{ viewer { field${index}: kind } }`);

test('a document that was validated is found again, and one that is too large is not kept', async () => {
  const store = createDocumentStore(8_750_000);
  await store.set('small', padded(0, 100));
  await store.set('large', padded(1, 10_000));
  expect(await store.get('small')).toBeDefined();
  expect(await store.get('large')).toBeUndefined();
});

test('padded documents push each other out before they fill more than the bound', async () => {
  const store = createDocumentStore(8_750_000);
  for (let index = 0; index < 1_000; index += 1) await store.set(String(index), padded(index, 2_000));
  const kept = await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.get(String(index))));
  const characters = kept.reduce((sum, document) => sum + (document?.loc?.source.body.length ?? 0), 0);
  expect(characters * 350).toBeLessThanOrEqual(8_750_000);
  expect(await store.get('999')).toBeDefined();
  expect(await store.get('0')).toBeUndefined();
});
